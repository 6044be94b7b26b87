"""`houselights export --archive`: every session as Parquet, kept up to date, read by DuckDB as Athena reads it."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock
from uuid import uuid4

import boto3
import pyarrow.parquet as pq
import pytest

from audience.reaction.curve import overall_share, stage_windows
from audience.store import Store
from audience.window_table import WindowTable
from houselights.archiving import run
from houselights.archiving.places import FolderPlace, open_place
from houselights.archiving.run import archive
from houselights.archiving.tables import segments_file, windows_file
from houselights.local_cloud.moto_server import running_moto
from tests.builders import a_head_count, a_scorer, a_session, a_stage, a_timeline, a_window, after, an_exclusion
from tests.houselights.archives import QUERY, opened, view
from tests.houselights.conftest import Houselights

MANY, FEW = 10, 3
SCENES = a_timeline(("Quay", 0, 60), ("It's home; '", 60, 120), title="Scenes")


def put_screening(store: Store, number: int, *, smiling: int = 4, of: int = MANY, cut: str = "Long") -> None:
    """Two minutes of one cut of a film, in which as many smile throughout."""
    session_id = f"ferry-{number}"
    session = replace(a_session(session_id, ended_at=after(120)), film='Ferry "é" / 100%', cut=cut, tags=("paid",))
    store.put_session(session)
    store.put_stage(session_id, a_stage(timelines=[SCENES]))
    store.put_windows([a_window(at, smiling=smiling, of=of, session_id=session_id) for at in range(120)])


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


def files_in(folder: Path) -> dict[str, int]:
    """Every file of a folder, with when it was written."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()
    }


def test_every_session_is_in_the_archive_by_month_with_sums_that_give_the_share_of_the_page(
    houselights: Houselights, films: Store, folder: Path
) -> None:
    ended = houselights("export", "--archive", folder)
    assert ended.code == 0
    assert "3 sessions, 8 files written, 0 removed" in ended.out
    assert "windows/month=2026-05/ferry-1.parquet" in files_in(folder)
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
        pq.read_table(io.BytesIO(content)).column("smile_over").to_pylist()
        for content in (windows_file([windows]) or b"", segments_file([windows]) or b"")
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


def test_unchanged_files_are_not_written_again(houselights: Houselights, films: Store, folder: Path) -> None:
    houselights("export", "--archive", folder)
    before = files_in(folder)
    put_screening(films, 9)
    assert "4 sessions, 3 files written, 0 removed" in houselights("export", "--archive", folder).out
    after_ = files_in(folder)
    changed = {name for name in after_ if before.get(name) != after_[name]}
    assert changed == {
        "manifest.json",
        "sessions/sessions.parquet",
        "segments/month=2026-05/ferry-9.parquet",
        "windows/month=2026-05/ferry-9.parquet",
    }


def test_a_window_that_came_late_is_in_the_archive_the_next_time(
    houselights: Houselights, films: Store, folder: Path
) -> None:
    houselights("export", "--archive", folder)
    films.put_windows([a_window(30, smiling=5, of=5, camera_id="cam-2", session_id="ferry-1")])
    houselights("export", "--archive", folder)
    most = opened(folder).sql("SELECT MAX(faces) FROM windows WHERE session_id = 'ferry-1'").fetchall()
    assert most == [(MANY + 5,)]


def test_a_session_that_was_deleted_or_has_expired_is_removed(
    houselights: Houselights, films: Store, folder: Path
) -> None:
    films.put_session(a_session("brief-1"))
    films.put_stage("brief-1", a_stage())
    films.put_windows([a_window(at, of=9, session_id="brief-1", expires_ms=1) for at in range(10)])
    houselights("export", "--archive", folder)
    assert "windows/month=2026-05/brief-1.parquet" in files_in(folder)
    films.delete_session("ferry-1")
    films.prune(2)
    assert "1 file written, 3 removed" in houselights("export", "--archive", folder).out
    left = files_in(folder)
    assert not [name for name in left if "ferry-1" in name or "brief-1" in name]
    assert "ferry-1" not in (folder / "manifest.json").read_text()
    assert ("ferry-1",) not in opened(folder).sql("SELECT session_id FROM sessions").fetchall()


def test_a_session_that_began_in_another_month_than_was_thought_is_there_once(
    houselights: Houselights, films: Store, folder: Path
) -> None:
    houselights("export", "--archive", folder)
    films.put_session(replace(films.session("ferry-1"), started_at=after(-3.9 * 86400)))
    houselights("export", "--archive", folder)
    assert opened(folder).sql("SELECT DISTINCT month FROM windows WHERE session_id = 'ferry-1'").fetchall() == [
        ("2026-04",)
    ]


