"""What a page reads of a session that goes on: each window, and not all of them each time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from audience.store import Store
from audience.stores import open_store
from audience.window_table import WindowTable
from dashboard import data
from dashboard.data import SETTLED_READ_S, GrowingWindows
from tests.builders import a_camera, a_session, a_stage, a_window, after_ms


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'houselights.db'}") as store:
        store.put_session(a_session())
        store.put_stage("talk-1", a_stage())
        for camera_id in ("cam-1", "cam-2"):
            store.put_camera("talk-1", "main", a_camera(camera_id))
        yield store


def record(store: Store, from_s: int, until_s: int, camera_id: str = "cam-1", *, smiling: int = 3) -> None:
    store.put_windows([a_window(at, smiling=smiling, of=9, camera_id=camera_id) for at in range(from_s, until_s)])


def is_whole(table: WindowTable, store: Store) -> bool:
    whole = store.windows("talk-1", "main")
    return all(
        np.array_equal(getattr(table, name), getattr(whole, name)) for name in ("start_ms", "camera", "over", "scored")
    )


def test_a_reading_asks_for_what_may_be_new_and_has_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int | None] = []
    read = type(store).windows
    monkeypatch.setattr(
        type(store), "windows", lambda own, *of, **at: (asked.append(at.get("from_ms")), read(own, *of, **at))[1]
    )
    growing = GrowingWindows("talk-1", "main")
    assert not len(growing.read(store, 0.0))
    for end in (100, 102, 104):
        record(store, end - 100, end)
        record(store, max(0, end - 150), end - 50, "cam-2", smiling=1)
        assert is_whole(growing.read(store, float(end) / 100), store), "the second camera is fifty seconds behind"
    assert asked[:2] == [None, None]
    assert asked[3] == after_ms(49 - 30)
    assert asked[5] == after_ms(51 - 30)


def test_what_came_late_or_went_is_known_a_minute_later(store: Store) -> None:
    record(store, 0, 100)
    growing = GrowingWindows("talk-1", "main")
    growing.read(store, 0.0)
    record(store, 10, 20, smiling=9)
    store.delete_camera_records("talk-1", "main", "cam-2")
    assert not is_whole(growing.read(store, 1.0), store)
    assert is_whole(growing.read(store, float(SETTLED_READ_S)), store)


def test_of_very_many_windows_a_minute_later_only_the_latest_are_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "MANY_WINDOWS", 50)
    record(store, 0, 100)
    growing = GrowingWindows("talk-1", "main")
    growing.read(store, 0.0)
    record(store, 10, 20, smiling=9)
    record(store, 100, 102)
    table = growing.read(store, float(SETTLED_READ_S))
    assert len(table) == 102
    assert not is_whole(table, store)
    assert is_whole(growing.read(store, float(data.MANY_READ_S)), store)
