"""Screenings on one axis, and the chart they make: what is drawn, without a page."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from audience.comparing.comparison import compare
from audience.comparing.cuts import Edit
from bench.pages.contrast import MARK, contrast
from bench.pages.contrast import laid as colours_laid
from dashboard.charts.axes import HOVER
from dashboard.charts.compare import BRUSH, BRUSHED, compare_chart, titled_from_px
from dashboard.charts.theme import LIGHT, MOST_STYLES
from dashboard.pages.compare.controls import of_cuts, two_cuts
from dashboard.pages.compare.film_axis import FilmAxis, laid, length_s, step_s, usual_timeline
from dashboard.pages.compare.model import AlignedScreenings, grouped, groups_among, in_both
from dashboard.pages.compare.rows import Difference, Line, compare_figures, compare_rows
from dashboard.pages.compare.text import cluster_lines, found, overall, verdict
from dashboard.pages.screenings import Screening
from tests.builders import a_cue, a_stage, a_timeline
from tests.crowds import from_counts
from tests.dashboard.charts import datasets, layers
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


def chart(lines, difference=None, *, stretch=(0.0, 60.0), marked=()):
    figures = compare_figures(AXIS, lines, difference, marked=marked, stretch=stretch, name="Share")
    return compare_chart(figures, LIGHT)


# Laying


def test_screenings_lie_on_the_seconds_of_what_was_shown_however_late_it_began():
    early, late = a_screening("one", [2] * 30 + [8] * 30), a_screening("two", [2] * 30 + [8] * 30, late_s=9)
    on_axis = AlignedScreenings.of([early, late], None, (), step=5, expression="smile")
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
    on_axis = AlignedScreenings.of([a, b], "B", edits, step=5, expression="smile")
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
    on_axis = AlignedScreenings.of(screenings, None, (), step=5, expression="smile")
    ghent, leeds = (on_axis.line_of_group(group) for group in grouped(screenings, "city"))
    one = on_axis.line_of(screenings[0])
    assert (leeds.name, leeds.count, leeds.low.tolist()) == ("Leeds", None, one.low.tolist())
    assert ghent.share.tolist() == pytest.approx([0.2] * 12)
    assert ghent.count is not None
    assert ghent.count.tolist() == [5] * 12


# Rows

WHOLE = (0.0, 60.0)


def test_each_cell_is_a_row_with_the_words_a_pointer_reads():
    counts = np.full(12, 7)
    lines = [a_line([0.2] * 12, count=counts), a_line([NAN] + [0.4] * 11, name="Cut B")]
    rows = compare_rows(AXIS, lines, None, WHOLE)
    assert rows["at_s"].tolist() == [2.5 + 5 * cell for cell in range(12)]
    first, later = rows.iloc[0], rows.iloc[4]
    assert (first["line_0"], first["low_0"], first["high_0"]) == (20, 10, 30)
    assert np.isnan(first["line_1"])
    assert first["said"].splitlines() == [
        "0:00 to 0:05 · Opening",
        "Cut A: 20 % (10 to 30 %), 7 screenings",
        "Cut B: no figure",
    ]
    assert later["said"].splitlines()[::2] == ["0:20 to 0:25 · Chase", "Cut B: 40 % (30 to 50 %)"]


def test_of_many_lines_a_pointer_reads_the_highest_the_lowest_and_the_middle_half():
    lines = [a_line([number / 20] * 12, name=f"s{number}") for number in range(11)]
    told = compare_rows(AXIS, lines, None, WHOLE)["said"][0].splitlines()[1]
    assert told == "11 screenings: half of them 12 to 38 %; highest 50 % (s10), lowest 0 % (s0)"


def test_a_long_axis_is_thinned_and_keeps_every_peak_and_gap_of_every_line():
    axis = FilmAxis.of([], 100_000.0, 5, None)
    rng = np.random.default_rng(2)
    lines = [a_line(rng.uniform(0.2, 0.3, len(axis.own)), name=f"s{number}") for number in range(24)]
    for number, line in enumerate(lines):
        line.share[701 * number + 13] = 0.9
        line.share[701 * number + 400 : 701 * number + 403] = NAN
    rows = compare_rows(axis, lines, None, (0.0, 100_000.0))
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
        unit="screenings",
    )
    rows = compare_rows(AXIS, [a_line([0.2] * 12)], difference, WHOLE)
    assert [said.splitlines()[-1] for said in rows["said"][:3]] == [
        "Cut A less Cut B: +12 points (+2 to +22)",
        "Cut A less Cut B: -5 points",
        "No difference to tell",
    ]
    assert (rows["difference_low"][0], rows["difference_high"][0]) == (2, 22)


# Chart

DIFFERENCE = Difference(
    higher="Cut A",
    lower="Cut B",
    value=np.full(12, 0.1),
    low=np.full(12, -0.05),
    high=np.full(12, 0.25),
    clusters=((4, 7),),
    unit="screenings",
)


def scales(drawn, channel):
    """The domains that layers of a chart have on a channel."""
    found = [layer.get("encoding", {}).get(channel, {}).get("scale") or {} for layer in drawn.to_dict()["layer"]]
    return {tuple(scale["domain"]) for scale in found if "domain" in scale}


def test_both_plots_share_their_time_and_each_has_one_scale():
    drawn = chart([a_line([0.2] * 12), a_line([0.7] * 12, name="Cut B")], DIFFERENCE)
    assert scales(drawn, "x") == {(0, 60)}
    assert scales(drawn, "y") == {(0, 80), (-30, 30)}


def test_a_drag_anywhere_on_the_chart_chooses_seconds_and_a_pointer_finds_its_cell():
    drawn = chart([a_line([0.2] * 12)], DIFFERENCE).to_dict()
    selections = {one["name"]: one for one in drawn["params"]}
    assert selections[BRUSH]["select"]["type"] == "interval"
    assert selections[BRUSH]["select"]["encodings"] == ["x"]
    (cells,) = [layer for layer in drawn["layer"] if layer.get("name") in selections[BRUSH]["views"]]
    assert selections[HOVER]["views"] == selections[BRUSH]["views"]
    assert cells["encoding"]["x"]["field"] == BRUSHED
    assert "y" not in cells["encoding"]
    assert cells["encoding"]["tooltip"]["field"] == "said"


def test_a_stretch_is_all_of_the_axis_that_is_shown_and_the_scale_stays():
    lines = [a_line([0.2] * 6 + [0.8] * 6)]
    drawn = chart(lines, stretch=(10.0, 25.0))
    assert scales(drawn, "x") == {(10, 25)}
    assert scales(drawn, "y") == scales(chart(lines), "y") == {(0, 100)}
    (segments,) = [frame for frame in datasets(drawn) if len(frame) == 2 and "title" in frame]
    assert segments.values.tolist() == [[10, 20, "Opening", 1], [20, 25, "Chase", 2]]


def test_lines_are_told_apart_by_dash_as_well_as_colour():
    (lines,) = layers(chart([a_line([0.2] * 12), a_line([0.7] * 12, name="Cut B")]), "line")
    for channel in ("color", "strokeDash"):
        one, other = lines["encoding"][channel]["scale"]["range"]
        assert one != other


def quiet_shares(drawn, quiet):
    """Of each piece of a quiet line: how many points it has, the lowest and the highest share; read off the axis."""
    (frame,) = [frame for frame in datasets(drawn) if "piece" in frame]
    (scale,) = {tuple(map(tuple, (one["domain"], one["range"]))) for one in y_scales(drawn)}
    frame = frame.assign(share=np.interp(-frame["y"], -np.array(scale[1]), scale[0]))
    return frame.groupby(quiet["encoding"]["detail"]["field"])["share"].agg(["size", "min", "max"])


def y_scales(drawn):
    found = [layer.get("encoding", {}).get("y", {}).get("scale") or {} for layer in drawn.to_dict()["layer"]]
    return [scale for scale in found if "range" in scale]


def test_many_lines_are_quiet_and_those_that_were_chosen_stand_out_and_are_named():
    names = [f"s{number}" for number in range(MOST_STYLES + 3)]
    many = chart([a_line([number / 20] * 12, name=name) for number, name in enumerate(names)], marked=["s5"])
    quiet, loud = layers(many, "line")
    assert quiet["mark"]["strokeWidth"] < 1 < loud["mark"]["strokeWidth"]
    shares = quiet_shares(many, quiet)
    assert (shares["min"] == shares["max"]).all(), "each line by itself"
    assert set(shares["min"].round(6)) == {5 * number for number in range(MOST_STYLES + 3)} - {25}
    assert loud["transform"][0]["fold"] == ["line_5"]
    assert '["s5"]' in loud["encoding"]["color"]["legend"]["labelExpr"]


def test_a_quiet_line_breaks_where_it_has_no_figures():
    names = [f"s{number}" for number in range(MOST_STYLES + 3)]
    many = chart([a_line([0.2] * 5 + [NAN] * 2 + [0.4] * 5, name=name) for name in names])
    (quiet,) = layers(many, "line")
    shares = quiet_shares(many, quiet)
    assert shares["size"].tolist() == [5] * 2 * len(names)
    assert shares["max"].round(6).tolist() == shares["min"].round(6).tolist() == [20, 40] * len(names)


def test_many_lines_of_which_none_was_chosen_are_all_quiet():
    lines = [a_line([0.2] * 12, name=f"s{number}") for number in range(MOST_STYLES + 3)]
    (quiet,) = layers(chart(lines), "line")
    assert quiet["mark"]["strokeWidth"] < 1


def test_bands_are_drawn_for_as_few_lines_as_can_be_read():
    def bands(count):
        lines = [a_line([0.2] * 12, name=f"s{number}") for number in range(count)]
        return len(layers(chart(lines), "area"))

    assert (bands(1), bands(4), bands(5)) == (1, 4, 0)


def test_every_band_has_an_edge_that_is_seen_where_its_own_colour_is_too_pale():
    edges = {band["mark"]["stroke"] for band in layers(chart([a_line([0.2] * 12)], DIFFERENCE), "area")}
    assert edges == {LIGHT.lines[0], LIGHT.quiet}
    assert all(contrast(colours_laid(LIGHT.ground, edge), colours_laid(LIGHT.ground)) >= MARK for edge in edges)


def test_a_part_without_room_for_its_title_has_its_number_on_pages_alone():
    (_, numbers) = [
        layer for layer in layers(chart([a_line([0.2] * 12)]), "text") if layer["encoding"]["text"]["field"] != "name"
    ]
    assert numbers["encoding"]["text"]["field"] == "number"
    assert numbers["name"].startswith(HOVER), "a file has no list of names beside it"
    short, long = (titled_from_px("Chase", length_s, (0, 600)) for length_s in (10, 300))
    assert long < 390 < 1200 < short


def test_a_pointer_finds_each_cell_or_on_a_long_axis_as_many_as_it_can_tell_apart():
    def read(cells):
        axis = FilmAxis.of([], 5.0 * cells, 5, None)
        figures = compare_figures(axis, [a_line([0.2] * cells)], None, stretch=(0.0, 5.0 * cells), name="Share")
        (frame,) = [frame for frame in datasets(compare_chart(figures, LIGHT)) if "said" in frame]
        return frame

    assert read(12)["from_s"].tolist() == [5 * cell for cell in range(12)]
    assert 400 <= len(read(1500)) <= 600
    assert (read(1500)["from_s"][1:].to_numpy() == read(1500)["until_s"][:-1].to_numpy()).all()


def test_where_groups_differ_by_more_than_chance_is_marked_and_numbered():
    (clusters,) = [frame for frame in datasets(chart([a_line([0.2] * 12)], DIFFERENCE)) if "points" in frame]
    (cluster,) = clusters.to_dict("records")
    assert (cluster["from_s"], cluster["until_s"], cluster["number"]) == (20, 40, 1)
    assert (cluster["at_s"], cluster["points"], cluster["said"]) == (30, 10, "+10")


def test_names_of_sessions_are_text_wherever_the_chart_has_them():
    nasty = """<img src=x onerror=alert(1)> " + now() + ' \\"""
    drawn = chart([a_line([0.2] * 12, name=nasty)]).to_dict()
    (line,) = [layer for layer in drawn["layer"] if layer["mark"]["type"] == "line"]
    assert json.dumps([nasty]) in line["encoding"]["color"]["legend"]["labelExpr"]
    tooltips = [layer.get("encoding", {}).get("tooltip") for layer in drawn["layer"]]
    assert [one for one in tooltips if one] == [{"field": "said", "type": "nominal"}]


# Words


def cuts_that_differ(by: float, units: int = 8):
    rng = np.random.default_rng(1)
    a, b = rng.normal(0.3, 0.03, (2, units, 12))
    b[:, 4:8] += by
    return compare(a, b, AXIS.shared, seed=1)


def test_a_difference_is_told_with_who_is_higher_where_and_by_how_much():
    comparison = cuts_that_differ(0.2)
    assert verdict(comparison, "Cut A", "Cut B", "screenings") == (
        "Cut A and Cut B differ by more than chance, in one time range. The largest difference: Cut B is higher by "
        "20 points from 0:20 to 0:40."
    )
    (told,) = cluster_lines(comparison, AXIS, "Cut A", "Cut B")
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
        AlignedScreenings.of([a_screening("one", [1] * 60)], None, (), step=5, expression="smile").difference(
            comparison, "A", "B", "share"
        )
        is None
    )
