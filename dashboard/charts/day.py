"""A festival's day: the liveliness of every stage, and the instant that the board shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Final

import altair as alt
import numpy as np
import pandas as pd

from audience.board.liveliness import Liveliness
from audience.sessions import Stage
from audience.time import from_ms
from dashboard.charts.axes import clock_labels, distinct, finished, hovered, labelled_axis, left_axis, seconds
from dashboard.charts.theme import Palette, dash
from dashboard.charts.thinning import thinned_together

_HEIGHT: Final = 240
_MOST_POINTS: Final = 900


def day_chart(
    figures: Liveliness, stages: Sequence[Stage], at_ms: int, palette: Palette, zone: tzinfo
) -> alt.LayerChart:
    """One line a stage, 0 to 100, on the viewer's clock.

    Args:
        figures: of the stages all day.
        stages: in the order of the figures' columns.
        at_ms: the instant to mark, milliseconds since the epoch.
        palette: its colours; stages that share one differ in their dashes.
        zone: the viewer's.
    """
    names = {f"line_{place}": stage.name for place, stage in enumerate(stages)}
    frame = _frame(figures, names, zone)
    ends = (0.0, max([1.0, *frame["at_s"]]))
    began_ms = int(figures.at_ms[0]) if len(figures.at_ms) else at_ms
    began = from_ms(began_ms).astimezone(zone)
    x = seconds("at_s", ends, labelled_axis(clock_labels(began, ends[1])))
    colours, places = (palette.curve, *palette.beside), range(len(names))
    line = alt.Chart(frame.drop(columns="said")).transform_fold(list(names), as_=["stage", "liveliness"])
    lines = line.mark_line(strokeWidth=1.6).encode(
        x=x,
        y=alt.Y("liveliness:Q", scale=alt.Scale(domain=[0, 100]), axis=left_axis(values=[0, 25, 50, 75, 100])),
        **distinct(
            "stage:N",
            names,
            [colours[place % len(colours)] for place in places],
            [dash(place // len(colours)) for place in places],
        ),
    )
    shown = pd.DataFrame({"at_s": [(at_ms - began_ms) / 1000]})
    instant = alt.Chart(shown).mark_rule(color=palette.ink, strokeWidth=1.5).encode(x=x)
    layers = [lines, instant, *hovered(frame[["at_s", "said"]], x, palette)]
    return finished(layers, palette, height=_HEIGHT)


def _frame(figures: Liveliness, names: dict[str, str], zone: tzinfo) -> pd.DataFrame:
    """A row for each instant that is drawn: when, each stage's liveliness, and the words of the hover."""
    kept = thinned_together(figures.figure.T, _MOST_POINTS)
    at_s = (figures.at_ms[kept] - figures.at_ms[:1]) / 1000
    values = np.round(100 * figures.figure[kept], 1)
    said = []
    for at, row in zip(figures.at_ms[kept].tolist(), values, strict=True):
        known = sorted(
            (name for name in zip(row.tolist(), names.values(), strict=True) if name[0] == name[0]), reverse=True
        )
        clock = from_ms(at).astimezone(zone).strftime("%H:%M:%S")
        said.append("\n".join([clock, *(f"{name}: {value:.0f}" for value, name in known)]))
    lines = {name: values[:, place] for place, name in enumerate(names)}
    return pd.DataFrame({"at_s": at_s, **lines, "said": said})
