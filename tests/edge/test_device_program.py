"""`python -m edge_lambda` as a process: configured by its environment, stopped, and killed at any moment."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from audience.deliveries.reading import read_delivery
from audience.deliveries.sheet import Sheet
from audience.deliveries.window_file import WindowFile
from audience.faces import FACING
from audience.monitoring.status import read_status
from edge_lambda.preview.page import PreviewPage
from edge_lambda.scorers import load_scorer
from tests.architecture.sources import ROOT
from tests.certificates import Authority
from tests.edge.s3_with_faults import HANG_UP, HANG_UP_AFTERWARDS, s3_with_faults
from tests.edge.test_iot_credentials import Clock, a_provider
from tests.mosquitto import Listener, a_broker
from tests.own_model import own_model
from tests.portraits import people_video, portrait
from tests.ticking import exit_code, limit_s, until


class Program:
    """A device's program in a child process, whose output is read as it comes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))

    def until(self, condition: Callable[[], bool]) -> None:
        """Waits until something holds after one of its lines."""
        until(lambda: condition() or not self._reader.is_alive(), moving=lambda: len(self.lines), every_s=0.01)
        assert condition(), self.lines

    def said(self, text: str) -> bool:
        return any(text in line for line in self.lines)

    def end(self, number: int) -> int:
        """Sends a signal and waits for the end; gives the exit code."""
        self.process.send_signal(number)
        code = exit_code(self.process)
        self._reader.join()
        return code

    def ended(self) -> int:
        code = exit_code(self.process)
        self._reader.join()
        return code


@contextmanager
def device(folder: Path, **settings: str) -> Iterator[Program]:
    """A device's program with an outbox and a bucket in a folder, unless its settings say otherwise."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("HOUSELIGHTS_", "AWS_"))}
    usual = {"SESSION": "talk-1", "BUCKET": f"dir:{folder / 'bucket'}", "OUTBOX": str(folder / "outbox"), **settings}
    named = {name if name.startswith("AWS_") else f"HOUSELIGHTS_{name}": value for name, value in usual.items()}
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "edge_lambda"],
        cwd=ROOT,
        env={**clean, **named},
        stderr=subprocess.PIPE,
        text=True,
    )
    program = Program(process)
    try:
        yield program
    finally:
        program.end(signal.SIGKILL)
        assert process.stderr is not None
        process.stderr.close()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A recording of two people that is longer than any test lets it play."""
    return f"file:{people_video(tmp_path_factory.mktemp('clip') / 'people.mp4', [2] * 90)}"


def delivered(folder: Path) -> list[Sheet | WindowFile]:
    root = folder / "bucket"
    return [
        read_delivery(file.relative_to(root).as_posix(), file.read_bytes())
        for file in sorted(root.rglob("*.*"))
        if file.is_file()
    ]


def test_a_recording_is_played_and_its_faces_are_delivered(tmp_path):
    video = people_video(tmp_path / "people.mp4", [2] * 8)
    with device(tmp_path, SOURCE=f"file:{video}") as program:
        assert program.ended() == 0
    states = [found[1] for line in program.lines if (found := re.search(r"state=(\w+)", line))]
    assert [states[0], states[1], states[-1]] == ["starting", "ready", "finished"]
    assert "running" in states
    sheets = delivered(tmp_path)
    assert {len(sheet.manifest.tiles) / len(sheet.manifest.windows) for sheet in sheets} == {2}
    # It is played at its own pace: a machine that stands still misses some of it.
    assert 3 <= sum(len(sheet.manifest.windows) for sheet in sheets) <= 8
    assert not list((tmp_path / "outbox").glob("*.delivery"))


@pytest.mark.parametrize(
    "settings", [{"SCORING": "device"}, {"HEADS_ONLY": "yes"}, {"SETTING": "workplace", "SCORING": "cloud"}]
)
def test_where_no_face_may_leave_the_device_none_does(tmp_path, settings):
    video = people_video(tmp_path / "people.mp4", [2, 2, 2])
    with device(tmp_path, SOURCE=f"file:{video}", **settings) as program:
        assert program.ended() == 0
    files = delivered(tmp_path)
    assert all(isinstance(file, WindowFile) for file in files)
    assert {window.faces for file in files for window in file.windows} == {2}
    scored = {bool(window.tallies.keys() - {FACING}) for file in files for window in file.windows}
    assert scored == {settings == {"SCORING": "device"}}
    kept = [file for place in ("bucket", "outbox") for file in (tmp_path / place).rglob("*") if file.is_file()]
    assert not any(b"\xff\xd8\xff" in file.read_bytes() for file in kept)


def test_a_model_of_ones_own_is_named_in_every_record(tmp_path):
    video = people_video(tmp_path / "people.mp4", [2, 2, 2])
    model = own_model(tmp_path / "own.onnx")
    with device(tmp_path, SOURCE=f"file:{video}", SCORING="device", MODEL=str(model)) as program:
        assert program.ended() == 0
    name = load_scorer("expressionnet", model=model).name
    files = delivered(tmp_path)
    assert {window.scorer for file in files for window in file.windows} == {name}


