"""`houselights export`: what an analyst opens."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from audience.export.files import escape_formula
from audience.export.tables import Column
from audience.faces import Box
from audience.store import Store
from tests.builders import (
    a_face,
    a_scorer,
    a_session,
    a_stage,
    a_timeline,
    a_transcript,
    a_window,
    after_ms,
    an_annotation,
    an_exclusion,
    faces,
    window_faces,
)
from tests.houselights.conftest import Houselights

CURVE_COLUMNS = (
    "session_id,stage_id,window_start_utc,session_s,timeline_s,segment,expression,share,share_low,share_high,"
    "corrected_share,corrected_low,corrected_high,level,scored,faces,coverage,scorer,excluded"
)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def talk(store: Store) -> Store:
    """Ten faces of which four smile, then nobody, then a gap, then three faces; two slides."""
    store.put_session(a_session("talk-1", title="Talk, one"))
    store.put_stage("talk-1", a_stage(timelines=[a_timeline(("=SUM(A1)", 0, 2), ("Close", 2, 10))]))
    store.put_scorer(a_scorer())
    windows = [a_window(0, smiling=4, of=10), a_window(1), a_window(3, smiling=2, of=3)]
    store.put_windows(windows, [window_faces(0, seen=faces(0.9, 0.1)), window_faces(3, seen=faces(0.9))])
    return store


def test_the_curve_has_a_row_for_every_window_the_empty_ones_too(
    houselights: Houselights, talk: Store, tmp_path: Path
) -> None:
    assert houselights("export", "talk-1", "--out", tmp_path / "out").code == 0
    text = (tmp_path / "out" / "curve.csv").read_text(encoding="utf-8-sig")
    assert text.splitlines()[0] == CURVE_COLUMNS
    rows = rows_of(tmp_path / "out" / "curve.csv")
    assert [(row["session_s"], row["faces"], row["share"]) for row in rows] == [
        ("0.0", "10", "0.4"),
        ("1.0", "0", ""),
        ("2.0", "", ""),
        ("3.0", "3", ""),
    ]
    assert [row["segment"] for row in rows] == ["'=SUM(A1)", "'=SUM(A1)", "Close", "Close"]
    low, high = float(rows[0]["share_low"]), float(rows[0]["share_high"])
    assert (round(low, 3), round(high, 3)) == (0.168, 0.687)


def test_windows_of_few_faces_carry_the_count_and_no_figure_unless_asked(
    houselights: Houselights, talk: Store, tmp_path: Path
) -> None:
    ended = houselights("export", "talk-1", "--out", tmp_path / "five")
    assert "fewer than 5" in ended.err
    houselights("export", "talk-1", "--out", tmp_path / "one", "--min-faces", 1)
    assert rows_of(tmp_path / "five" / "curve.csv")[3]["share"] == ""
    assert float(rows_of(tmp_path / "one" / "curve.csv")[3]["share"]) == pytest.approx(2 / 3, abs=1e-4)


def test_single_tracks_have_expressions_only_where_single_faces_may_be_shown(
    houselights: Houselights, talk: Store, tmp_path: Path
) -> None:
    houselights("export", "talk-1", "--out", tmp_path / "five")
    houselights("export", "talk-1", "--out", tmp_path / "one", "--min-faces", 1)
    five, one = rows_of(tmp_path / "five" / "tracks.csv"), rows_of(tmp_path / "one" / "tracks.csv")
    assert [row["track_id"] for row in five] == ["t1", "t2"]
    assert five[0]["windows"] == "2"
    assert not any("level" in name for name in five[0])
    assert float(one[0]["smile_level"]) == pytest.approx(0.9, abs=1e-4)


def test_tracks_have_no_time_and_place_where_single_faces_are_withheld(
    houselights: Houselights, talk: Store, tmp_path: Path
) -> None:
    """Who came at which second would help to take their face from the sums around it."""
    seat = Box(left=0.5, top=0.3, width=0.1, height=0.137)
    for at in range(123, 793):
        late = a_face("late", at_ms=after_ms(at), box=seat, quality=0.834)
        talk.put_windows([], [window_faces(at, seen=[late])])
    rows = []
    for limit in (5, 1):
        houselights("export", "talk-1", "--out", tmp_path / str(limit), "--min-faces", limit)
        rows += [row for row in rows_of(tmp_path / str(limit) / "tracks.csv") if row["track_id"] == "late"]
    told = [(row["first_seen_utc"][11:19], row["last_seen_utc"][11:19], row["windows"]) for row in rows]
    assert told == [("19:30:00", "19:40:00", "600"), ("19:32:03", "19:43:12", "670")]
    assert [(float(row["face_height"]), float(row["quality"])) for row in rows] == [(0.1, 0.8), (0.137, 0.834)]


def test_a_second_in_which_nearly_nobody_of_a_few_smiles_has_a_range_and_no_share(
    houselights: Houselights, talk: Store, tmp_path: Path
) -> None:
    talk.put_windows([a_window(at, smiling=at % 3, of=10) for at in range(10, 16)])
    houselights("export", "talk-1", "--out", tmp_path)
    rows = rows_of(tmp_path / "curve.csv")[10:16]
    assert {(row["share"], row["share_high"]) for row in rows if row["share"] == ""} == {("", "0.2")}
    assert [bool(row["share"]) for row in rows] == [False, True, False] * 2
    assert all(bool(row["level"]) == bool(row["share"]) for row in rows)


def test_what_somebody_left_out_has_no_figure_in_any_file_and_says_who_left_it_out(
    houselights: Houselights, talk: Store, tmp_path: Path
) -> None:
    left_out = [an_exclusion(0, 0.5, title="=Projector failed")]
    talk.put_stage("talk-1", a_stage(exclusions=left_out, annotations=[an_annotation(3)]))
    houselights("export", "talk-1", "--out", tmp_path, "--min-faces", 1)
    curve = rows_of(tmp_path / "curve.csv")
    assert [(row["share"], row["faces"], row["excluded"]) for row in curve[:2]] == [
        ("", "10", "'=Projector failed"),
        ("", "0", ""),
    ]
    assert float(curve[3]["share"]) == pytest.approx(2 / 3, abs=1e-4)
    assert [(row["track_id"], row["windows"]) for row in rows_of(tmp_path / "tracks.csv")] == [("t1", "1")]
    notes = rows_of(tmp_path / "notes.csv")
    assert [(row["title"], row["by"], row["until_utc"]) for row in notes] == [
        ("'=Projector failed", "Ada", "2026-05-04T19:30:00.500Z"),
        ("Door slammed", "Ada", ""),
    ]


def test_what_was_said_is_a_table_of_its_own(houselights: Houselights, talk: Store, tmp_path: Path) -> None:
    talk.put_transcript("talk-1", "main", a_transcript((0, 1.5, "Welcome."), (1.5, 4, "=1+1, she said")))
    assert houselights("export", "talk-1", "--out", tmp_path).code == 0
    rows = rows_of(tmp_path / "transcript.csv")
    assert [(row["stage_id"], row["start_s"], row["end_s"]) for row in rows] == [
        ("main", "0.0", "1.5"),
        ("main", "1.5", "4.0"),
    ]
    assert [row["text"].lstrip("'") for row in rows] == ["Welcome.", "=1+1, she said"]
    talk.delete_transcript("talk-1", "main")
    assert houselights("export", "talk-1", "--out", tmp_path).code == 0
    assert rows_of(tmp_path / "transcript.csv") == []


def test_what_lies_far_outside_the_session_is_in_no_file_and_that_is_reported(
    houselights: Houselights, talk: Store, tmp_path: Path
) -> None:
    houselights("export", "talk-1", "--out", tmp_path / "before")
    seen = window_faces(seen=[a_face("stray", at_ms=5000)])
    stray = a_window(start_ms=5000, of=2, camera_id="cam-9", scorer="another 1")
    talk.put_windows([stray], [replace(seen, start_ms=5000, camera_id="cam-9")])
    ended = houselights("export", "talk-1", "--out", tmp_path / "after")
    assert "1 window far outside" in ended.err
    for name in ("curve.csv", "tracks.csv"):
        assert (tmp_path / "after" / name).read_bytes() == (tmp_path / "before" / name).read_bytes()
    (stage,) = json.loads((tmp_path / "after" / "manifest.json").read_text())["stages"]
    assert stage["windows_outside_the_session"] == {"cam-9": 1}


def test_the_dictionary_explains_every_column_and_names_what_is_experimental(
    houselights: Houselights, talk: Store, tmp_path: Path
) -> None:
    houselights("export", "talk-1", "--out", tmp_path)
    explained = {(row["file"], row["name"]): row["meaning"] for row in rows_of(tmp_path / "dictionary.csv")}
    for table in ("curve", "tracks", "notes"):
        with (tmp_path / f"{table}.csv").open(newline="", encoding="utf-8-sig") as file:
            assert {(table, name) for name in next(csv.reader(file))} <= explained.keys()
    assert "fear" in explained["curve", "expression"]


def test_the_manifest_says_what_made_the_figures_and_checks_the_files(
    houselights: Houselights, talk: Store, tmp_path: Path
) -> None:
    houselights("export", "talk-1", "--out", tmp_path, "--format", "csv,parquet")
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["scorers"][0]["thresholds"]["smile"] == a_scorer().thresholds["smile"]
    assert manifest["scorers"][0]["model_sha256"] == "ab" * 32
    assert manifest["scorers"][0]["experimental"] == ["fear"]
    assert set(manifest["sha256"]) == {
        "curve.csv", "tracks.csv", "notes.csv", "transcript.csv", "dictionary.csv",
        "curve.parquet", "tracks.parquet", "notes.parquet", "transcript.parquet",
    }  # fmt: skip
    for name, digest in manifest["sha256"].items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest


def test_parquet_holds_the_same_rows_with_units(houselights: Houselights, talk: Store, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    houselights("export", "talk-1", "--out", tmp_path, "--format", "csv,parquet")
    table = pq.read_table(tmp_path / "curve.parquet")
    assert table.column("share").to_pylist() == [0.4, None, None, None]
    assert table.column("segment").to_pylist()[0] == "=SUM(A1)", "only spreadsheets run formulas"
    assert table.schema.field("session_s").metadata[b"unit"] == b"s"
    assert [row["session_s"] for row in rows_of(tmp_path / "curve.csv")] == [
        str(value) for value in table.column("session_s").to_pylist()
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_a_cell_that_a_spreadsheet_would_run_is_defused(start: str) -> None:
    assert escape_formula(start + "cmd|' /C calc'!A0") == "'" + start + "cmd|' /C calc'!A0"


def test_numbers_are_left_as_they_are() -> None:
    assert escape_formula(-0.5) == -0.5


def test_a_session_that_is_not_there_is_one_line(houselights: Houselights, tmp_path: Path) -> None:
    complaint = houselights("export", "nowhere", "--out", tmp_path / "out").complaint
    assert "houselights sessions" in complaint
    assert not (tmp_path / "out").exists()


def test_an_export_that_cannot_be_written_leaves_nothing_half_there(
    houselights: Houselights, talk: Store, tmp_path: Path
) -> None:
    blocked = tmp_path / "out"
    blocked.mkdir()
    (blocked / "tracks.csv").mkdir()
    (blocked / "tracks.csv" / "x").touch()
    assert "--out" in houselights("export", "talk-1", "--out", blocked).complaint
    assert not list(blocked.glob(".*.part"))


def test_an_unknown_format_is_one_line(houselights: Houselights, talk: Store, tmp_path: Path) -> None:
    assert "xlsx" in houselights("export", "talk-1", "--out", tmp_path, "--format", "xlsx").complaint


def test_every_table_has_the_same_columns_of_the_same_types_whatever_the_session_holds(
    houselights: Houselights, talk: Store, tmp_path: Path
) -> None:
    import pyarrow as pa
    import pyarrow.dataset as ds

    talk.put_stage("talk-1", a_stage(exclusions=[an_exclusion(0, 0.5)], annotations=[an_annotation(3)]))
    talk.put_session(a_session("talk-2"))
    talk.put_stage("talk-2", a_stage(annotations=[an_annotation(1)]))
    talk.put_session(a_session("empty"))
    talk.put_stage("empty", a_stage())
    for name in ("talk-1", "talk-2", "empty"):
        houselights("export", name, "--out", tmp_path / name, "--format", "parquet", "--min-faces", 1)
    for table in ("curve", "tracks", "notes"):
        files = sorted(tmp_path.glob(f"*/{table}.parquet"))
        first, *others = (ds.dataset(file).schema for file in files)
        assert all(first.equals(other) for other in others)
        assert not any(pa.types.is_null(field.type) for field in first)
        instants = [field.type for field in first if field.name.endswith("_utc")]
        assert instants
        assert set(instants) == {pa.timestamp("ms", tz="UTC")}
        rows = ds.dataset(files).to_table().num_rows
        assert len(duckdb.read_parquet([str(file) for file in files])) == rows


def test_csv_says_its_text_is_utf_8_and_names_its_units_where_asked(
    houselights: Houselights, talk: Store, tmp_path: Path
) -> None:
    talk.put_stage("talk-1", a_stage(annotations=[an_annotation(1, "Öffnung")]))
    houselights("export", "talk-1", "--out", tmp_path / "plain")
    houselights("export", "talk-1", "--out", tmp_path / "other", "--no-bom", "--units")
    for name in ("curve", "tracks", "notes", "dictionary"):
        assert (tmp_path / "plain" / f"{name}.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    plain, other = (tmp_path / folder / "notes.csv" for folder in ("plain", "other"))
    assert other.read_bytes().startswith(b"session_id,")
    assert rows_of(other)[0]["from_utc"] == "ISO 8601, UTC"
    assert rows_of(other)[1:] == rows_of(plain)
    assert rows_of(plain)[0]["title"] == "Öffnung"


@pytest.mark.parametrize(
    ("unit", "figure", "written"),
    [("0..1", 2 / 3, 0.6667), ("s", 1.00049, 1.0), ("faces", 4 / 3, 1.33), ("0..1", 1, 1)],
)
def test_a_figure_has_as_many_digits_as_it_deserves(unit: str, figure: float, written: float) -> None:
    assert Column(name="it", unit=unit, meaning="A figure.").rounded(figure) == written
