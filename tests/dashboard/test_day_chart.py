"""A festival's day as a chart: what is drawn, without a page."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import numpy as np

from audience.board.liveliness import Liveliness
from dashboard.charts.day import day_chart
from dashboard.charts.theme import LIGHT
from tests.builders import BEGAN, a_stage
from tests.dashboard.charts import datasets, labels_at

BEGAN_MS = round(BEGAN.timestamp() * 1000)


def a_day(*figures: list[float], every_s: int = 2) -> Liveliness:
    """Liveliness of some stages, 0..1, instant by instant from `BEGAN` on."""
    figure = np.array(figures).T
    nothing = np.full(figure.shape, np.nan)
    at_ms = BEGAN_MS + 1000 * every_s * np.arange(len(figure))
    return Liveliness(
        at_ms=at_ms,
        figure=figure,
        low=nothing,
        high=nothing,
        level=nothing,
        n=nothing,
        lead=np.full(figure.shape, -1),
        faces=nothing,
        mean=nothing[:, 0],
        k=nothing[:, 0],
    )


def test_every_stage_is_a_line_and_where_it_has_no_figure_the_line_breaks() -> None:
    day = a_day([0.1, 0.2, np.nan, 0.4], [0.5, 0.5, 0.5, 0.9])
    frame = datasets(day_chart(day, [a_stage("a"), a_stage("b")], BEGAN_MS, LIGHT, UTC))[0]
    assert frame["line_0"].round(1).tolist()[:2] == [10, 20]
    assert frame["line_0"].isna().tolist() == [False, False, True, False]
    assert frame["line_1"].tolist() == [50, 50, 50, 90]
    assert frame["at_s"].tolist() == [0, 2, 4, 6]


def test_a_pointer_reads_the_viewers_clock_and_the_liveliest_first() -> None:
    day = a_day([0.1, np.nan], [0.5, 0.9])
    stages = [a_stage("a", title="Tent"), a_stage("b", title="Main")]
    frames = datasets(day_chart(day, stages, BEGAN_MS, LIGHT, ZoneInfo("Europe/Berlin")))
    (cells,) = [frame for frame in frames if "said" in frame]
    assert cells["said"].tolist() == ["21:30:00\nMain: 50\nTent: 10", "21:30:02\nMain: 90"]


def test_its_axis_is_labelled_at_full_steps_of_the_viewers_clock() -> None:
    day = a_day([0.5] * 1200, every_s=10)
    labels = labels_at(day_chart(day, [a_stage()], BEGAN_MS, LIGHT, ZoneInfo("Asia/Kolkata")))
    assert labels[0] == (0, "01:00")
    assert labels[1] == (1800, "01:30")


def test_stages_that_share_a_colour_differ_in_their_dashes() -> None:
    spec = day_chart(a_day(*[[0.5, 0.6]] * 6), [a_stage(str(n)) for n in range(6)], BEGAN_MS, LIGHT, UTC).to_dict()
    encoding = spec["layer"][0]["encoding"]
    styles = list(
        zip(encoding["color"]["scale"]["range"], map(tuple, encoding["strokeDash"]["scale"]["range"]), strict=True)
    )
    assert len(set(styles)) == 6


def test_a_long_day_of_many_stages_is_thinned_and_keeps_every_peak() -> None:
    rng = np.random.default_rng(1)
    levels = rng.uniform(0.2, 0.3, (12, 21_600))
    levels[np.arange(12), 1700 * np.arange(12) + 77] = 0.9
    frame = datasets(day_chart(a_day(*levels.tolist()), [a_stage(str(n)) for n in range(12)], BEGAN_MS, LIGHT, UTC))[0]
    assert len(frame) < 2000
    assert [frame[f"line_{stage}"].max() for stage in range(12)] == [90] * 12


def test_a_day_that_has_not_begun_is_drawn_all_the_same() -> None:
    assert day_chart(a_day([]), [a_stage()], BEGAN_MS, LIGHT, UTC).to_dict()["layer"]
