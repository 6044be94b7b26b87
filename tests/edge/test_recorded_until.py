"""The time up to which windows were delivered is stored before delivery, and survives restarts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audience.errors import OutboxUnavailable
from edge_lambda.delivery.outbox import Outbox
from edge_lambda.delivery.recorded_until import NAME, RecordedUntil
from edge_lambda.pipeline import CameraKey
from tests.builders import BEGAN_MS

CAMERA = CameraKey(session_id="talk-1", stage_id="main", camera_id="cam-1", written_ms=BEGAN_MS)


def test_nothing_is_recorded_at_first(tmp_path):
    assert RecordedUntil(tmp_path, CAMERA).until_ms == 0


def test_it_is_known_after_a_restart(tmp_path):
    recorded = RecordedUntil(tmp_path, CAMERA)
    recorded.advance(BEGAN_MS)
    recorded.advance(BEGAN_MS + 1000)
    assert recorded.until_ms == RecordedUntil(tmp_path, CAMERA).until_ms == BEGAN_MS + 1000


def test_it_never_goes_back(tmp_path):
    recorded = RecordedUntil(tmp_path, CAMERA)
    recorded.advance(BEGAN_MS)
    recorded.advance(BEGAN_MS - 1000)
    assert recorded.until_ms == RecordedUntil(tmp_path, CAMERA).until_ms == BEGAN_MS


@pytest.mark.parametrize("other", [{"session_id": "talk-2"}, {"stage_id": "foyer"}, {"camera_id": "cam-2"}])
def test_another_session_stage_or_camera_starts_again(tmp_path, other):
    RecordedUntil(tmp_path, CAMERA).advance(BEGAN_MS)
    assert RecordedUntil(tmp_path, replace(CAMERA, **other)).until_ms == 0


@pytest.mark.parametrize("damaged", [b"", b"talk-1/main/cam-1", b"\xff\xfe", b"talk-1/main/cam-1 12x\n"])
def test_a_damaged_file_says_nothing(tmp_path, damaged):
    (tmp_path / NAME).write_bytes(damaged)
    assert RecordedUntil(tmp_path, CAMERA).until_ms == 0


def test_the_outbox_lets_it_be(tmp_path):
    RecordedUntil(tmp_path, CAMERA).advance(BEGAN_MS)
    outbox = Outbox(tmp_path)
    assert outbox.status().waiting == 0
    outbox.close()
    assert RecordedUntil(tmp_path, CAMERA).until_ms == BEGAN_MS


def test_a_folder_that_cannot_be_written_is_reported_in_one_line(tmp_path):
    recorded = RecordedUntil(tmp_path, CAMERA)
    (tmp_path / NAME).with_suffix(".part").mkdir()
    with pytest.raises(OutboxUnavailable, match="cannot be written"):
        recorded.advance(BEGAN_MS)
    assert recorded.until_ms == 0