def test_a_wrong_model_is_reported_by_its_name(tmp_path, clip):
    model = tmp_path / "wrong.onnx"
    model.write_bytes(b"no model")
    with device(tmp_path, SOURCE=clip, SCORING="device", MODEL=str(model)) as program:
        program.until(lambda: program.said("wrong.onnx"))
        program.end(signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_on_a_stop_it_sends_the_open_delivery_and_reports_stopped(tmp_path, clip, number):
    with device(tmp_path, SOURCE=clip, SHEET_INTERVAL_S="600") as program:
        program.until(lambda: program.said("state=running"))
        assert program.end(number) == 0
    assert "state=stopped" in program.lines[-1]
    (sheet,) = delivered(tmp_path)
    assert sheet.manifest.windows, "though the interval of ten minutes was not over"


def test_wrong_settings_are_a_line_each(tmp_path):
    with device(tmp_path, SOURCE="", DETECTOR="eagle", SESSION="a b") as program:
        assert program.ended() == 2
    assert len(program.lines) == 3
    assert all(line.startswith("houselights: HOUSELIGHTS_") for line in program.lines)


@pytest.mark.parametrize("missing", ["av", "cv2"])
@pytest.mark.parametrize("words", [[], ["--help"]])
def test_without_its_libraries_it_says_in_one_line_what_to_install(missing, words):
    hidden = f"import runpy, sys; sys.modules[{missing!r}] = None; runpy.run_module('edge_lambda', run_name='__main__')"
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", hidden, *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert (ended.stdout, ended.stderr) == (
        "",
        f"houselights: {missing} is missing: install houselights[edge,device]\n",
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"SOURCE": "pigeon:1"}, "HOUSELIGHTS_SOURCE: 'pigeon:1' is not a camera"),
        ({"SOURCE": "file:/nowhere.mp4"}, "/nowhere.mp4 does not exist"),
        ({"SOURCE": "webcam:9", "STATUS": "pigeon"}, "HOUSELIGHTS_STATUS: "),
        ({"SOURCE": "webcam:9", "OUTBOX": "/dev/null/x"}, "outbox /dev/null/x cannot be used"),
    ],
)
def test_a_setting_that_turns_out_wrong_is_one_line(tmp_path, settings, said):
    with device(tmp_path, **settings) as program:
        assert program.ended() == 2
    assert program.lines[-1].startswith("houselights: ")
    assert said in program.lines[-1]
    assert not program.said("Traceback")


def test_a_camera_that_is_not_there_is_reported_and_waited_for_without_its_password(tmp_path):
    with device(tmp_path, SOURCE="rtsp://user:hunter2@127.0.0.1:9/x") as program:
        program.until(lambda: program.said("state=waiting"))
        assert program.said("Retrying in 1 s.")
        assert program.end(signal.SIGTERM) == 0
    assert not program.said("hunter2")


def stopped_within_s(program: Program) -> float:
    began = time.monotonic()
    assert program.end(signal.SIGTERM) == 0
    assert "state=stopped" in program.lines[-1]
    return time.monotonic() - began


SOON_S = 8.0
"""About one second; OpenCV's own limits are ten."""


def test_a_camera_that_accepts_and_says_nothing_does_not_delay_a_stop(tmp_path):
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        device(tmp_path, SOURCE=f"http://127.0.0.1:{silent.getsockname()[1]}/stream.mjpg") as program,
    ):
        silent.settimeout(limit_s())
        asking, _ = silent.accept()
        with asking:
            assert asking.recv(4) == b"GET "
            assert stopped_within_s(program) < limit_s(SOON_S)


def test_a_camera_that_falls_silent_does_not_delay_a_stop_and_its_open_window_is_sent(tmp_path):
    silent = threading.Event()
    with PreviewPage() as page:

        def film() -> None:
            while not silent.wait(0.05):
                page.show(portrait(160))

        filming = threading.Thread(target=film)
        filming.start()
        try:
            with device(tmp_path, SOURCE=f"{page.url}stream.mjpg") as program:
                program.until(lambda: program.said("state=running"))
                silent.set()
                filming.join()
                time.sleep(0.5)  # until what was on its way has been looked at
                assert stopped_within_s(program) < limit_s(SOON_S)
        finally:
            silent.set()
            filming.join()
    assert delivered(tmp_path)


def test_the_preview_shows_the_marked_picture(tmp_path, clip):
    with device(tmp_path, SOURCE=clip, PREVIEW_PORT="0", PREVIEW_BLUR="yes") as program:
        program.until(lambda: program.said("state=running"))
        address = next(line.split()[-1] for line in program.lines if line.startswith("preview at "))
        with urllib.request.urlopen(f"{address}still.jpg", timeout=limit_s()) as answer:
            assert answer.read(2) == b"\xff\xd8"
        with urllib.request.urlopen(f"{address}healthz", timeout=limit_s()) as answer:
            assert json.load(answer)["status"] == "ok"


