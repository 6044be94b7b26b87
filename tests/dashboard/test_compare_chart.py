"""Screenings on one axis, and the chart they make: what is drawn, without a page."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from audience.comparing.comparison import compare
from audience.comparing.cuts import Edit
from dashboard.charts.theme import DARK, LIGHT
from dashboard.lab.chart_svg import chart_svg
from dashboard.lab.compare_chart import compare_chart
from dashboard.lab.line_styles import MOST, line_style
from dashboard.pages.compare.controls import of_cuts, two_cuts
from dashboard.pages.compare.film_axis import FilmAxis, laid, length_s, step_s, usual_timeline
from dashboard.pages.compare.model import Laid, grouped, groups_among, in_both
from dashboard.pages.compare.rows import Difference, Line, compare_rows
from dashboard.pages.compare.text import clusters_told, found, overall, verdict
from dashboard.pages.screenings import Screening
from tests.builders import a_cue, a_stage, a_timeline
from tests.crowds import from_counts
from tests.dashboard.lab_sessions import a_showing

NAN = float("nan")
SCENES = a_timeline(("Opening", 0, 20), ("Chase", 20, 50), ("Credits", 50, 60))
AXIS = FilmAxis.of([], 60.0, 5, SCENES)


def a_line(shares, *, name="Cut A", band=0.1, count=None) -> Line:
    share = np.array(shares, dtype=float)
    return Line(name=name, share=share, low=share - band, high=share + band, count=count)


def a_screening(session_id, smiling, *, cut="A", timeline=SCENES, late_s=0, **told) -> Screening:
    """Ten faces, of which so many smile second by second, of a film that began so late."""
    stage = a_stage(timelines=[timeline] if timeline else [], cues=[a_cue(late_s, 0)] if timeline else [])
    counts = np.array([0] * late_s + list(smiling))
    windows = from_counts(counts, np.full(len(counts), 10), stage=stage, session_id=session_id)
    session = a_showing(session_id, cut=cut, **told)
    return Screening(session=session, stage=stage, cameras=(), windows=replace(windows, session=session))


def chart(lines, difference=None, *, stretch=(0.0, 60.0), marked=(), palette=LIGHT, axis=AXIS):
    return compare_chart(
        axis, lines, difference, marked=marked, stretch=stretch, name="Share", palette=palette, height=400
    )


def series(options, series_id):
    (found,) = [one for one in options["series"] if one["id"] == series_id]
    return found


# Laying


def test_screenings_lie_on_the_seconds_of_what_was_shown_however_late_it_began():
    early, late = a_screening("one", [2] * 30 + [8] * 30), a_screening("two", [2] * 30 + [8] * 30, late_s=9)
    on_axis = Laid.of([early, late], None, (), step=5, expression="smile")
    shares = on_axis.shares(on_axis.screenings)
    assert shares[0].tolist() == shares[1].tolist() == [0.2] * 6 + [0.8] * 6
    assert (on_axis.axis.until_s, length_s([early, late])) == (60, 60)


def test_where_nobody_said_when_it_began_a_screening_lies_on_its_sessions_own_seconds():
    untold = a_screening("one", [3] * 20, timeline=None)
    assert np.isnan(untold.windows.timeline_s).all()
    assert length_s([laid(untold)]) == 20
    told = a_screening("two", [3] * 20)
    assert laid(told) is told


def test_a_second_cut_lies_on_the_first_where_both_show_the_same_and_nowhere_else():
    b_scenes = a_timeline(("Chase", 0, 20), ("Credits", 20, 30))
    a = a_screening("a", [1] * 20 + [5] * 30 + [1] * 10)
    b = a_screening("b", [7] * 20 + [3] * 10, cut="B", timeline=b_scenes)
    edits = (Edit(start_a_s=20, start_b_s=0, length_s=20), Edit(start_a_s=50, start_b_s=20, length_s=10))
    on_axis = Laid.of([a, b], "B", edits, step=5, expression="smile")
    shares = on_axis.shares(on_axis.screenings)
    assert shares[0].tolist() == [0.1] * 4 + [0.5] * 6 + [0.1] * 2
    assert shares[1].tolist() == pytest.approx([NAN] * 4 + [0.7] * 4 + [NAN] * 2 + [0.3] * 2, nan_ok=True)
    assert on_axis.axis.timeline == SCENES
    assert on_axis.axis.is_shared.tolist() == [False] * 4 + [True] * 4 + [False] * 2 + [True] * 2
    row = on_axis.row(b, on_axis.axis.is_shared)
    assert (row.share, row.highest_s) == (pytest.approx(17 / 30), 20)
    assert row.shares.tolist() == pytest.approx(shares[1].tolist(), nan_ok=True)


def test_two_cuts_of_one_film_are_laid_together_and_a_third_is_not():
    screenings = [
        a_screening(f"{cut}{number}", [1] * 60, cut=cut)
        for cut, times in (("A", 1), ("B", 2), ("C", 3))
        for number in range(times)
    ]
    assert two_cuts(screenings) == ("B", "C")
    assert len(of_cuts(screenings, ("B", "C"))) == 5
    assert two_cuts(screenings[:1]) is None
    assert of_cuts(screenings, None) == screenings
    assert two_cuts([*screenings, a_screening("boat", [1], film="Day Boat")]) is None, "films are not laid by titles"


def test_the_timeline_of_an_axis_is_that_of_most_screenings():
    other = a_timeline(("Only", 0, 60))
    screenings = [a_screening(f"s{number}", [1], timeline=one) for number, one in enumerate((other, SCENES, SCENES))]
    assert usual_timeline(screenings) == SCENES
    assert usual_timeline(screenings[:2]) is None, "of two, neither is usual"
    assert usual_timeline([a_screening("s", [1], timeline=None)]) is None


def test_long_films_are_looked_at_in_longer_steps():
    assert [step_s(minutes * 60) for minutes in (5, 25, 26, 70, 120, 600)] == [5, 5, 15, 15, 60, 60]


def test_groups_are_by_what_is_said_of_a_session():
    screenings = [
        a_screening("one", [1], city="Leeds", tags=("members", "students")),
        a_screening("two", [1], city="Ghent", tags=("students",)),
        a_screening("three", [1], city="Leeds"),
    ]
    assert {group.name: len(group.screenings) for group in grouped(screenings, "city")} == {"Ghent": 1, "Leeds": 2}
    (leeds,) = groups_among(grouped(screenings, "city"), screenings[2:])
    assert [one.session.session_id for one in leeds.screenings] == ["three"]
    members, students = grouped(screenings, "tag")
    assert (len(members.screenings), len(students.screenings), in_both(members, students)) == (1, 2, 1)


def test_a_group_of_one_is_that_screening_with_the_band_over_its_people():
    screenings = [
        a_screening("one", [3] * 60, city="Leeds"),
        *(a_screening(f"s{n}", [n] * 60, city="Ghent") for n in range(5)),
    ]
    on_axis = Laid.of(screenings, None, (), step=5, expression="smile")
    ghent, leeds = (on_axis.line_of_group(group) for group in grouped(screenings, "city"))
    one = on_axis.line_of(screenings[0])
    assert (leeds.name, leeds.count, leeds.low.tolist()) == ("Leeds", None, one.low.tolist())
    assert ghent.share.tolist() == pytest.approx([0.2] * 12)
    assert ghent.count is not None
    assert ghent.count.tolist() == [5] * 12


# Rows


def test_each_cell_is_a_row_with_the_words_its_hover_shows():
    counts = np.full(12, 7)
    lines = [a_line([0.2] * 12, count=counts), a_line([NAN] + [0.4] * 11, name="Cut B")]
    rows = compare_rows(AXIS, lines, None)
    assert rows["at_ms"].tolist() == [2500 + 5000 * cell for cell in range(12)]
    first, later = rows.iloc[0], rows.iloc[4]
    assert (first["when"], first["part"]) == ("0:00 to 0:05", "Opening")
    assert (first["line_0"], first["low_0"], first["band_0"]) == (20, 10, 20)
    assert first["told_0"] == "Cut A: 20 % (10 to 30 %), 7 screenings"
    assert np.isnan(first["line_1"])
    assert first["told_1"] == "Cut B: no figure"
    assert later["told_1"] == "Cut B: 40 % (30 to 50 %)"
    assert later["part"] == "Chase"


def test_of_many_lines_the_hover_tells_the_highest_the_lowest_and_the_middle_half():
    lines = [a_line([number / 20] * 12, name=f"s{number}") for number in range(11)]
    told = compare_rows(AXIS, lines, None)["told_0"][0]
    assert told == "11 screenings: half of them 12 to 38 %; highest 50 % (s10), lowest 0 % (s0)"


def test_a_long_axis_is_thinned_and_keeps_every_peak_and_gap_of_every_line():
    axis = FilmAxis.of([], 100_000.0, 5, None)
    rng = np.random.default_rng(2)
    lines = [a_line(rng.uniform(0.2, 0.3, len(axis.own)), name=f"s{number}") for number in range(24)]
    for number, line in enumerate(lines):
        line.share[701 * number + 13] = 0.9
        line.share[701 * number + 400 : 701 * number + 403] = NAN
    rows = compare_rows(axis, lines, None)
    assert len(rows) * len(lines) < 120_000
    for number in range(24):
        assert rows[f"line_{number}"].max() == 90
        assert rows[f"line_{number}"].isna().any()


def test_the_difference_is_told_with_its_sign_and_band():
    difference = Difference(
        higher="Cut A",
        lower="Cut B",
        value=np.array([0.12, -0.05, NAN] * 4),
        low=np.array([0.02, NAN, NAN] * 4),
        high=np.array([0.22, NAN, NAN] * 4),
        clusters=(),
        unit="share",
    )
    rows = compare_rows(AXIS, [a_line([0.2] * 12)], difference)
    assert rows["d_told"][:3].tolist() == [
        "Cut A less Cut B: +12 points (+2 to +22)",
        "Cut A less Cut B: -5 points",
        "No difference to tell",
    ]
    assert (rows["d_low"][0], rows["d_band"][0]) == (2, 20)


# Chart

DIFFERENCE = Difference(
    higher="Cut A",
    lower="Cut B",
    value=np.full(12, 0.1),
    low=np.full(12, -0.05),
    high=np.full(12, 0.25),
    clusters=((4, 7),),
    unit="share",
)


def test_all_lines_have_one_scale_and_both_plots_one_axis_crosshair_and_brush():
    options = chart([a_line([0.2] * 12), a_line([0.7] * 12, name="Cut B")], DIFFERENCE)
    assert [(axis["min"], axis["max"]) for axis in options["yAxis"]] == [(0, 100), (-30, 30)]
    assert [(axis["min"], axis["max"]) for axis in options["xAxis"]] == [(0, 60_000)] * 2
    assert options["axisPointer"]["link"] == [{"xAxisIndex": "all"}]
    assert options["brush"]["xAxisIndex"] == "all"


def test_a_stretch_is_all_of_the_axis_that_is_shown_and_the_scale_stays():
    lines = [a_line([0.2] * 6 + [0.8] * 6)]
    options = chart(lines, stretch=(10.0, 25.0))
    assert (options["xAxis"][0]["min"], options["xAxis"][0]["max"]) == (10_000, 25_000)
    assert options["yAxis"][0]["max"] == chart(lines)["yAxis"][0]["max"] == 100
    areas = series(options, "line_0")["markArea"]["data"]
    assert [(begin["name"], begin["xAxis"], end["xAxis"]) for begin, end in areas] == [
        ("Opening", 10_000, 20_000),
        ("Chase", 20_000, 25_000),
    ]


def test_lines_are_told_apart_by_dash_as_well_as_colour():
    options = chart([a_line([0.2] * 12), a_line([0.7] * 12, name="Cut B")])
    styles = [series(options, f"line_{number}")["lineStyle"] for number in (0, 1)]
    assert styles[0]["type"] != styles[1]["type"]
    assert styles[0]["color"] != styles[1]["color"]


def test_many_lines_are_quiet_and_those_that_were_chosen_stand_out_and_are_named():
    lines = [a_line([0.2] * 12, name=f"s{number}") for number in range(MOST + 3)]
    options = chart(lines, marked=["s5"])
    widths = [series(options, f"line_{number}")["lineStyle"]["width"] for number in range(len(lines))]
    assert [number for number, width in enumerate(widths) if width > 1] == [5]
    assert options["legend"]["data"] == ["s5"]


def test_bands_are_drawn_for_as_few_lines_as_can_be_read():
    def bands(count):
        lines = [a_line([0.2] * 12, name=f"s{number}") for number in range(count)]
        return sum(one["id"].startswith("band_") for one in chart(lines)["series"])

    assert (bands(1), bands(4), bands(5)) == (1, 4, 0)


def test_where_groups_differ_by_more_than_chance_is_marked_and_numbered():
    areas = series(chart([a_line([0.2] * 12)], DIFFERENCE), "difference")["markArea"]["data"]
    assert [(begin["name"], begin["xAxis"], end["xAxis"]) for begin, end in areas] == [("1", 20_000, 40_000)]


@pytest.mark.parametrize(("palette", "paper"), [(LIGHT, "#fbf9f5"), (DARK, "#16131b")], ids=["light", "dark"])
def test_every_line_can_be_seen_on_its_page(palette, paper):
    """WCAG 2.2, 1.4.11: graphics need a contrast of 3 to 1."""

    def luminance(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for number in range(MOST):
        one, other = sorted((luminance(line_style(number, palette).colour), luminance(paper)))
        assert (other + 0.05) / (one + 0.05) >= 3


def test_names_of_sessions_are_no_part_of_the_hovers_markup():
    options = chart([a_line([0.2] * 12, name="<img src=x onerror=alert(1)>")])
    assert "<img" not in options["tooltip"]["formatter"]


def test_the_chart_can_be_taken_away_as_svg():
    lines = [a_line([0.2] * 12), a_line([0.7, NAN] * 6, name="Cut B")]
    assert b"<svg" in chart_svg(chart(lines, DIFFERENCE), width=1200, height=510, alt="Two cuts")


def legend_of(options, names):
    """Where each of some names begins in the picture of a chart."""
    root = ET.fromstring(chart_svg(options, width=1200, height=400, alt=""))
    texts = [text for text in root.iter("{http://www.w3.org/2000/svg}text") if text.text in names]
    return {text.text: (float(text.attrib["x"]), float(text.attrib["y"])) for text in texts}


def test_every_name_of_a_legend_stands_in_the_picture_and_none_over_another():
    """A letter is taken to be 7 pixels wide."""
    names = [f"Night Train, cut A, evening {number}" for number in range(MOST)]
    places = legend_of(chart([a_line([0.2] * 12, name=name) for name in names]), names)
    assert set(places) == set(names)
    for x, y in places.values():
        assert 30 <= x <= 1200 - 7 * len(names[0])
        assert 26 < y < 66, "between the title and the plot"
        assert sum(line == y and abs(x - other) < 7 * len(names[0]) for other, line in places.values()) == 1


def test_a_picture_names_no_more_lines_than_the_screen():
    names = [f"s{number}" for number in range(MOST + 3)]
    assert legend_of(chart([a_line([0.2] * 12, name=name) for name in names]), names) == {}


def test_a_picture_draws_quiet_lines_as_quietly_as_the_screen():
    options = chart([a_line([0.2] * 12, name=f"s{number}") for number in range(MOST + 3)], marked=["s5"])
    root = ET.fromstring(chart_svg(options, width=1200, height=400, alt=""))
    lines = [line.attrib for line in root.iter("{http://www.w3.org/2000/svg}polyline")]
    drawn = [(line["stroke-width"], line.get("opacity")) for line in lines if line["stroke-width"] in ("0.8", "2")]
    assert sorted(drawn, key=str) == [("0.8", "0.55")] * (MOST + 2) + [("2", None)]


# Words


def cuts_that_differ(by: float, units: int = 8):
    rng = np.random.default_rng(1)
    a, b = rng.normal(0.3, 0.03, (2, units, 12))
    b[:, 4:8] += by
    return compare(a, b, AXIS.shared, seed=1)


def test_a_difference_is_told_with_who_is_higher_where_and_by_how_much():
    comparison = cuts_that_differ(0.2)
    assert verdict(comparison, "Cut A", "Cut B", "screenings") == (
        "Cut A and Cut B differ by more than chance, in one stretch. The largest difference: Cut B is higher by "
        "20 points from 0:20 to 0:40."
    )
    (told,) = clusters_told(comparison, AXIS, "Cut A", "Cut B")
    assert told.startswith("0:20 to 0:40 (“Chase”): Cut B higher than Cut A by 20 points on average (p")
    assert overall(comparison, "Cut A", "Cut B").startswith(
        "Over all that both share, Cut B is higher than Cut A by 7 points (95 %: +6 to +7). Effect size (Cohen's d) "
    )


def test_no_difference_is_not_told_as_being_alike():
    comparison = cuts_that_differ(0.0)
    assert [cluster.p_value > 0.05 for cluster in comparison.clusters] == [True]
    assert found(comparison) == []
    assert "That does not show that they are received alike" in verdict(comparison, "A", "B", "screenings")


def test_too_few_units_give_no_number():
    comparison = cuts_that_differ(0.2, units=4)
    assert verdict(comparison, "Cut A", "Cut B", "people") == (
        "Not enough data to compare: 4 people of Cut A and 4 of Cut B have figures, and a comparison takes 5 of each."
    )
    assert (
        Laid.of([a_screening("one", [1] * 60)], None, (), step=5, expression="smile").difference(
            comparison, "A", "B", "share"
        )
        is None
    )
