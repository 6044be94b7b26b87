"""`houselights export --archive`: every session as Parquet, kept up to date, read by DuckDB as Athena reads it."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import Mock
from uuid import uuid4

import boto3
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audience.errors import ExportFailed
from audience.reaction.curve import overall_share, stage_windows
from audience.store import DELETIONS_KNOWN_MS, Store
from audience.stores import open_store
from audience.time import to_ms
from audience.window_table import WindowTable
from houselights.archiving import packs, run
from houselights.archiving.columns import TABLES, arrow_schema
from houselights.archiving.places import ArchivePlace, FolderPlace, open_place
from houselights.archiving.run import Archived, archive
from houselights.archiving.tables import segments_table, windows_table
from houselights.local_cloud.moto_server import running_moto
from tests.builders import (
    a_head_count,
    a_progress,
    a_scorer,
    a_session,
    a_stage,
    a_timeline,
    a_window,
    after,
    an_exclusion,
)
from tests.houselights.archives import QUERY, opened, view
from tests.houselights.conftest import Houselights
from tests.infra.template import ROOT
from tests.local_aws import REGION, use_local_aws

MANY, FEW = 10, 3
SCENES = a_timeline(("Quay", 0, 60), ("It's home; '", 60, 120), title="Scenes")


def put_screening(
    store: Store, number: int, *, smiling: int = 4, of: int = MANY, cut: str = "Long", seconds: int = 120
) -> None:
    """Two minutes of one cut of a film, in which as many smile throughout."""
    session_id = f"ferry-{number}"
    session = replace(a_session(session_id, ended_at=after(120)), film='Ferry "é" / 100%', cut=cut, tags=("paid",))
    store.put_session(session)
    store.put_stage(session_id, a_stage(timelines=[SCENES]))
    store.put_windows([a_window(at, smiling=smiling, of=of, session_id=session_id) for at in range(seconds)])


@pytest.fixture
def films(store: Store) -> Store:
    """Three screenings of two cuts, the third with too few people."""
    store.put_scorer(a_scorer())
    put_screening(store, 1)
    put_screening(store, 2, smiling=8, of=20, cut="Short")
    put_screening(store, 3, of=FEW, smiling=1)
    return store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The archive's folder, which does not exist yet."""
    return tmp_path / "archive"


def sessions_in(folder: Path) -> set[str]:
    """The ids of the sessions in an archive, by the table of sessions and by the others alike."""
    read = opened(folder)
    ids = [
        {row[0] for row in read.sql(f"SELECT DISTINCT session_id FROM {table}").fetchall()}
        for table in ("windows", "segments", "sessions")
    ]
    assert ids[0] <= ids[2]
    assert ids[1] <= ids[2]
    return ids[2]