def test_its_status_reaches_a_broker_up_to_the_last_word(tmp_path, clip):
    with a_broker(tmp_path, "allow_anonymous true") as broker:
        broker.start()
        settings = {"SOURCE": clip, "STATUS": f"mqtt://127.0.0.1:{broker.port}", "VERSION": "1.2.3001"}
        with closing(Listener(broker)) as listener, device(tmp_path, **settings) as program:
            heard = [read_status(listener.next().payload)]
            while heard[-1].state != "running":
                heard.append(read_status(listener.next().payload))
            assert program.end(signal.SIGTERM) == 0
            while heard[-1].state != "stopped":
                heard.append(read_status(listener.next().payload))
    running = next(beat for beat in heard if beat.state == "running")
    assert (running.camera_id, running.faces, running.detector) == ("cam-1", 2, "libfacedetection-1")
    assert {beat.version for beat in heard} == {"1.2.3001"}
    assert heard[-1].sent > heard[-1].waiting == 0
    assert program.said("state=ready")


def test_who_started_it_hears_once_that_its_models_are_loaded(tmp_path, clip, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as started:
        address = f"\0houselights-{os.getpid()}"
        started.bind(address)
        started.settimeout(limit_s())
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{address[1:]}")
        with device(tmp_path, SOURCE=clip) as program:
            assert started.recv(100) == b"READY=1"
            program.until(lambda: program.said("state=running"))
            assert program.end(signal.SIGTERM) == 0
        started.setblocking(False)
        with pytest.raises(BlockingIOError):
            started.recv(100)


def test_it_sends_with_the_credentials_of_its_certificate_alone(tmp_path, clip):
    authority, clock = Authority(tmp_path), Clock()
    clock.now = datetime.now(UTC)
    own = authority.device("cam-1")
    with s3_with_faults() as s3, a_provider(authority, authority.signs("provider"), clock) as iot:
        settings = {
            "SOURCE": clip,
            "BUCKET": s3.bucket,
            "AWS_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL": s3.endpoint,
            "IOT_CREDENTIALS": iot.address,
            "THING": "cam-1",
            "CERTIFICATE": str(own.certificate),
            "PRIVATE_KEY": str(own.private_key),
            "ROOT_CA": str(own.root_ca),
        }
        with device(tmp_path, **settings) as program:
            program.until(lambda: program.said("state=running"))
            assert program.end(signal.SIGTERM) == 0
        assert s3.objects()
    assert set(iot.asked) == {("/role-aliases/houselights-camera/credentials", "cam-1", "cam-1")}


def keys_in(outbox: Path) -> set[str]:
    """The keys of all deliveries that wait in an outbox."""
    return {file.read_bytes().split(b"\n", 2)[1].decode() for file in outbox.glob("*.delivery")}


def test_killed_at_any_moment_it_loses_nothing_that_was_put_and_counts_nobody_twice(tmp_path, clip):
    chance = random.Random(11)
    with s3_with_faults() as s3:
        settings = {
            "SOURCE": clip,
            "BUCKET": s3.bucket,
            "EVERY_S": "0.2",
            "SHEET_INTERVAL_S": "0.5",
            "AWS_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL": s3.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        waited: set[str] = set()
        for life in range(5):
            # The network is away in every other life, so that something waits when the process is killed.
            s3.faults.clear()
            s3.faults.extend([HANG_UP, HANG_UP_AFTERWARDS] * (50 * (life % 2)))
            with device(tmp_path, **settings) as program:
                program.until(lambda program=program: program.said("state=running"))
                time.sleep(chance.uniform(0.1, 2.0))
                assert program.end(signal.SIGKILL) == -signal.SIGKILL
            waited |= keys_in(tmp_path / "outbox")
        s3.faults.clear()
        with device(tmp_path, **settings) as program:
            program.until(lambda: program.said("state=running"))
            assert program.end(signal.SIGTERM) == 0
        objects = s3.objects()
    assert waited
    assert waited <= objects.keys()
    assert not keys_in(tmp_path / "outbox")
    sheets = [read_delivery(key, data) for key, data in objects.items()]
    tiles = Counter((tile.at_ms // 1000, tile.track_id) for sheet in sheets for tile in sheet.manifest.tiles)
    assert set(tiles.values()) == {1}
    runs: dict[int, set[str]] = {}
    for second, track in tiles:
        runs.setdefault(second, set()).add(track.partition("-")[0])
    assert {len(names) for names in runs.values()} == {1}, "a window was told of by two runs"
    assert len(set().union(*runs.values())) == 6, "every life had a run of its own"
    assert {Counter(second for second, _ in tiles)[second] for second in runs} == {2}, "two people, in every window"