def test_a_run_that_is_stopped_leaves_whole_files_and_the_next_one_goes_on(films: Store, folder: Path) -> None:
    def stop(done: int, of: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        archive(films, FolderPlace(folder), on_session=stop)
    assert len([name for name in files_in(folder) if name.startswith("windows/")]) == 1
    assert opened(folder).sql("SELECT COUNT(*) FROM windows").fetchall() == [(120,)]
    (folder / "windows" / "month=2026-05" / ".ferry-2.parquet.part").touch()
    done = archive(films, FolderPlace(folder), on_session=lambda done, of: None)
    assert (done.sessions, done.written, done.removed) == (3, 4, 1)


def test_ctrl_c_says_how_to_go_on(
    houselights: Houselights, films: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(run, "segments_file", Mock(side_effect=KeyboardInterrupt))
        ended = houselights("export", "--archive", folder)
    assert ended.code == 130
    assert "Run the same command again" in ended.err
    assert "3 sessions" in houselights("export", "--archive", folder).out


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
    assert "ferry-1 is not in the archive" in ended.err
    read = opened(folder).sql("SELECT DISTINCT session_id FROM windows ORDER BY ALL").fetchall()
    assert read == [("ferry-2",), ("ferry-3",)]


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
    "manifest", ["", "{", "[" * 100_000, "[]", '{"format":1}', '{"format":2,"store":"s","files":{}}']
)
def test_an_archive_whose_manifest_somebody_broke_is_left_alone(
    houselights: Houselights, films: Store, folder: Path, manifest: str
) -> None:
    folder.mkdir()
    (folder / "manifest.json").write_text(manifest)
    assert "manifest.json" in houselights("export", "--archive", folder).complaint
    assert files_in(folder).keys() == {"manifest.json"}


def test_an_invalid_digest_is_reported_and_not_accepted(houselights: Houselights, films: Store, folder: Path) -> None:
    houselights("export", "--archive", folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = {name: None for name in manifest["files"]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert "manifest.json" in houselights("export", "--archive", folder).complaint


def test_the_manifest_explains_every_column_and_checks_every_file(
    houselights: Houselights, films: Store, folder: Path
) -> None:
    houselights("export", "--archive", folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["min_faces"] == 5
    assert all(column["meaning"] for columns in manifest["tables"].values() for column in columns)
    assert manifest["files"].keys() == files_in(folder).keys() - {"manifest.json"}
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_the_query_for_athena_ranks_the_scenes(houselights: Houselights, films: Store, folder: Path) -> None:
    houselights("export", "--archive", folder)
    found = opened(folder).sql(QUERY.read_text())
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
    assert {(row["cut"], row["segment"], row["screenings"]) for row in rows} == {
        (cut, segment.title, 1) for cut in ("Long", "Short") for segment in SCENES.segments
    }
    assert [row["share"] for row in rows] == [0.4] * 4


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
    for name, value in (("ACCESS_KEY_ID", "test"), ("SECRET_ACCESS_KEY", "test"), ("DEFAULT_REGION", "eu-west-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    with running_moto() as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        bucket = f"archive-{uuid4()}"
        boto3.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield bucket


def test_an_archive_in_s3_holds_the_same_files_and_is_kept_up_to_date_alike(
    houselights: Houselights, films: Store, folder: Path, s3: str
) -> None:
    client = boto3.client("s3")
    client.put_object(Bucket=s3, Key="other/file", Body=b"not ours")
    client.put_object(Bucket=s3, Key="deep/archive/")  # a folder that was made in S3's console
    where = f"s3://{s3}/deep/archive/"
    assert "8 files written" in houselights("export", "--archive", where).out
    houselights("export", "--archive", folder)
    place, folder = open_place(where), FolderPlace(folder)
    assert place.names() == folder.names()
    assert all(place.read(name) == folder.read(name) for name in folder.names())
    films.delete_session("ferry-2")
    assert "1 file written, 2 removed" in houselights("export", "--archive", where).out
    keys = {one["Key"] for one in client.list_objects_v2(Bucket=s3)["Contents"]}
    assert "deep/archive/windows/month=2026-05/ferry-1.parquet" in keys
    assert "other/file" in keys
    assert not [key for key in keys if "ferry-2" in key]


def test_a_bucket_that_is_not_there_is_one_line(houselights: Houselights, films: Store, s3: str) -> None:
    assert "NoSuchBucket" in houselights("export", "--archive", "s3://nowhere-at-all/x").complaint


def test_a_place_that_is_not_there_has_no_files(folder: Path) -> None:
    place = FolderPlace(folder)
    assert place.names() == set()
    assert place.read("x") is None
    place.remove("windows/x")
    assert not folder.exists()
