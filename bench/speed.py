"""How fast and how frugal the whole `houselights score` command is: 1280x720, 30 fps, 24 faces, one sample a second.

The clip is H.264 with 24 seats (`sample_data.clip`). Each run is a process of its own on two cores, start-up included;
its peak memory is the kernel's (`ru_maxrss`). The speed is the median of three runs on two minutes. For the memory the
same two minutes are played 30 times over, in one file of an hour, and sampled every four seconds in both files.

YuNet's weights come from the evaluation data.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import av

from bench.figures import Figure
from sample_data.clip import make_clip
from training.corpus import data_folder

NEEDS = ("data",)

SECONDS = 120
TIMES_OVER = 30
FPS = 30
RUNS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One run of the command, start-up included: seconds it took, and peak memory in MB."""

    seconds: float
    peak_mb: float


def run() -> list[Figure]:
    """Runs the command; makes its clips first."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip, hour = folder / "two-minutes.mp4", folder / "an-hour.mp4"
        make_clip(clip, created_at=datetime(2026, 1, 1, tzinfo=UTC), seconds=SECONDS, fps=FPS)
        repeat(clip, hour)
        default_runs = [score(clip, folder, run=f"d{run}") for run in range(RUNS)]
        yunet = ["--detector", "yunet", "--yunet-model", str(data_folder() / "models" / "yunet_n_320_320.onnx")]
        centerface_runs = [score(clip, folder, "--detector", "centerface", run=f"c{run}") for run in range(RUNS)]
        yunet_runs = [score(clip, folder, *yunet, run=f"y{run}") for run in range(RUNS)]
        short = score(clip, folder, "--every", "4", run="short")
        long = score(hour, folder, "--every", "4", run="long")
    return [
        Figure(
            name="real-time factor, default detector",
            value=statistics.median(SECONDS / ran.seconds for ran in default_runs),
            unit="x",
            reach=8,
        ),
        Figure(
            name="real-time factor, CenterFace",
            value=statistics.median(SECONDS / ran.seconds for ran in centerface_runs),
            unit="x",
            reach=3.5,
        ),
        Figure(
            name="real-time factor, YuNet",
            value=statistics.median(SECONDS / ran.seconds for ran in yunet_runs),
            unit="x",
            reach=8,
        ),
        Figure(name="peak memory, 2 minutes", value=short.peak_mb, unit="MB", reach=500, direction="at most"),
        Figure(name="peak memory, 60 minutes", value=long.peak_mb, unit="MB", reach=500, direction="at most"),
        Figure(
            name="peak memory, 60 minutes against 2",
            value=long.peak_mb / short.peak_mb,
            reach=1.1,
            direction="at most",
        ),
    ]


def repeat(clip: Path, target: Path, *, seconds: int = SECONDS, times: int = TIMES_OVER) -> None:
    """Plays a clip of so many seconds over and over into one file, without encoding it again."""
    with av.open(str(target), "w") as output:
        shift = 0
        stream = None
        for _ in range(times):
            with av.open(str(clip)) as source:
                picture = source.streams.video[0]
                stream = stream or output.add_stream_from_template(picture)
                assert picture.time_base is not None
                for packet in source.demux(picture):
                    if packet.dts is None or packet.pts is None:
                        continue
                    packet.pts += shift
                    packet.dts += shift
                    packet.stream = stream
                    output.mux(packet)
                shift += round(seconds / picture.time_base)


def score(video: Path, folder: Path, *words: str, run: str) -> Ran:
    """Runs the command on a recording; `run` names its session."""
    command: Sequence[str] = [sys.executable, "-m", "houselights", "score", str(video), "--session", run]
    command = [*command, "--store", f"sqlite:///{folder / 'bench.db'}", *words]
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=_on_two_cores)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    if status:
        raise RuntimeError(f"{' '.join(command)} ended with status {status}")
    return Ran(seconds=seconds, peak_mb=usage.ru_maxrss / 1024)


def _on_two_cores() -> None:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
