"""Detects the scenes of a film from its cuts (PySceneDetect's AdaptiveDetector)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from audience.errors import InvalidValue, RecordingUnreadable
from audience.timelines import Timeline
from timeline_files.media import open_media
from timeline_files.optional import require
from timeline_files.parts import Part, timeline_of

if TYPE_CHECKING:
    import numpy as np
    from av import VideoFrame
    from av.container import InputContainer

# Cuts are as visible in a small picture, which is processed ten times as fast as a large one.
_WIDTH = 160
_ASSUMED_FPS = 25.0
SHORTEST_S = 2.0


def find_scenes(
    path: Path, *, shortest_s: float = SHORTEST_S, on_position: Callable[[float, float | None], None] | None = None
) -> Timeline:
    """Detects scenes, titled "Scene 1", "Scene 2" and so on; second 0 is the first picture.

    Decodes every picture, one at a time; memory does not grow with the film.

    Args:
        path: the film.
        shortest_s: length of the shortest scene, seconds, over 0.
        on_position: called with the position and the film's length (None if the file does not state it), in seconds.

    Raises:
        RecordingUnreadable: the film cannot be read, or has no picture.
        InvalidValue: it has more scenes than a timeline may have segments.
    """
    require("scenedetect", "finding scenes")
    from scenedetect import AdaptiveDetector, FrameTimecode

    detector = AdaptiveDetector(min_scene_len=float(shortest_s))
    cuts: list[float] = []
    decoded, at_s = False, 0.0
    with open_media(path) as container:
        length_s = container.duration / 1_000_000 if container.duration else None
        for at_s, image in _pictures(container, path):
            decoded = True
            cuts += [cut.seconds for cut in detector.process_frame(FrameTimecode(at_s, fps=_ASSUMED_FPS), image)]
            if on_position is not None:
                on_position(at_s, length_s)
    if not decoded:
        raise RecordingUnreadable(f"{path} holds no picture that can be decoded: give a film")
    edges = [0.0, *(cut for cut in cuts if 0 < cut < at_s), max(at_s, shortest_s)]
    parts = [
        Part(where=f"scene {number}", title=f"Scene {number}", start_s=start_s, end_s=end_s)
        for number, (start_s, end_s) in enumerate(itertools.pairwise(edges), start=1)
    ]
    try:
        return timeline_of(f"scenes of {path.stem}", parts)
    except InvalidValue as problem:
        raise InvalidValue(f"{path.name}: {problem}") from None


def _pictures(container: InputContainer, path: Path) -> Iterator[tuple[float, np.ndarray]]:
    """Decodes the pictures, small, each with the seconds since the first; skips damaged ones."""
    from av.error import FFmpegError

    if not container.streams.video:
        raise RecordingUnreadable(f"{path} holds no picture: give a film")
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    first: float | None = None
    latest = -1.0
    packets = container.demux(stream)
    while True:
        try:
            frames: list[VideoFrame] = next(packets).decode()
        except StopIteration:
            return
        except (FFmpegError, OSError):
            continue
        for frame in frames:
            if frame.time is None:
                continue
            first = frame.time if first is None else first
            at_s = frame.time - first
            # A recorder may set its clock back; the pictures until it catches up have no place in the film's time.
            if at_s > latest:
                latest = at_s
                height = max(2, round(frame.height * _WIDTH / frame.width))
                yield at_s, frame.reformat(width=_WIDTH, height=height, format="bgr24").to_ndarray()
