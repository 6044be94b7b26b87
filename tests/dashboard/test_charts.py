"""The chart's options: gaps, bands, words of the hover; no browser and no Streamlit."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import numpy as np
import pytest

from audience.curve import StageWindows, reaction_curve, stage_windows
from audience.sessions import Stage
from audience.window_table import WindowTable
from audience.windows import WindowRecord
from dashboard.chart_axes import time_axis
from dashboard.chart_bands import legend
from dashboard.chart_rows import chart_rows
from dashboard.charts import session_chart
from dashboard.palette import DARK, LIGHT
from tests.builders import a_cue, a_head_count, a_session, a_stage, a_timeline, a_window


def laid_out(records: list[WindowRecord], stage: Stage | None = None, mode: Any = "expressions") -> StageWindows:
    return stage_windows(a_session(mode=mode), stage or a_stage(), [], WindowTable.of(records))


def chart(windows: StageWindows, *, heads: bool = False) -> dict[str, Any]:
    curve = None if heads else reaction_curve(windows, "smile")
    return session_chart(windows, curve, name="Share", palette=LIGHT, zone=UTC, height=450)


def series(options: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in options["series"] if one["id"] == name)


def named_bands(options: dict[str, Any], name: str = "curve") -> list[tuple[str, float, float]]:
    return [(start["name"], start["xAxis"], end["xAxis"]) for start, end in series(options, name)["markArea"]["data"]]


WITH_GAPS = [
    a_window(0, smiling=5, of=10),
    a_window(1, of=0),
    a_window(3, smiling=2, of=3),
    a_window(4, smiling=5, of=10),
    a_window(5, smiling=10, of=20),
]


def test_windows_without_a_figure_are_null_never_zero() -> None:
    rows = chart_rows(laid_out(WITH_GAPS), reaction_curve(laid_out(WITH_GAPS), "smile"), UTC)
    assert np.isnan(rows["share"]).tolist() == [False, True, True, True, False, False]
    assert np.isnan(rows["low"]).tolist() == np.isnan(rows["band"]).tolist() == np.isnan(rows["share"]).tolist()


def test_the_line_is_told_to_break_where_there_is_no_figure() -> None:
    options = chart(laid_out(WITH_GAPS))
    assert all(one["connectNulls"] is False for one in options["series"] if one["type"] == "line")


def test_a_figure_without_neighbours_is_drawn_as_a_dot() -> None:
    windows = laid_out(WITH_GAPS)
    rows = chart_rows(windows, reaction_curve(windows, "smile"), UTC)
    assert (~np.isnan(rows["lone"])).tolist() == [True, False, False, False, False, False]


def test_the_hover_says_why_there_is_no_figure() -> None:
    windows = laid_out(WITH_GAPS)
    rows = chart_rows(windows, reaction_curve(windows, "smile"), UTC)
    assert rows["said"].tolist() == [
        "50 % (24 to 76 %)",
        "Nobody in view",
        "No camera looked",
        "Too few faces for a share (fewer than 5)",
        "50 % (24 to 76 %)",
        "50 % (30 to 70 %)",
    ]


def test_the_hover_gives_the_place_in_what_was_shown_the_clock_and_the_segment() -> None:
    stage = a_stage(timelines=[a_timeline(("Opening", 0, 60))], cues=[a_cue(2, 0)])
    windows = laid_out([a_window(at, smiling=5, of=10) for at in range(5)], stage)
    rows = chart_rows(windows, reaction_curve(windows, "smile"), UTC)
    assert rows["when"].tolist()[1:3] == ["0:01 of the session · 19:30:01", "0:00 · 19:30:02"]
    assert rows["part"].tolist() == ["", "", "Opening", "Opening", "Opening"]


def test_the_hover_gives_faces_and_coverage() -> None:
    windows = laid_out([a_window(0, smiling=5, of=10)], a_stage(audience_size=40))
    rows = chart_rows(windows, reaction_curve(windows, "smile"), UTC)
    assert rows["seen"].tolist() == ["10 faces, 25 % of those expected"]


def test_stretches_without_a_figure_are_marked_and_named() -> None:
    records = [a_window(at, smiling=3, of=10 if at < 100 else 3) for at in range(200)]
    records += [a_window(at, of=0) for at in range(200, 300)]
    records += [a_window(400, smiling=3, of=10)]
    assert named_bands(chart(laid_out(records)))[-3:] == [
        ("too few faces to show a share (fewer than 5)", 100_000, 200_000),
        ("nobody in view", 200_000, 300_000),
        ("no camera", 300_000, 400_000),
    ]


def test_what_the_shading_says_is_said_in_words_too() -> None:
    assert legend(laid_out(WITH_GAPS)) == (
        "Grey: nobody in view or no camera. Blue-grey: too few faces to show a share (fewer than 5)."
    )
    assert legend(laid_out([a_window(0, smiling=5, of=10)])) == ""


def test_segments_are_bands_with_their_titles_where_they_were_shown() -> None:
    stage = a_stage(timelines=[a_timeline(("Opening", 0, 60), ("Demo", 60, 120))], cues=[a_cue(30, 0)])
    windows = laid_out([a_window(at, smiling=5, of=10) for at in range(200)], stage)
    assert named_bands(chart(windows)) == [("Opening", 30_000, 90_000), ("Demo", 90_000, 150_000)]


def test_a_band_too_narrow_for_its_title_has_none() -> None:
    stage = a_stage(timelines=[a_timeline(("Blink", 0, 2), ("Demo", 60, 120))])
    windows = laid_out([a_window(at, smiling=5, of=10) for at in range(200)], stage)
    assert [name for name, _, _ in named_bands(chart(windows))] == ["", "Demo"]


def test_a_head_count_draws_faces_and_nothing_else() -> None:
    windows = laid_out([a_head_count(at, heads=30) for at in range(10)], mode="head count")
    options = chart(windows, heads=True)
    assert [one["id"] for one in options["series"]] == ["faces"]
    assert len(options["grid"]) == 1
    assert set(options["dataset"]["source"]["said"]) == {"Faces counted, no expression measured"}


def test_both_plots_share_their_axis_and_their_crosshair() -> None:
    options = chart(laid_out(WITH_GAPS))
    assert {(axis["min"], axis["max"]) for axis in options["xAxis"]} == {(0.0, 6000.0)}
    assert options["axisPointer"]["link"] == [{"xAxisIndex": "all"}]
    assert options["dataZoom"][0]["xAxisIndex"] == [0, 1]


def test_a_chart_that_is_drawn_anew_again_and_again_offers_no_zoom_to_lose() -> None:
    windows = laid_out(WITH_GAPS)
    curve = reaction_curve(windows, "smile")
    options = session_chart(windows, curve, name="", palette=LIGHT, zone=UTC, height=450, zoomable=False)
    assert options["dataZoom"] == []


def test_windows_from_before_the_session_are_on_the_axis() -> None:
    options = chart(laid_out([a_window(at, smiling=5, of=10) for at in range(-3, 5)]))
    assert options["xAxis"][0]["min"] == -3000
    assert options["xAxis"][1]["axisLabel"]["customValues"] == [0, 5000]


@pytest.mark.parametrize(("hours", "label"), [(0.5, "{m}:{ss}"), (3, "{H}:{mm}:{ss}"), (30, "day {d}, {H}:{mm}")])
def test_the_axis_reads_as_a_duration_however_long_it_is(hours: float, label: str) -> None:
    axis = time_axis(0, (0.0, hours * 3_600_000), True, LIGHT)
    assert axis["axisLabel"]["formatter"] == label


@pytest.mark.parametrize(("share", "top"), [(0.1, 50), (0.9, 100)])
def test_the_share_is_always_measured_from_zero_to_a_half_or_the_whole(share: float, top: int) -> None:
    windows = laid_out([a_window(at, smiling=round(40 * share), of=40) for at in range(9)])
    axis = chart(windows)["yAxis"][0]
    assert (axis["min"], axis["max"]) == (0, top)


def test_a_long_session_keeps_its_highest_second() -> None:
    records = [a_window(at, smiling=35 if at == 7001 else 5 + at % 3, of=40) for at in range(9000)]
    windows = laid_out(records)
    rows = chart_rows(windows, reaction_curve(windows, "smile"), UTC)
    assert len(rows) < 6000
    assert rows["share"].max() == 87.5


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_lines_stand_out_from_the_page(palette: Any) -> None:
    page = "#fbf9f5" if palette is LIGHT else "#16131b"
    assert min(_contrast(colour, page) for colour in (palette.curve, palette.faces)) >= 3
    assert min(_contrast(colour, page) for colour in (palette.ink, palette.quiet)) >= 4.5


def _contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (WCAG 2.1)."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