def files_in(folder: Path) -> dict[str, int]:
    """Every file of a folder, with when it was written."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def test_every_session_is_in_the_archive_by_month_with_sums_that_give_the_share_of_the_page(
    houselights: Houselights, films: Store, folder: Path
) -> None:
    ended = houselights("export", "--archive", folder)
    assert ended.code == 0
    assert "3 changed sessions, 4 files written, 0 removed" in ended.out
    assert {name.rpartition("/")[0] for name in files_in(folder)} >= {"windows/month=2026-05", "sessions/month=2026-05"}
    read = opened(folder)
    rows = read.sql(
        "SELECT cut, COUNT(DISTINCT session_id), SUM(faces_over) / SUM(faces_scored), SUM(confidence_total) "
        "FROM shares WHERE expression = 'smile' AND month = '2026-05' GROUP BY cut ORDER BY cut"
    ).fetchall()
    assert rows == [("Long", 1, 0.4, 480.0), ("Short", 1, 0.4, 960.0)]
    shown = stage_windows(films.session("ferry-1"), films.stages("ferry-1")[0], [], films.windows("ferry-1", "main"))
    assert rows[0][2] == pytest.approx(overall_share(shown, "smile"))
    assert read.sql("SELECT film, tags FROM sessions").fetchall()[0] == ('Ferry "é" / 100%', ["paid"])
    assert read.sql("SELECT DISTINCT experimental FROM scorers WHERE expression = 'smile'").fetchall() == [(False,)]


def test_windows_add_up_to_segments_and_segments_to_the_session(
    houselights: Houselights, films: Store, folder: Path
) -> None:
    houselights("export", "--archive", folder)
    read = opened(folder)
    of_windows = read.sql(
        "SELECT session_id, segment, SUM(smile_over), SUM(smile_scored), SUM(faces), SUM(expected), COUNT(*) "
        "FROM windows GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    of_segments = read.sql(
        "SELECT session_id, segment, smile_over, smile_scored, faces, expected, windows FROM segments ORDER BY ALL"
    ).fetchall()
    assert of_windows == of_segments
    assert len(of_segments) == 6


def test_figures_over_few_faces_are_withheld_for_an_audience_of_one_too(
    houselights: Houselights, films: Store, folder: Path
) -> None:
    put_screening(films, 4, smiling=1, of=1)
    films.put_stage("ferry-4", a_stage(timelines=[SCENES], audience_size=1))
    houselights("export", "--archive", folder)
    read = opened(folder)
    for table in ("windows", "segments"):
        rows = read.sql(
            f"SELECT DISTINCT faces > 0, smile_over, smile_scored, smile_total FROM {table} "
            "WHERE session_id IN ('ferry-3', 'ferry-4')"
        ).fetchall()
        assert rows == [(True, None, None, None)]


def test_a_second_in_which_none_of_a_few_smiles_is_empty_and_cannot_be_had_from_its_segment() -> None:
    """One such second of the first segment, fifteen of the second, whose sum says nothing of any of them."""
    smiling = [0 if at == 3 or at >= 45 else 4 for at in range(60)]
    stage = a_stage(timelines=[a_timeline(("A", 0, 30), ("B", 30, 60))])
    table = WindowTable.of(a_window(at, smiling=count, of=10) for at, count in enumerate(smiling))
    windows = stage_windows(a_session(), stage, [], table)
    seconds, segments = (
        table.column("smile_over").to_pylist() for table in (windows_table(windows), segments_table(windows))
    )
    assert seconds == [count or None for count in smiling]
    assert segments == [None, 60]


def test_what_was_left_out_has_no_figure_and_is_in_no_sum(houselights: Houselights, films: Store, folder: Path) -> None:
    houselights("export", "--archive", folder)
    films.put_stage("ferry-1", a_stage(timelines=[SCENES], exclusions=[an_exclusion(0, 30)]))
    assert "2 files written" in houselights("export", "--archive", folder).out
    read = opened(folder)
    left_out = "SELECT COUNT(*), COUNT(smile_scored), SUM(faces) FROM windows WHERE session_id = 'ferry-1' AND excluded"
    assert read.sql(left_out).fetchall() == [(30, 0, 30 * MANY)]
    scored = "SELECT smile_scored FROM segments WHERE session_id = 'ferry-1' ORDER BY place"
    assert read.sql(scored).fetchall() == [(30 * MANY,), (60 * MANY,)]


def test_a_head_count_has_heads_and_no_figure(houselights: Houselights, films: Store, folder: Path) -> None:
    films.put_session(a_session("heads-1", mode="head count"))
    films.put_stage("heads-1", a_stage())
    films.put_windows([replace(a_head_count(at, heads=30), session_id="heads-1") for at in range(10)])
    houselights("export", "--archive", folder)
    read = opened(folder)
    heads = "SELECT SUM(faces), COUNT(smile_over), MAX(scorer) FROM windows WHERE session_id = 'heads-1'"
    assert read.sql(heads).fetchall() == [(300, 0, "")]


def test_a_month_in_which_nothing_changed_is_not_written_again(
    houselights: Houselights, films: Store, folder: Path
) -> None:
    houselights("export", "--archive", folder)
    before = files_in(folder)
    films.put_session(a_session("june-1", started_at=after(40 * 86400)))
    films.put_stage("june-1", a_stage())
    films.put_windows([a_window(40 * 86400 + at, session_id="june-1") for at in range(10)])
    assert "2 files written, 0 removed" in houselights("export", "--archive", folder).out
    after_ = files_in(folder)
    changed = {name.rpartition("/")[0] for name in after_ if before.get(name) != after_[name]}
    assert changed == {"", "ids", "months/2026-06", "sessions/month=2026-06", "windows/month=2026-06"} | {
        f"lists/{table}/month=2026-06" for table in ("windows", "segments", "sessions")
    }


def test_a_window_that_came_late_is_in_the_archive_the_next_time(
    houselights: Houselights, films: Store, folder: Path
) -> None:
    houselights("export", "--archive", folder)
    films.put_windows([a_window(30, smiling=5, of=5, camera_id="cam-2", session_id="ferry-1")])
    houselights("export", "--archive", folder)
    most = opened(folder).sql("SELECT MAX(faces) FROM windows WHERE session_id = 'ferry-1'").fetchall()
    assert most == [(MANY + 5,)]


def test_a_deleted_session_leaves_the_files_it_shared_with_others(
    houselights: Houselights, films: Store, folder: Path
) -> None:
    houselights("export", "--archive", folder)
    assert sessions_in(folder) == {"ferry-1", "ferry-2", "ferry-3"}
    films.delete_session("ferry-1")
    houselights("export", "--archive", folder)
    assert sessions_in(folder) == {"ferry-2", "ferry-3"}
    assert not [path for path in folder.rglob("*") if path.is_file() and b"ferry-1" in path.read_bytes()]
    for left in ("ferry-2", "ferry-3"):
        films.delete_session(left)
    houselights("export", "--archive", folder)
    assert sessions_in(folder) == set()
    assert not [name for name in files_in(folder) if name.startswith(("windows/", "segments/", "sessions/", "months/"))]


def test_what_expired_in_the_store_stays_in_the_archive_whatever_else_changes(
    houselights: Houselights, films: Store, folder: Path
) -> None:
    films.put_session(a_session("brief-1"))
    films.put_stage("brief-1", a_stage(timelines=[SCENES]))
    films.put_windows([a_window(at, of=9, session_id="brief-1", expires_ms=1 if at < 8 else 3) for at in range(10)])
    houselights("export", "--archive", folder)
    kept = "SELECT window_start, smile_scored, segment FROM windows WHERE session_id = 'brief-1' ORDER BY ALL"
    summed = "SELECT segment, smile_scored FROM segments WHERE session_id = 'brief-1' ORDER BY ALL"
    before = [opened(folder).sql(query).fetchall() for query in (kept, summed)]
    assert len(before[0]) == 10
    for now_ms in (2, 4):
        films.prune(now_ms)
        films.put_session(replace(films.session("brief-1"), title=f"Seen at {now_ms}"))
        houselights("export", "--archive", folder)
        assert [opened(folder).sql(query).fetchall() for query in (kept, summed)] == before
        titles = opened(folder).sql("SELECT title FROM sessions WHERE session_id = 'brief-1'").fetchall()
        assert titles == [(f"Seen at {now_ms}",)]
    films.put_session(replace(films.session("brief-1"), started_at=after(-40 * 86400)))
    houselights("export", "--archive", folder)
    assert [row[0] for row in opened(folder).sql(kept).fetchall()] == [row[0] for row in before[0]]
    films.delete_session("brief-1")
    houselights("export", "--archive", folder)
    assert "brief-1" not in sessions_in(folder)


def test_a_recording_that_is_scored_anew_replaces_what_was_archived(
    houselights: Houselights, films: Store, folder: Path
) -> None:
    first = a_progress(session_id="ferry-1")
    films.put_windows([a_window(at, of=MANY, session_id="ferry-1") for at in range(120)], progress=first)
    houselights("export", "--archive", folder)
    films.delete_camera_records("ferry-1", "main", "cam-1")
    anew = replace(first, fingerprint="another")
    films.put_windows([a_window(at, of=MANY, session_id="ferry-1") for at in range(60)], progress=anew)
    houselights("export", "--archive", folder)
    assert opened(folder).sql("SELECT COUNT(*) FROM windows WHERE session_id = 'ferry-1'").fetchall() == [(60,)]


def test_a_session_that_was_set_up_again_under_its_id_takes_nothing_over(
    houselights: Houselights, films: Store, folder: Path
) -> None:
    films.put_session(replace(a_session("again"), set_up_at=after(0)))
    films.put_stage("again", a_stage())
    films.put_windows([a_window(at, of=MANY, session_id="again") for at in range(20)])
    houselights("export", "--archive", folder)
    films.delete_session("again")
    films.put_session(replace(a_session("again"), set_up_at=after(1)))
    films.put_stage("again", a_stage("other"))
    houselights("export", "--archive", folder)
    assert opened(folder).sql("SELECT COUNT(*) FROM windows WHERE session_id = 'again'").fetchall() == [(0,)]
    assert "again" in sessions_in(folder)


def test_a_session_that_began_in_another_month_than_was_thought_is_there_once(
    houselights: Houselights, films: Store, folder: Path
) -> None:
    houselights("export", "--archive", folder)
    films.put_session(replace(films.session("ferry-1"), started_at=after(-3.9 * 86400)))
    houselights("export", "--archive", folder)
    assert opened(folder).sql("SELECT DISTINCT month FROM windows WHERE session_id = 'ferry-1'").fetchall() == [
        ("2026-04",)
    ]
    assert opened(folder).sql("SELECT month FROM sessions WHERE session_id = 'ferry-1'").fetchall() == [("2026-04",)]


def listed(place: ArchivePlace) -> dict[str, pa.Table]:
    """What a reader of an archive sees by its lists of files."""
    start, names = place.link(""), sorted(place.names())
    found = {}
    for table, columns in TABLES.items():
        lists = [place.read(name) or b"" for name in names if name.startswith(f"lists/{table}/")]
        files = [line.removeprefix(start) for one in lists for line in one.decode().splitlines()]
        tables = [pq.read_table(io.BytesIO(place.read(name) or b"")) for name in files]
        found[table] = pa.concat_tables([*tables, arrow_schema(columns).empty_table()])
    return found


def content(place: ArchivePlace) -> dict[str, list[object]]:
    """`listed`, as rows in an order that is always the same."""
    return {name: sorted(table.to_pylist(), key=repr) for name, table in listed(place).items()}


class RecordingPlace(FolderPlace):
    """A folder that remembers how it was changed, step by step."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.steps: list[Callable[[FolderPlace], None]] = []

    def write(self, name: str, content: bytes) -> None:
        self.steps.append(lambda place: place.write(name, content))
        super().write(name, content)

    def replace(self, name: str, content: bytes, version: str | None) -> str | None:
        self.steps.append(lambda place: place.write(name, content))
        return FolderPlace(self.folder).replace(name, content, version)

    def remove(self, name: str) -> None:
        self.steps.append(lambda place: place.remove(name))
        super().remove(name)


