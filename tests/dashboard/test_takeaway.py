"""What is taken away from a page: files whose figures are the screen's, and which say how they came about."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from audience.export.tables import Column, ExportTable
from audience.reaction.curve import stage_windows
from audience.window_table import WindowTable
from dashboard.charts.theme import LIGHT
from dashboard.download import Picture, Takeaway, zipped
from dashboard.lab.chart_svg import chart_svg
from tests.builders import a_camera, a_scorer, a_session, a_stage, a_timeline, a_window, an_exclusion
from tests.ticking import limit_s

SVG = "{http://www.w3.org/2000/svg}"
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


def a_chart(*values: float | None, **line: Any) -> dict[str, Any]:
    """A plot 100 pixels wide and high whose axes run from 0 to 10."""
    return {
        "dataset": {"source": pd.DataFrame({"x": range(len(values)), "y": pd.Series(values, dtype=float)})},
        "grid": {"left": 0, "top": 0, "width": 100, "height": 100},
        "xAxis": {"type": "value", "min": 0, "max": 10},
        "yAxis": {"type": "value", "min": 0, "max": 10},
        "series": {"type": "line", "encode": {"x": "x", "y": "y"}, "itemStyle": {"color": "#123456"}, **line},
    }


def drawn(options: dict[str, Any], alt: str = "A chart") -> ET.Element:
    return ET.fromstring(chart_svg(options, width=100, height=100, alt=alt))


def lines(root: ET.Element) -> list[list[tuple[float, float]]]:
    """The points of the curve's lines, in the figures of the axes."""
    return [
        [(float(x) / 10, 10 - float(y) / 10) for x, y in (point.split(",") for point in line.attrib["points"].split())]
        for line in root.iter(f"{SVG}polyline")
        if line.attrib["stroke"] == "#123456"
    ]


def a_takeaway(*tables: ExportTable, pictures: tuple[Picture, ...] = ()) -> Takeaway:
    stage = a_stage(timelines=[a_timeline(("One", 0, 5))], exclusions=[an_exclusion(2, 3)])
    windows = stage_windows(
        a_session(title="Harbour"),
        stage,
        [a_camera()],
        WindowTable.of(a_window(at, smiling=3, of=9) for at in range(9)),
    )
    return Takeaway(
        page="scenes",
        address="scenes?expression=smile",
        chosen={"expression": "smile", "smoothing_s": 5.0},
        tables=tables,
        pictures=pictures,
        stages=[windows],
        scorers={a_scorer().name: a_scorer()},
    )


def test_a_zip_holds_every_table_twice_every_picture_and_a_manifest_with_the_digest_of_each() -> None:
    picture = Picture(name="curve", options=a_chart(1, 2), width=100, height=100, alt="Rising")
    files = a_takeaway(a_table("One"), pictures=(picture,)).files(NOON)
    with zipfile.ZipFile(io.BytesIO(zipped(files, NOON))) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    names = {"scenes.csv", "scenes.parquet", "curve.svg", "dictionary.csv"}
    assert set(contents) == names | {"manifest.json"}
    manifest = json.loads(contents["manifest.json"])
    assert manifest["sha256"] == {name: hashlib.sha256(contents[name]).hexdigest() for name in names}


def test_the_manifest_says_what_was_chosen_whose_figures_they_are_and_what_was_left_out() -> None:
    manifest = json.loads(a_takeaway(a_table("One", "Two")).files(NOON)["manifest.json"])
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
    takeaway = a_takeaway(a_table("=1+1", "Harbour"))
    rows = list(csv.DictReader(io.StringIO(takeaway.file("scenes.csv").decode("utf-8-sig"))))
    table = pq.read_table(io.BytesIO(takeaway.file("scenes.parquet")))
    assert [row["segment"] for row in rows] == ["'=1+1", "Harbour"]
    assert table.column("segment").to_pylist() == ["=1+1", "Harbour"]
    assert [float(row["share"]) for row in rows] == table.column("share").to_pylist() == [0.25, 0.25]
    assert table.schema.field("share").metadata[b"unit"] == b"0..1"


def test_a_line_is_drawn_where_its_figures_are_and_breaks_where_there_are_none() -> None:
    assert lines(drawn(a_chart(1, 4, None, 2, 8.5))) == [[(0, 1), (1, 4)], [(3, 2), (4, 8.5)]]


def test_a_band_lies_between_its_bounds() -> None:
    options = a_chart(2, 3)
    shown = {"encode": {"x": "x", "y": "y"}, "type": "line", "stack": "band", "lineStyle": {"opacity": 0}}
    options["series"] = [shown, {**shown, "areaStyle": {"color": "rgba(214, 128, 32, 0.26)"}}]
    (area,) = drawn(options).iter(f"{SVG}polygon")
    assert area.attrib["points"] == "0.00,60.00 10.00,40.00 10.00,70.00 0.00,80.00"
    assert (area.attrib["fill"], area.attrib["fill-opacity"]) == ("rgb(214,128,32)", "0.26")


