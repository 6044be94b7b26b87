"""What is taken away from a page: files whose figures are the screen's, and which say how they came about."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime

import pandas as pd
import pyarrow.parquet as pq
from streamlit.testing.v1 import AppTest

from audience.comparing.planning import Plan
from audience.export.tables import Column, ExportTable
from audience.reaction.curve import stage_windows
from audience.window_table import WindowTable
from dashboard.charts.planner import planner_chart
from dashboard.charts.theme import LIGHT
from dashboard.download import DownloadBundle, Picture, zipped
from tests.builders import a_camera, a_scorer, a_session, a_stage, a_timeline, a_window, an_exclusion
from tests.ticking import limit_s

NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)


def a_table(*titles: str) -> ExportTable:
    return ExportTable(
        name="scenes",
        columns=(
            Column(name="segment", unit="", meaning="The scene."),
            Column(name="share", unit="0..1", meaning="Share of faces."),
        ),
        values=(list(titles), [0.25] * len(titles)),
    )


def a_picture() -> Picture:
    plan = Plan(share=0.2, power=0.8, faces_a_screening=30, alike_together=0.05, looks=1, alike_over_time=0.3)
    return Picture(name="curve", chart=planner_chart(plan, 12, LIGHT), width=100, alt="Rising")


def a_bundle(*tables: ExportTable, pictures: tuple[Picture, ...] = ()) -> DownloadBundle:
    stage = a_stage(timelines=[a_timeline(("One", 0, 5))], exclusions=[an_exclusion(2, 3)])
    windows = stage_windows(
        a_session(title="Harbour"),
        stage,
        [a_camera()],
        WindowTable.of(a_window(at, smiling=3, of=9) for at in range(9)),
    )
    return DownloadBundle(
        page="scenes",
        address="scenes?expression=smile",
        chosen={"expression": "smile", "smoothing_s": 5.0},
        tables=tables,
        pictures=pictures,
        stages=[windows],
        scorers={a_scorer().name: a_scorer()},
    )


def test_a_zip_holds_every_table_twice_every_picture_and_a_manifest_with_the_digest_of_each() -> None:
    files = a_bundle(a_table("One"), pictures=(a_picture(),)).files(NOON)
    with zipfile.ZipFile(io.BytesIO(zipped(files, NOON))) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    names = {"scenes.csv", "scenes.parquet", "curve.svg", "curve.png", "dictionary.csv"}
    assert set(contents) == names | {"manifest.json"}
    manifest = json.loads(contents["manifest.json"])
    assert manifest["sha256"] == {name: hashlib.sha256(contents[name]).hexdigest() for name in names}


def test_the_manifest_says_what_was_chosen_whose_figures_they_are_and_what_was_left_out() -> None:
    manifest = json.loads(a_bundle(a_table("One", "Two")).files(NOON)["manifest.json"])
    assert manifest["made_at"] == "2026-05-06T12:00:00.000Z"
    assert manifest["chosen"] == {"expression": "smile", "smoothing_s": 5.0}
    assert manifest["address"] == "scenes?expression=smile"
    assert manifest["tables"]["scenes"]["rows"] == 2
    assert manifest["tables"]["scenes"]["columns"]["share"] == {"unit": "0..1", "meaning": "Share of faces."}
    (session,) = manifest["sessions"]
    assert session["title"] == "Harbour"
    assert session["stages"][0]["exclusions"][0]["title"] == "Projector failed"
    assert session["stages"][0]["exclusions"][0]["by"] == "Ada"
    assert manifest["scorers"][0]["name"] == a_scorer().name
    assert manifest["scorers"][0]["thresholds"]["smile"] == 0.5


def test_csv_and_parquet_hold_the_same_figures_and_no_formula_runs_in_the_first() -> None:
    bundle = a_bundle(a_table("=1+1", "Harbour"))
    rows = list(csv.DictReader(io.StringIO(bundle.file("scenes.csv").decode("utf-8-sig"))))
    table = pq.read_table(io.BytesIO(bundle.file("scenes.parquet")))
    assert [row["segment"] for row in rows] == ["'=1+1", "Harbour"]
    assert table.column("segment").to_pylist() == ["=1+1", "Harbour"]
    assert [float(row["share_0to1"]) for row in rows] == table.column("share").to_pylist() == [0.25, 0.25]
    assert table.schema.field("share").metadata[b"unit"] == b"0..1"


def test_nothing_is_built_before_a_file_is_asked_for() -> None:
    def page() -> None:
        from dashboard.download import offer

        def build() -> None:
            raise AssertionError("built without being asked")

        offer(build, page="scenes", first="Table of the scenes", tables=["scenes"], pictures=["curve"])

    app = AppTest.from_function(page, default_timeout=limit_s()).run()
    assert not app.exception
    buttons = [button.proto for button in app.get("download_button")]
    # The page must not run again for a click either.
    assert all(button.ignore_rerun and button.deferred_file_id for button in buttons)
    labels = [button.label for button in buttons]
    assert labels[0].startswith("Table of the scenes")
    assert labels[-4:] == ["scenes.csv", "scenes.parquet", "curve.svg", "curve.png"]
    assert len(labels) == 8, "three named choices, everything, and every file"


def test_the_csvs_of_a_zip_keep_the_names_that_their_dictionary_has() -> None:
    files = a_bundle(a_table("One"), pictures=(a_picture(),)).files(NOON, endings=("csv",))
    assert set(files) == {"scenes.csv", "dictionary.csv", "manifest.json"}
    rows = list(csv.DictReader(io.StringIO(files["scenes.csv"].decode("utf-8-sig"))))
    named = list(csv.DictReader(io.StringIO(files["dictionary.csv"].decode("utf-8-sig"))))
    assert [one["name"] for one in named] == list(rows[0])


def test_statistics_programs_get_labels_with_the_unit_and_instants_as_such() -> None:
    at = Column(name="from_utc", unit="ISO 8601, UTC", meaning="When.")
    table = a_table("Quay", "")
    table = ExportTable(
        name="scenes",
        columns=(*table.columns, at),
        values=(*table.values[:1], [0.25, None], ["2026-05-06T12:00:00.000Z", None]),
    )
    files = a_bundle(table).files(NOON, endings=("dta", "parquet"))
    with pd.read_stata(io.BytesIO(files["scenes.dta"]), iterator=True) as reader:
        labels, rows = reader.variable_labels(), reader.read()
    assert labels["share"] == "0..1: Share of faces."
    assert rows["segment"].tolist() == ["Quay", ""]
    assert rows["share"][0] == 0.25
    assert rows["share"].isna().tolist() == [False, True]
    assert rows["from_utc"][0] == pd.Timestamp("2026-05-06 12:00")
    assert "scenes.parquet" in files


def test_statistics_programs_get_tables_without_rows_too() -> None:
    rows = pd.read_stata(io.BytesIO(a_bundle(a_table()).files(NOON, endings=("dta",))["scenes.dta"]))
    assert rows.columns.tolist() == ["segment", "share"]
    assert len(rows) == 0