def test_a_run_that_is_killed_anywhere_leaves_an_archive_of_before_or_after_and_the_next_completes_it(
    store: Store, tmp_path: Path
) -> None:
    """A session changes, one is deleted and one moves to another month. After each step of the run every session is
    there as it was before or after, and no row is there twice; the next run completes it from wherever it stopped."""
    for number in (1, 2, 3):
        put_screening(store, number, seconds=20)
    update(store, FolderPlace(tmp_path / "before"))
    store.put_windows([a_window(10, smiling=5, of=5, camera_id="cam-2", session_id="ferry-1")])
    store.delete_session("ferry-2")
    store.put_session(replace(store.session("ferry-3"), started_at=after(-40 * 86400)))
    shutil.copytree(tmp_path / "before", tmp_path / "after")
    whole = RecordingPlace(tmp_path / "after")
    update(store, whole)
    wanted = content(whole)
    stopped = FolderPlace(tmp_path / "before")
    for number, step in enumerate(whole.steps):
        seen = listed(stopped)["windows"].select(["session_id", "window_start"]).to_pylist()
        rows = Counter(tuple(row.values()) for row in seen)
        assert set(rows.values()) == {1}
        by_session = Counter(session_id for session_id, _ in rows)
        assert by_session["ferry-1"] == 20
        assert {by_session["ferry-2"], by_session["ferry-3"]} <= {0, 20}
        if number % 4 == 0:
            again = FolderPlace(tmp_path / f"again-{number}")
            shutil.copytree(stopped.folder, again.folder)
            update(store, again)
            assert content(again) == wanted
            assert referenced(again.folder) == files_in(again.folder).keys()
        step(stopped)
    assert len(whole.steps) > 20
    assert content(stopped) == wanted