def test_a_cell_of_a_heat_map_has_the_colour_of_its_value_and_its_words() -> None:
    frame = pd.DataFrame({"a": ["x", "y"], "b": ["one", "one"], "v": [0.5, None], "told": ["50 %", "too few"]})
    options = {
        "dataset": {"source": frame},
        "grid": {"left": 0, "top": 0, "width": 100, "height": 100},
        "xAxis": {"type": "category", "data": ["x", "y"]},
        "yAxis": {"type": "category", "data": ["one"], "inverse": True},
        "visualMap": {"min": 0, "max": 1, "inRange": {"color": ["#000000", "#ff0080"]}, "text": ["100 %", "0 %"]},
        "series": {
            "type": "heatmap",
            "encode": {"x": "a", "y": "b", "value": "v"},
            "label": {"show": True, "formatter": "{@told}"},
        },
    }
    root = drawn(options)
    ground, *cells = [cell.attrib for cell in root.iter(f"{SVG}rect") if float(cell.attrib["height"]) > 20]
    assert ground["fill"] == LIGHT.paper
    assert [(cell["x"], cell["width"], cell["fill"]) for cell in cells] == [("1.00", "48.00", "#800040")]
    assert {"50 %", "too few", "0 %", "100 %"} <= {text.text for text in root.iter(f"{SVG}text")}


def test_a_name_longer_than_its_room_is_cut() -> None:
    options = a_chart()
    options["yAxis"] = {"type": "category", "data": ["A very long name of a scene", "Fog"], "axisLabel": {"width": 66}}
    assert {"A very lo…", "Fog"} <= {text.text for text in drawn(options).iter(f"{SVG}text")}


def test_a_legend_names_each_line_beside_its_dash() -> None:
    options = a_chart(1, 2, name="Festival cut", lineStyle={"color": "#123456", "type": "dashed"})
    root = drawn(options | {"legend": {"data": ["Festival cut"]}})
    dashes = [
        line.attrib["stroke-dasharray"] for line in root.iter(f"{SVG}polyline") if "stroke-dasharray" in line.attrib
    ]
    assert dashes == ["6 4", "6 4"]
    assert "Festival cut" in {text.text for text in root.iter(f"{SVG}text")}


def test_an_interval_is_a_bar_that_stands_on_one_that_cannot_be_seen() -> None:
    bar = {"type": "bar", "stack": "range", "barWidth": 10}
    options = a_chart()
    options["yAxis"] = {"type": "category", "data": ["one"]}
    options["series"] = [
        {**bar, "data": [[2, "one"]], "itemStyle": {"color": "transparent"}},
        {**bar, "data": [[5, "one"]], "itemStyle": {"color": "#123456"}},
        {"type": "scatter", "data": [[4, "one"]], "itemStyle": {"color": "#123456"}},
    ]
    root = drawn(options)
    _, box = root.iter(f"{SVG}rect")
    assert (box.attrib["x"], box.attrib["width"], box.attrib["y"]) == ("20.00", "50.00", "45.00")
    (dot,) = root.iter(f"{SVG}circle")
    assert (dot.attrib["cx"], dot.attrib["cy"]) == ("40.00", "50.00")


def test_a_series_that_cannot_be_drawn_is_refused_rather_than_left_out() -> None:
    with pytest.raises(ValueError, match="radar"):
        drawn(a_chart(1, type="radar"))


@given(title=st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))))
@example(title="\ufffe & ]]> <b>")
def test_titles_are_text_in_the_drawing_whatever_they_hold(title: str) -> None:
    options = a_chart(1) | {"title": [{"text": title, "top": 0}]}
    root = drawn(options, alt=title)
    title = title.replace("\ufffe", "").replace("\uffff", "")
    assert (root.findtext(f"{SVG}title") or "") == title
    assert title in {text.text or "" for text in root.iter(f"{SVG}text")}


def test_nothing_is_built_before_a_file_is_asked_for() -> None:
    def page() -> None:
        from dashboard.download import offer

        def build() -> None:
            raise AssertionError("built without being asked")

        offer(build, page="scenes", tables=["scenes"], pictures=["curve"])

    app = AppTest.from_function(page, default_timeout=limit_s()).run()
    assert not app.exception
    buttons = [button.proto for button in app.get("download_button")]
    # The page must not run again for a click either.
    assert all(button.ignore_rerun and button.deferred_file_id for button in buttons)
    labels = [button.label for button in buttons]
    assert labels == ["Everything (.zip)", "scenes.csv", "scenes.parquet", "curve.svg"]
