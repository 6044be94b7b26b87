"""What charts share: colours that stand out, axes, the words of their shading, and the files they become."""

from __future__ import annotations

import math
import re
import struct
from typing import Any
from xml.etree import ElementTree as ET

import altair as alt
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audience.errors import ExportFailed
from audience.reaction.curve import stage_windows
from audience.window_table import WindowTable
from bench.pages.contrast import contrast, laid, pairs
from dashboard.charts import render
from dashboard.charts.axes import clock_axis, finished, share_ticks, tiles
from dashboard.charts.heat_map import heat_map
from dashboard.charts.rows import IntervalAxis, IntervalRow, interval_rows
from dashboard.charts.theme import DARK, LIGHT, MOST_STYLES, dash
from dashboard.wording import legend
from tests.builders import a_session, a_stage, a_window
from tests.dashboard.charts import layers

SVG = "{http://www.w3.org/2000/svg}"


def test_what_the_shading_says_is_said_in_words_too() -> None:
    def said(*records: Any) -> str:
        return legend(stage_windows(a_session(), a_stage(), [], WindowTable.of(records)))

    seen = a_window(0, smiling=5, of=10)
    assert said(seen, a_window(1, of=0), a_window(3, smiling=2, of=3), a_window(4, smiling=5, of=10)) == (
        "Grey: nobody in view or no picture. Blue-grey: too few faces to show a share (fewer than 5)."
    )
    assert said(seen) == ""


# Axes


@pytest.mark.parametrize(
    ("hours", "second"), [(0.05, "0:30"), (0.5, "5:00"), (3, "30:00"), (30, "4:00:00"), (240, "24:00:00")]
)
def test_the_axis_reads_as_a_duration_however_long_it_is(hours: float, second: str) -> None:
    axis = clock_axis((0.0, hours * 3600)).to_dict()
    assert axis["labelExpr"].startswith(f'["0:00", "{second}"')
    assert 3 <= len(axis["values"]) <= 11


def test_what_was_seen_before_the_session_is_on_the_axis_and_has_no_label() -> None:
    assert clock_axis((-3.0, 5.0)).to_dict()["values"] == [0, 1, 2, 3, 4, 5]


@given(st.floats(0, 100))
def test_the_axis_of_shares_begins_at_zero_fits_its_data_and_has_whole_ticks(highest: float) -> None:
    ticks = share_ticks(highest)
    assert ticks[0] == 0
    assert highest <= ticks[-1] <= max(4, 2.5 * highest)
    assert all(tick == int(tick) for tick in ticks)
    assert len(set(np.diff(ticks))) == 1


def test_where_no_share_is_known_the_axis_is_the_whole_one() -> None:
    assert share_ticks(math.nan) == [0, 25, 50, 75, 100]


def test_a_pointer_is_over_the_nearest_place_and_there_is_no_room_between_two() -> None:
    from_s, until_s = tiles(np.array([2.0, 4.0, 8.0]))
    assert (from_s.tolist(), until_s.tolist()) == ([1, 3, 6], [3, 6, 10])
    assert [one.tolist() for one in tiles(np.array([2.0]))] == [[1.5], [2.5]]


# Colours


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_words_and_marks_stand_out_from_whatever_they_are_drawn_on(palette: Any) -> None:
    """WCAG 2.2, 1.4.11 and 1.4.3: graphics need a contrast of 3 to 1, text one of 4.5."""
    assert [(what, round(ratio, 2)) for what, ratio, least in pairs(palette) if ratio < least] == []


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast(laid("#ffffff"), laid("#000000")) == pytest.approx(21)
    assert contrast(laid("#ffffff"), laid("#777777")) == pytest.approx(4.48, abs=0.01)
    assert laid("#ffffff", "rgba(0, 0, 0, 0.5)") == pytest.approx((127.5, 127.5, 127.5))