def referenced(folder: Path) -> set[str]:
    """The files that belong to an archive: no others may lie in it."""
    manifest = json.loads((folder / "manifest.json").read_text())
    months = [entry["description"] for entry in manifest["months"].values()]
    data = {name for month in months for name in json.loads((folder / month).read_text())["files"]}
    lists = {path.relative_to(folder).as_posix() for path in (folder / "lists").rglob("*.txt")}
    named = {f"scorers/{manifest['scorers']}.parquet"} | ({f"ids/{manifest['index']}.msgpack"} - {"ids/.msgpack"})
    return {"manifest.json", "dictionary.json", *named, *months, *data, *lists}


def test_of_two_runs_at_once_the_later_one_goes_on_and_the_earlier_one_stops(films: Store, folder: Path) -> None:
    def other(done: int, of: int) -> None:
        if done == 1:
            put_screening(films, 4)
            update(films, FolderPlace(folder))

    with pytest.raises(ExportFailed, match="another run"):
        archive(films, FolderPlace(folder), now_ms=1, on_session=other)
    assert sessions_in(folder) == {"ferry-1", "ferry-2", "ferry-3", "ferry-4"}
    assert referenced(folder) == files_in(folder).keys()


def test_runs_beside_each_other_lose_and_double_nothing(films: Store, folder: Path) -> None:
    def often() -> None:
        for _ in range(5):
            with suppress(ExportFailed), open_store(films.url) as store:
                update(store, FolderPlace(folder))

    runs = [threading.Thread(target=often) for _ in range(3)]
    for run_ in runs:
        run_.start()
    for number in range(4, 12):
        put_screening(films, number)
    for run_ in runs:
        run_.join()
    update(films, FolderPlace(folder))
    rows = opened(folder).sql("SELECT session_id, COUNT(*) FROM windows GROUP BY ALL").fetchall()
    assert dict(rows) == {f"ferry-{number}": 120 for number in range(1, 12)}
    assert referenced(folder) == files_in(folder).keys()


