"""What a phone is told of its picture, and the process that looks at phones' pictures."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from audience.errors import DeviceError
from audience.phone_camera import Framing, PhonePicture
from audience.time import to_ms
from dashboard.phone_process import PhoneProcess
from edge_lambda.correction import PictureCorrector
from edge_lambda.detectors import DEFAULT_DETECTOR, Image
from edge_lambda.detectors.load import load_detector
from edge_lambda.devices import phone
from edge_lambda.devices.phone import PhoneCamera, decoded
from edge_lambda.pipeline import CameraKey, TimedFrame, scored_windows
from edge_lambda.tracking import Tracker
from houselights.phone_cameras import framing_of
from tests.phone_pictures import picture
from tests.ticking import until

CAMERA = CameraKey(session_id="talk", stage_id="main", camera_id="cam-1", written_ms=0)


def framed(image: Image) -> Framing:
    """What is said of a picture."""
    corrector = PictureCorrector(load_detector(DEFAULT_DETECTOR, doubtful=True))
    windows = scored_windows(
        [TimedFrame(at_ms=0, image=image)],
        camera=CAMERA,
        corrector=corrector,
        tracker=Tracker(run="a"),
        scorer=None,
        keep_frames=True,
    )
    (window,) = windows
    return framing_of(window)


def seen(faces: int) -> Image:
    image = decoded(picture(faces))
    assert image is not None
    return image


def test_a_well_framed_picture_has_its_faces_and_nothing_to_mend():
    assert framed(seen(3)) == Framing(faces=3)


def test_a_picture_says_what_to_mend():
    dim = np.asarray(seen(3) // 60, np.uint8)
    assert framed(dim).dark
    small = np.full((720, 1280, 3), 60, np.uint8)
    half = cv2.resize(seen(3), (256, 144), interpolation=cv2.INTER_AREA)
    small[300:444, 500:756] = half
    assert framed(small).far
    assert framed(np.asarray(cv2.GaussianBlur(seen(2), (0, 0), 14), np.uint8)).blurred


def test_of_a_phone_the_newest_picture_counts_and_silence_is_said(monkeypatch: pytest.MonkeyPatch):
    camera = PhoneCamera("cam-1 on main")
    camera.put(1_000, picture(0))
    camera.put(2_000, picture(1))
    frames = iter(camera.open())
    assert to_ms(next(frames).at) == 2_000
    assert camera.dropped == 1
    monkeypatch.setattr(phone, "SILENT_S", 0.01)
    with pytest.raises(DeviceError):
        next(frames)
    with pytest.raises(DeviceError):
        camera.open()
    camera.put(3_000, b"\xff\xd8\xff cut short")
    camera.put(3_000, picture(0))
    camera.close()
    assert list(camera) == [], "a camera that is closed yields nothing more"


# Answers each picture with its length as the number of faces, and says who it is.
_PROGRAM = """
import json, os, pathlib, sys
from multiprocessing.connection import Connection
line = Connection(int(sys.argv[2]))
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
try:
    while True:
        head, _, jpeg = line.recv_bytes().partition(b"\\n")
        line.send_bytes(json.dumps([*json.loads(head)[:3], {"faces": len(jpeg)}]).encode())
except (EOFError, OSError):
    pathlib.Path(sys.argv[1]).write_text("ended")
"""


@pytest.fixture
def process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PhoneProcess]:
    monkeypatch.setattr("dashboard.phone_process._AFTER_A_CRASH_S", 0.0)
    made = PhoneProcess([sys.executable, "-c", _PROGRAM, str(tmp_path / "who")])
    with made.running():
        yield made
    assert (tmp_path / "who").read_text() in ("", "ended"), "it ends with the server"


def test_a_process_that_dies_is_started_again_by_the_next_picture(process: PhoneProcess, tmp_path: Path):
    who = tmp_path / "who"

    def answered(length: int) -> bool:
        process.put(
            PhonePicture(
                session_id="talk",
                stage_id="main",
                camera_id="cam-1",
                at_ms=to_ms(datetime.now(UTC)),
                until_ms=0,
                jpeg=bytes(length),
            )
        )
        return process.framing(("talk", "main", "cam-1")) == Framing(faces=length)

    until(lambda: answered(3))
    first = who.read_text()
    os.kill(int(first), signal.SIGKILL)
    until(lambda: answered(4))
    assert who.read_text() != first
