"""What is taken away of the Compare page equals what it shows."""

from __future__ import annotations

import numpy as np
import pytest

from audience.comparing.comparison import compare
from audience.export.tables import ExportTable
from dashboard.pages.compare.download import (
    CompareView,
    differences_table,
    lines_table,
    screenings_table,
    stretches_table,
)
from dashboard.pages.compare.model import AlignedScreenings, grouped
from dashboard.pages.compare.rows import compare_rows
from dashboard.pages.compare.text import found
from tests.dashboard.test_compare_chart import a_screening


def shown(stretch: tuple[float, float] = (0.0, 60.0), *, compared: bool = True) -> CompareView:
    """Six screenings of either cut; many more smile at B from 0:20 to 0:50."""
    screenings = [
        a_screening(f"{cut}{number}", [2] * 20 + [2 + 4 * (cut == "B") + number % 2] * 30 + [2] * 10, cut=cut)
        for cut in "AB"
        for number in range(6)
    ]
    laid = AlignedScreenings.of(screenings, None, (), step=5, expression="smile")
    a, b = grouped(screenings, "cut")
    inside = laid.axis.inside(*stretch)
    return CompareView(
        laid=laid,
        rows=[laid.row(one, inside) for one in screenings],
        lines=[laid.line_of_group(a), laid.line_of(screenings[7])],
        marked=(),
        stretch=stretch,
        step=5,
        unit="screenings",
        pair=(a, b) if compared else None,
        comparison=compare(laid.shares(a.screenings), laid.shares(b.screenings), laid.axis.shared, seed=1),
    )


def column(table: ExportTable, name: str) -> list:
    return table.values[[one.name for one in table.columns].index(name)]


def test_lines_are_those_of_the_chart_step_by_step():
    view = shown()
    table, drawn = lines_table(view), compare_rows(view.laid.axis, view.lines, None, view.stretch)
    assert column(table, "line") == ["A"] * 12 + [view.lines[1].name] * 12
    for number in (0, 1):
        of_line = slice(12 * number, 12 * number + 12)
        assert np.round(100 * np.array(column(table, "share")[of_line]), 2).tolist() == drawn[f"line_{number}"].tolist()
    assert column(table, "screenings") == [6] * 12 + [1] * 12
    assert column(table, "segment")[4] == "Chase"


def test_lines_are_of_the_stretch_that_is_looked_at():
    table = lines_table(shown((20.0, 50.0)))
    assert column(table, "from_s")[:6] == [20, 25, 30, 35, 40, 45]
    assert column(table, "until_s")[5] == 50
    assert len(table) == 12


def test_differences_and_stretches_are_those_of_the_comparison():
    view = shown()
    assert view.comparison is not None
    table = differences_table(view)
    assert column(table, "difference") == view.comparison.difference.tolist()
    assert set(zip(column(table, "a"), column(table, "b"), strict=True)) == {("A", "B")}
    (cluster,) = found(view.comparison)
    stretches = stretches_table(view)
    assert (column(stretches, "from_s"), column(stretches, "until_s")) == ([20], [50])
    assert column(stretches, "p_value") == [cluster.p_value]
    assert column(stretches, "difference") == [pytest.approx(-0.4)]


def test_where_nothing_is_compared_there_is_no_difference():
    view = shown(compared=False)
    assert (len(differences_table(view)), len(stretches_table(view)), view.difference) == (0, 0, None)


def test_screenings_are_the_rows_of_the_table():
    view = shown((20.0, 50.0))
    table = screenings_table(view)
    assert column(table, "session_id") == [one.session.session_id for one in view.laid.screenings]
    assert column(table, "share") == [row.share for row in view.rows]
    assert column(table, "cut") == ["A"] * 6 + ["B"] * 6
    assert column(table, "began_utc")[0] == "2026-05-04T19:30:00.000Z"


def test_what_has_no_figure_is_an_empty_cell():
    view = shown((55.0, 60.0))
    assert column(screenings_table(view), "share") == [None] * 12