def test_many_sessions_share_files_and_a_change_of_one_rewrites_one_of_them(
    films: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "MOST_STAGES", 4)
    monkeypatch.setattr(run, "MOST_STAGES", 4)
    for number in range(4, 12):
        put_screening(films, number)
    update(films, FolderPlace(folder))
    before = files_in(folder)
    assert len([name for name in before if name.startswith("windows/")]) == 3
    films.put_windows([a_window(30, smiling=5, of=5, camera_id="cam-2", session_id="ferry-1")])
    update(films, FolderPlace(folder))
    written = {name for name in files_in(folder) if name not in before}
    assert Counter(name.partition("/")[0] for name in written) == {"windows": 1, "segments": 1, "months": 1}
    put_screening(films, 12)
    update(films, FolderPlace(folder))
    assert len([name for name in files_in(folder) if name.startswith("windows/")]) == 3
    assert len(sessions_in(folder)) == 12


def test_the_stages_of_a_large_session_are_written_as_they_come(
    films: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "MOST_STAGES", 4)
    monkeypatch.setattr(run, "MOST_STAGES", 4)
    films.put_session(a_session("festival"))
    for stage_id in (f"stage-{number}" for number in range(10)):
        films.put_stage("festival", a_stage(stage_id, timelines=[SCENES]))
        films.put_windows([a_window(at, of=MANY, session_id="festival", stage_id=stage_id) for at in range(9)])
    for _ in range(2):
        update(films, FolderPlace(folder))
        stages = "SELECT stage_id, COUNT(*) FROM windows WHERE session_id = 'festival' GROUP BY ALL"
        assert dict(opened(folder).sql(stages).fetchall()) == {f"stage-{number}": 9 for number in range(10)}
        assert len(opened(folder).sql("SELECT * FROM sessions WHERE session_id = 'festival'").fetchall()) == 1
    films.put_session(replace(films.session("festival"), started_at=after(-40 * 86400)))
    update(films, FolderPlace(folder))
    months = opened(folder).sql("SELECT month, COUNT(*) FROM windows WHERE session_id = 'festival' GROUP BY ALL")
    assert months.fetchall() == [("2026-03", 90)]


