"""Window files are neither too large nor too late."""

from __future__ import annotations

import pytest

from audience.deliveries.manifest import MOST_WINDOWS
from audience.deliveries.window_file import LARGEST_WINDOW_FILE, WindowFile, read_window_file
from audience.errors import InvalidValue
from audience.faces import EXPRESSIONS, WindowFaces
from audience.store import ScorerRecord
from audience.windows import WindowRecord, tallies_of
from edge_lambda.delivery.windows import WindowFileBuilder
from edge_lambda.pipeline import ScoredWindow
from tests.builders import BEGAN_MS, a_face, after_ms

THRESHOLDS = dict.fromkeys(EXPRESSIONS, 0.5)
SCORER = ScorerRecord(name="expressionnet-1+0a1b2c3d", thresholds=THRESHOLDS, model_sha256="ab" * 32)
KEY = {"session_id": "talk-1", "stage_id": "main", "camera_id": "cam-1"}


def scored(at_s: int, faces: int) -> ScoredWindow:
    """A window with the given number of faces, scored for every expression, with numbers of maximum length."""
    seen = tuple(
        a_face(
            f"mnq3k2d1-{1_000_000 + number}",
            at_ms=after_ms(at_s) + 999,
            confidences={name: 1 / (3 + index) for index, name in enumerate(EXPRESSIONS)},
        )
        for number in range(faces)
    )
    at = {"start_ms": after_ms(at_s), "part": "0", "scorer": SCORER.name, "expires_ms": BEGAN_MS + 10**11}
    return ScoredWindow(
        record=WindowRecord(**KEY, **at, faces=faces, expected=faces, tallies=tallies_of(seen, THRESHOLDS)),
        faces=WindowFaces(**KEY, **at, faces=seen),
        frames=1,
    )


def files_of(*windows: ScoredWindow, interval_s: float) -> list[WindowFile]:
    gatherer = WindowFileBuilder(SCORER, interval_s=interval_s)
    sent = [one for window in windows for one in gatherer.add(window)] + gatherer.flush()
    assert gatherer.flush() == []
    assert all(len(one.data) <= LARGEST_WINDOW_FILE for one in sent)
    return [read_window_file(one.data) for one in sent]


def test_a_file_is_sent_when_its_windows_span_the_interval():
    gatherer = WindowFileBuilder(SCORER, interval_s=2.0)
    assert gatherer.add(scored(0, 3)) == []
    (delivery,) = gatherer.add(scored(1, 3))
    assert len(read_window_file(delivery.data).windows) == 2
    assert gatherer.flush() == []


def test_a_file_is_sent_before_it_would_be_too_large():
    windows = [scored(at_s, 2500) for at_s in range(9)]
    files = files_of(*windows, interval_s=3600)
    assert [len(file.windows) for file in files] == [4, 4, 1]
    assert [record for file in files for record in file.windows] == [window.record for window in windows]
    assert [one for file in files for one in file.faces if len(one.faces) != 2500] == []


def test_many_small_windows_are_not_too_large_either():
    windows = [scored(at_s, 1 if at_s % 2 else 0) for at_s in range(MOST_WINDOWS + 50)]
    files = files_of(*windows, interval_s=10_000)
    assert [record for file in files for record in file.windows] == [window.record for window in windows]
    assert max(len(file.windows) for file in files) <= MOST_WINDOWS


@pytest.mark.parametrize("interval_s", [0.0, -1.0, float("nan")])
def test_an_interval_of_nothing_is_refused(interval_s):
    with pytest.raises(InvalidValue, match="more than 0"):
        WindowFileBuilder(None, interval_s=interval_s)