def test_lines_of_a_style_of_their_own_differ_in_colour_and_their_neighbours_in_dash() -> None:
    assert len(set(LIGHT.lines)) == len(set(DARK.lines)) == MOST_STYLES
    assert all(dash(number) != dash(number + 1) for number in range(MOST_STYLES - 1))


# Rows and the heat map


def a_row(name: str = "Quay", **told: Any) -> IntervalRow:
    given = {
        "low": 20.0,
        "high": 60.0,
        "value": 40.0,
        "filled": True,
        "beside": "12 faces",
        "brief": "12",
        "said": "Quay",
    }
    return IntervalRow(name=name, **(given | told))


def rows_drawn(*rows: IntervalRow, width: int = 1200) -> ET.Element:
    axis = IntervalAxis(name="Synchrony", low=0, high=100, unit=" %")
    return ET.fromstring(render.svg(interval_rows(rows, axis, LIGHT), width=width, says=""))


def test_a_range_is_a_bar_from_its_lower_to_its_upper_bound_and_its_point_lies_on_the_same_axis() -> None:
    root = rows_drawn(a_row(), a_row("Dog", value=math.nan, low=math.nan, high=math.nan))
    (bar,) = [one for one in root.iter(f"{SVG}path") if one.get("fill") and "rgb(90, 84, 100)" in bar_fill(one)]
    left, width = (float(number) for number in re.match(r"M([\d.]+),[\d.]+h([\d.]+)", bar.attrib["d"]).groups())  # type: ignore[union-attr]
    (point,) = [one for one in root.iter(f"{SVG}path") if one.get("stroke") == LIGHT.curve and "A" in one.attrib["d"]]
    (at,) = re.findall(r"translate\(([\d.]+),", point.attrib["transform"])
    assert float(at) == pytest.approx(left + width / 2, abs=0.5)
    assert width == pytest.approx(0.4 * (1200 - 210 - 200), abs=1)


def bar_fill(one: ET.Element) -> str:
    """The colour of a shape as rgb(…), whatever its opacity."""
    return re.sub(r"rgba?\((\d+, ?\d+, ?\d+).*", r"rgb(\1)", one.attrib["fill"])


def test_a_name_longer_than_its_room_is_cut_and_what_stands_beside_is_shorter_on_a_phone() -> None:
    long = "A scene of a name that goes on and on and on"
    wide, narrow = rows_drawn(a_row(long)), rows_drawn(a_row(long), width=390)
    names = [next(text for text in texts_of(root) if text.startswith("A scene")) for root in (wide, narrow)]
    assert len(names[1]) < len(names[0]) < len(long)
    assert "12 faces" in texts_of(wide)
    assert "12 faces" not in texts_of(narrow)


def a_heat_map(*values: float, changes: bool = False) -> alt.LayerChart:
    cells = pd.DataFrame(
        {
            "row": 0,
            "column": range(len(values)),
            "value": values,
            "text": [f"{value:g} %" for value in values],
            "brief": [f"{value:g}" for value in values],
            "said": "Quay",
        }
    )
    return heat_map(cells, ["Quay"], [f"c{place}" for place in range(len(values))], LIGHT, changes=changes)


def test_a_cell_has_the_colour_of_its_value_on_a_scale_of_round_ends() -> None:
    root = ET.fromstring(render.svg(a_heat_map(0, 6, 12, math.nan), width=1200, says=""))
    fills = [one.attrib["fill"] for one in root.iter(f"{SVG}path") if one.get("stroke") == LIGHT.paper]
    assert len(fills) == 3
    assert fills[0] == "rgb(253, 246, 234)"
    assert {"0 %", "25 %"} <= set(texts_of(root)), "the ends of the scale"
    assert {"6 %", "12 %", "nan %", "Quay", "c3"} <= set(texts_of(root)), "words, also where there is no colour"