class ReadPlace(FolderPlace):
    """A folder that remembers which descriptions of months were read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.months: list[str] = []

    def read(self, name: str) -> bytes | None:
        if name.startswith("months/"):
            self.months.append(name.split("/")[1])
        return super().read(name)


def test_a_run_reads_what_is_known_of_the_months_that_change_and_of_no_others(store: Store, folder: Path) -> None:
    for number in range(4):
        put_screening(store, number, seconds=20)
        store.put_session(replace(store.session(f"ferry-{number}"), started_at=after(-31 * 86400 * number)))
    update(store, FolderPlace(folder))

    def months_read_after(change: Callable[[], object], monkeypatch: pytest.MonkeyPatch, session_id: str) -> list[str]:
        change()
        monkeypatch.setattr(type(store), "changed_sessions", lambda *_: [session_id])
        place = ReadPlace(folder)
        update(store, place)
        assert referenced(folder) == files_in(folder).keys()
        return sorted(set(place.months))

    with pytest.MonkeyPatch.context() as patched:
        put = lambda: put_screening(store, 9, seconds=20)  # noqa: E731
        assert months_read_after(put, patched, "ferry-9") == ["2026-05"]
        assert months_read_after(lambda: store.delete_session("ferry-2"), patched, "ferry-2") == ["2026-03"]
        moved = replace(store.session("ferry-9"), started_at=after(-31 * 86400))
        assert months_read_after(lambda: store.put_session(moved), patched, "ferry-9") == ["2026-04", "2026-05"]
    assert sessions_in(folder) == {"ferry-0", "ferry-1", "ferry-3", "ferry-9"}
    (index,) = (folder / "ids").iterdir()
    index.unlink()
    store.delete_session("ferry-9")
    update(store, FolderPlace(folder))
    assert sessions_in(folder) == {"ferry-0", "ferry-1", "ferry-3"}, "without its index an archive is looked through"


def test_an_interrupted_first_run_is_resumed_without_reading_the_store_again(
    films: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    films.put_session(replace(films.session("ferry-1"), started_at=after(-40 * 86400)))

    def stop(done: int, of: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        archive(films, FolderPlace(folder), now_ms=10**12, on_session=stop)
    monkeypatch.setattr(type(films), "changed_sessions", lambda *_: [])
    assert update(films, FolderPlace(folder)).sessions == 2
    assert sessions_in(folder) == {"ferry-1", "ferry-2", "ferry-3"}


def test_only_sessions_that_changed_since_the_last_run_are_read(
    films: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began_ms = to_ms(datetime.now(UTC))
    archive(films, FolderPlace(folder), now_ms=began_ms, on_session=lambda done, of: None)
    since: list[int] = []
    monkeypatch.setattr(
        type(films), "changed_sessions", lambda _, since_ms: (since.append(since_ms), ["ferry-1", "ferry-2"])[1]
    )
    films.delete_session("ferry-1")
    read: list[str] = []
    windows = type(films).windows
    monkeypatch.setattr(
        type(films), "windows", lambda store, one, *of, **at: (read.append(one), windows(store, one, *of, **at))[1]
    )
    films.put_windows([a_window(30, smiling=5, of=5, camera_id="cam-2", session_id="ferry-2")])
    archive(films, FolderPlace(folder), now_ms=began_ms + 1000, on_session=lambda done, of: None)
    assert read == ["ferry-2"]
    assert since == [began_ms - run.OVERLAP_MS]
    assert sessions_in(folder) == {"ferry-2", "ferry-3"}


def test_a_deletion_that_the_store_no_longer_knows_of_reaches_the_archive(
    films: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(films, FolderPlace(folder))
    films.delete_session("ferry-1")
    monkeypatch.setattr(type(films), "changed_sessions", lambda *_: [])
    later_ms = to_ms(datetime.now(UTC)) + DELETIONS_KNOWN_MS
    archive(films, FolderPlace(folder), now_ms=later_ms, on_session=lambda done, of: None)
    assert sessions_in(folder) == {"ferry-2", "ferry-3"}


def update(store: Store, place: ArchivePlace) -> Archived:
    """A run of the archive."""
    return archive(store, place, now_ms=to_ms(datetime.now(UTC)), on_session=lambda done, of: None)


def test_ctrl_c_says_how_to_go_on(
    houselights: Houselights, films: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(run, "segments_table", Mock(side_effect=KeyboardInterrupt))
        ended = houselights("export", "--archive", folder)
    assert ended.code == 130
    assert "Run the same command again" in ended.err
    assert "3 changed sessions" in houselights("export", "--archive", folder).out


def test_a_place_that_cannot_be_written_is_one_line(houselights: Houselights, films: Store, folder: Path) -> None:
    folder.touch()
    assert "choose another folder with --archive" in houselights("export", "--archive", folder).complaint


def test_a_session_that_cannot_be_laid_out_is_named_and_the_others_are_archived(
    houselights: Houselights, films: Store, folder: Path
) -> None:
    houselights("export", "--archive", folder)
    films.put_windows([a_window(600, of=MANY, session_id="ferry-1", width_ms=2000)])  # no curve has two widths
    ended = houselights("export", "--archive", folder)
    assert ended.code == 1
    assert "ferry-1 is not up to date" in ended.err
    assert sessions_in(folder) == {"ferry-1", "ferry-2", "ferry-3"}
    films.delete_session("ferry-1")
    assert houselights("export", "--archive", folder).code == 0


def test_a_folder_with_other_files_is_left_alone(houselights: Houselights, films: Store, folder: Path) -> None:
    folder.mkdir()
    (folder / "thesis.docx").touch()
    assert "choose an empty place" in houselights("export", "--archive", folder).complaint
    assert files_in(folder).keys() == {"thesis.docx"}


def test_the_archive_of_another_store_is_left_alone(houselights: Houselights, films: Store, folder: Path) -> None:
    houselights("export", "--archive", folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["store"] = "dynamodb://elsewhere"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    before = files_in(folder)
    assert "dynamodb://elsewhere" in houselights("export", "--archive", folder).complaint
    assert files_in(folder) == before


@pytest.mark.parametrize(
    "manifest", ["", "{", "[" * 100_000, "[]", '{"format":1}', '{"format":3,"store":"s","files":{}}']
)
def test_an_archive_whose_manifest_somebody_broke_is_left_alone(
    houselights: Houselights, films: Store, folder: Path, manifest: str
) -> None:
    folder.mkdir()
    (folder / "manifest.json").write_text(manifest)
    assert "manifest.json" in houselights("export", "--archive", folder).complaint
    assert files_in(folder).keys() == {"manifest.json"}


def test_an_archive_of_an_earlier_version_is_written_anew(houselights: Houselights, films: Store, folder: Path) -> None:
    (folder / "windows" / "month=2026-05").mkdir(parents=True)
    (folder / "windows" / "month=2026-05" / "ferry-1.parquet").touch()
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "store": films.url, "files": {}}))
    assert houselights("export", "--archive", folder).code == 0
    assert sessions_in(folder) == {"ferry-1", "ferry-2", "ferry-3"}
    assert referenced(folder) == files_in(folder).keys()


def test_the_dictionary_explains_every_column_and_a_digest_checks_every_file(
    houselights: Houselights, films: Store, folder: Path
) -> None:
    houselights("export", "--archive", folder)
    dictionary = json.loads((folder / "dictionary.json").read_text())
    assert dictionary["min_faces"] == 5
    assert all(column["meaning"] for columns in dictionary["tables"].values() for column in columns)
    (month,) = (folder / "months" / "2026-05").iterdir()
    files = json.loads(month.read_text())["files"]
    assert {name.partition("/")[0] for name in files} == {"windows", "segments", "sessions"}
    for name, file in files.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == file["sha256"]


def test_the_query_for_athena_ranks_the_scenes(houselights: Houselights, films: Store, folder: Path) -> None:
    houselights("export", "--archive", folder)
    found = opened(folder).sql(QUERY.read_text())
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    assert {(row["cut"], row["segment"], row["screenings"]) for row in rows} == {
        (cut, segment.title, 1) for cut in ("Long", "Short") for segment in SCENES.segments
    }
    assert [row["share"] for row in rows] == [0.4] * 4


def test_the_guide_reads_an_archive_in_duckdb_by_its_lists(
    houselights: Houselights, films: Store, folder: Path
) -> None:
    guide = (ROOT / "infra" / "README.md").read_text(encoding="utf-8")
    start = guide.index("    SET VARIABLE files")
    statements = guide[start : guide.index("\n\n", start)].replace("DIR", str(folder))
    houselights("export", "--archive", folder)
    films.delete_session("ferry-2")
    houselights("export", "--archive", folder)
    (folder / "windows" / "month=2026-05" / "unfinished.parquet").touch()
    assert duckdb.connect().execute(statements).fetchall() == [("Long", 0.4)]


def test_the_view_gives_the_types_athena_is_told(houselights: Houselights, films: Store, folder: Path) -> None:
    houselights("export", "--archive", folder)
    names = {"VARCHAR": "varchar", "INTEGER": "integer", "DOUBLE": "double", "TIMESTAMP": "timestamp(3)"}
    found = [(row[0], names[row[1]]) for row in opened(folder).sql("DESCRIBE shares").fetchall()]
    assert found == [(column["name"], column["type"]) for column in view()["columns"]]


def test_an_archive_is_of_all_sessions(houselights: Houselights, folder: Path) -> None:
    assert "only --store" in houselights("export", "talk-1", "--archive", folder).complaint
    assert "--archive PLACE" in houselights("export", "talk-1").complaint
    assert "has no bucket name" in houselights("export", "--archive", "s3:///x").complaint


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket in an emulated S3, over real HTTP."""
    with running_moto() as address:
        client, bucket = use_local_aws(monkeypatch, address).client("s3"), f"archive-{uuid4()}"
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield bucket


def test_an_archive_in_s3_holds_the_same_files_and_is_kept_up_to_date_alike(
    houselights: Houselights, films: Store, folder: Path, s3: str
) -> None:
    client = boto3.client("s3")
    client.put_object(Bucket=s3, Key="other/file", Body=b"not ours")
    client.put_object(Bucket=s3, Key="deep/archive/")  # a folder that was made in S3's console
    where = f"s3://{s3}/deep/archive/"
    assert "4 files written" in houselights("export", "--archive", where).out
    houselights("export", "--archive", folder)
    assert content(open_place(where)) == content(FolderPlace(folder))
    films.delete_session("ferry-2")
    assert "3 files written, 3 removed" in houselights("export", "--archive", where).out
    houselights("export", "--archive", folder)
    assert content(open_place(where)) == content(FolderPlace(folder))
    assert "other/file" in {one["Key"] for one in client.list_objects_v2(Bucket=s3)["Contents"]}


def test_a_deleted_session_is_in_no_version_of_an_object_where_a_bucket_keeps_them(
    houselights: Houselights, films: Store, s3: str
) -> None:
    client = boto3.client("s3")
    client.put_bucket_versioning(Bucket=s3, VersioningConfiguration={"Status": "Enabled"})
    houselights("export", "--archive", f"s3://{s3}/archive")
    films.delete_session("ferry-2")
    houselights("export", "--archive", f"s3://{s3}/archive")
    versions = client.list_object_versions(Bucket=s3)
    assert versions["Versions"]
    for one in versions["Versions"]:
        body = client.get_object(Bucket=s3, Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
        assert b"ferry-2" not in body + one["Key"].encode()


def test_s3_lets_one_of_two_programs_replace_a_file(s3: str) -> None:
    one, other = open_place(f"s3://{s3}/archive"), open_place(f"s3://{s3}/archive")
    first = one.replace("manifest.json", b"1", None)
    assert first
    assert other.replace("manifest.json", b"2", None) is None
    assert other.replace("manifest.json", b"3", first)
    assert one.replace("manifest.json", b"4", first) is None
    assert one.read("manifest.json") == b"3"


def test_a_bucket_that_is_not_there_is_one_line(houselights: Houselights, films: Store, s3: str) -> None:
    assert "NoSuchBucket" in houselights("export", "--archive", "s3://nowhere-at-all/x").complaint


def test_a_place_that_is_not_there_has_no_files(folder: Path) -> None:
    place = FolderPlace(folder)
    assert place.names() == set()
    assert place.read("x") is None
    place.remove("windows/x")
    assert not folder.exists()