def test_changes_are_coloured_from_a_fall_to_a_rise_with_nothing_in_the_middle() -> None:
    root = ET.fromstring(render.svg(a_heat_map(-25, 0, 25, changes=True), width=1200, says=""))
    fills = [one.attrib["fill"] for one in root.iter(f"{SVG}path") if one.get("stroke") == LIGHT.paper]
    assert fills[1] == "rgb(251, 249, 245)"
    assert {"\N{MINUS SIGN}25 points", "+25 points"} <= set(texts_of(root))


# Files


def a_chart(*values: float | None, title: str = "") -> alt.LayerChart:
    """A line over values 0..10."""
    frame = pd.DataFrame({"x": range(len(values)), "y": pd.Series(values, dtype=float)})
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, 10]))
    return finished([alt.Chart(frame).mark_line(color="#123456").encode(x="x:Q", y=y)], LIGHT, height=100, title=title)


def texts_of(root: ET.Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def line_of(root: ET.Element) -> str:
    (line,) = [path.attrib["d"] for path in root.iter(f"{SVG}path") if path.get("stroke") == "#123456"]
    return line


def test_a_line_breaks_where_there_are_no_figures() -> None:
    assert line_of(ET.fromstring(render.svg(a_chart(1, 4, None, 2, 8.5), width=300, says=""))).count("M") == 2
    assert line_of(ET.fromstring(render.svg(a_chart(1, 4, 3, 2, 8.5), width=300, says=""))).count("M") == 1


def test_the_same_chart_makes_the_same_file() -> None:
    first, again = (render.svg(a_heat_map(1, 2), width=400, says="Rising") for _ in range(2))
    assert first == again


def test_a_file_is_as_wide_as_it_is_asked_for_and_draws_nothing_that_only_a_pointer_sees() -> None:
    chart = a_heat_map(1, 2)
    assert [layer["name"] for layer in layers(chart, "rect") if "name" in layer] == ["hover_cells"]
    root = ET.fromstring(render.svg(chart, width=400, says=""))
    assert root.attrib["width"] == "400"
    assert not [one for one in root.iter(f"{SVG}path") if one.get("opacity") == "0" and one.get("fill")]


def test_a_png_is_twice_as_wide_for_screens_of_small_pixels() -> None:
    picture = render.png(a_chart(1, 2), width=300)
    assert picture[1:4] == b"PNG"
    assert struct.unpack(">I", picture[16:20])[0] == 600


def test_more_rows_than_altair_takes_are_drawn_all_the_same() -> None:
    drawn = line_of(ET.fromstring(render.svg(a_chart(*([5.0] * 6000)), width=300, says="")))
    assert drawn.count("L") == 5999


def test_letters_are_as_wide_as_in_the_typeface_of_the_pages() -> None:
    """What is cut was measured: in a typeface that is not found it would be cut elsewhere."""
    (name,) = [text for text in texts_of(rows_drawn(a_row("W" * 60))) if text.startswith("WWW")]
    assert 14 <= len(name) <= 24


@settings(max_examples=2, deadline=None)
@given(titles=st.lists(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))), min_size=30, max_size=60))
@example(titles=["\ufffe & ]]> <b>", "' + now() + \"\\", "", "\u202eback", "\U0001f600" * 60])
def test_titles_are_text_in_the_drawing_whatever_they_hold(titles: list[str]) -> None:
    chart = interval_rows([a_row(title) for title in titles], IntervalAxis(name=titles[0], low=0, high=1), LIGHT)
    root = ET.fromstring(render.svg(chart, width=900, says=titles[0]))
    assert (root.findtext(f"{SVG}title") or "") == titles[0].replace("\ufffe", "").replace("\uffff", "")


def test_a_chart_that_cannot_be_drawn_is_refused_in_one_line() -> None:
    chart = a_chart(1, 2)
    chart.layer[0].encoding.y.axis = alt.Axis(labelExpr="nothing(")
    with pytest.raises(ExportFailed, match="could not be drawn as PNG"):
        render.png(chart, width=300)
