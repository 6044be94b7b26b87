"""The figures behind the chart of a comparison, cell by cell of its axis, with the words that a pointer reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audience.disclosure import interval_text, share_text
from audience.language import gettext, language, ngettext, using
from audience.percents import percent, percent_text
from audience.time import clock_text
from dashboard.charts.axes import Ends
from dashboard.charts.compare import CLUSTER, MOST_BANDS, CompareFigures
from dashboard.charts.theme import MOST_STYLES
from dashboard.charts.thinning import thinned_together
from dashboard.pages.compare.film_axis import FilmAxis
from dashboard.pages.compare.text import Unit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# All lines together: more could not be distinguished, and hovering would be slow.
_MOST_POINTS = 48_000
_LEAST_A_LINE = 600
# A pointer is that exact: cells of a chart are then two pixels wide.
_MOST_POINTED_AT = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is drawn as one line, along the cells of an axis.

    Attributes:
        name: what to call it.
        share, low, high: (c,) shares and their band, 0..1; NaN where there is none.
        count: (c,) how many screenings it is the mean of; None where it is one screening.
    """

    name: str
    share: Floats
    low: Floats
    high: Floats
    count: Ints | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The difference of two groups along the cells of an axis; -1..1, NaN where there is none.

    Attributes:
        higher, lower: names of the two; the figures are those of the first less those of the second.
        value, low, high: (c,) the difference with its band.
        clusters: first and last cell of each run in which they differ by more than chance.
        unit: what was sampled; of people it is a difference of their mean confidence, of screenings of their shares.
    """

    higher: str
    lower: str
    value: Floats
    low: Floats
    high: Floats
    clusters: tuple[tuple[int, int], ...]
    unit: Unit


def compare_figures(
    axis: FilmAxis,
    lines: Sequence[Line],
    difference: Difference | None,
    *,
    marked: Sequence[str] = (),
    stretch: Ends,
    name: str,
) -> CompareFigures:
    """What the chart of some lines draws.

    Args:
        axis: of the lines.
        lines: what is drawn, one at least.
        difference: of two groups, drawn under them; None where none is.
        marked: names of lines that stand out among many.
        stretch: from when to when to show, seconds of the axis.
        name: what the lines show, as "Share of faces that smile".
    """
    figures = CompareFigures(
        cells=compare_rows(axis, lines, difference, stretch),
        names=[line.name for line in lines],
        marked=marked,
        name=name,
        ends_s=stretch,
        highest=100 * _highest(*(np.fmax(line.share, line.high) for line in lines)),
        segments=shown_segments(axis, stretch),
    )
    if difference is None:
        return figures
    starts, lengths = axis.own.start_a_s, axis.own.length_s
    clusters = []
    for number, (first, last) in enumerate(difference.clusters, start=1):
        from_s, until_s = starts[first], starts[last] + lengths[last]
        mean = float(np.nanmean(difference.value[first : last + 1]))
        clusters.append((from_s, until_s, number, (from_s + until_s) / 2, round(100 * mean, 2), _points_text(mean)))
    return replace(
        figures,
        difference=_axis_name(difference),
        widest=100 * _highest(*(np.abs(values) for values in (difference.value, difference.low, difference.high))),
        clusters=_clipped(pd.DataFrame(clusters, columns=list(CLUSTER)), stretch),
    )


def _axis_name(difference: Difference) -> str:
    """What the axis of a difference shows."""
    names = {"higher": difference.higher, "lower": difference.lower}
    if difference.unit == "people":
        return gettext("{higher} less {lower}, points of mean confidence", **names)
    return gettext("{higher} less {lower}, points of the share", **names)


def compare_rows(axis: FilmAxis, lines: Sequence[Line], difference: Difference | None, stretch: Ends) -> pd.DataFrame:
    """One row for every cell of the stretch that is drawn; see `CompareFigures.cells`."""
    inside = np.flatnonzero(axis.inside(*stretch))
    kept = thinned_together(np.array([line.share[inside] for line in lines]), _most_rows(len(lines)))
    drawn = inside[kept]
    columns: dict[str, object] = {"at_s": axis.middle_s[drawn]}
    banded = [number for number, line in enumerate(lines) if not np.isnan(line.low).all()]
    for number, line in enumerate(lines):
        columns[f"line_{number}"] = np.round(100 * line.share, 2)[drawn]
        if number in banded and len(banded) <= MOST_BANDS:
            columns[f"low_{number}"] = np.round(100 * line.low, 2)[drawn]
            columns[f"high_{number}"] = np.round(100 * line.high, 2)[drawn]
    if difference is not None:
        for column, values in (("", difference.value), ("_low", difference.low), ("_high", difference.high)):
            columns[f"difference{column}"] = np.round(100 * values, 2)[drawn]
    columns["said"] = ""
    rows = pd.DataFrame(columns)
    read = slice(None, None, max(1, -(-len(drawn) // _MOST_POINTED_AT)))
    with using(language()):  # asked once, and not for each of thousands of sentences
        rows.loc[rows.index[read], "said"] = _said(axis, lines, difference, drawn[read])
    return rows


def _most_rows(lines: int) -> int:
    return max(_LEAST_A_LINE, _MOST_POINTS // max(1, lines))


def _highest(*values: Floats) -> float:
    return float(np.nanmax(np.concatenate(values), initial=0.0))


def shown_segments(axis: FilmAxis, stretch: Ends) -> pd.DataFrame:
    """What was shown, as far as it lies in the stretch; see `CompareFigures.segments`."""
    segments = axis.timeline.segments if axis.timeline else ()
    rows = [(one.start_s, one.end_s, one.title, number) for number, one in enumerate(segments, start=1)]
    return _clipped(pd.DataFrame(rows, columns=["from_s", "until_s", "title", "number"]), stretch)


def _clipped(spans: pd.DataFrame, stretch: Ends) -> pd.DataFrame:
    """Spans cut to a stretch, those outside of it left out."""
    cut = spans.assign(from_s=spans["from_s"].clip(*stretch), until_s=spans["until_s"].clip(*stretch))
    return cut[cut["from_s"] < cut["until_s"]]


def _said(axis: FilmAxis, lines: Sequence[Line], difference: Difference | None, cells: Ints) -> list[str]:
    """What a pointer over each of some cells reads, line by line."""
    read = [[_place_text(axis, cell) for cell in cells.tolist()]]
    if len(lines) <= MOST_STYLES:
        read += [[_line_text(line, cell) for cell in cells.tolist()] for line in lines]
    else:
        read.append(_summary_texts([line.name for line in lines], np.array([line.share[cells] for line in lines])))
    if difference is not None:
        read.append([_difference_text(difference, cell) for cell in cells.tolist()])
    return ["\n".join(texts) for texts in zip(*read, strict=True)]


def _place_text(axis: FilmAxis, cell: int) -> str:
    start, length = float(axis.own.start_a_s[cell]), float(axis.own.length_s[cell])
    part = axis.part(float(axis.middle_s[cell]))
    span = gettext("{begin} to {end}", begin=clock_text(start), end=clock_text(start + length))
    return f"{span} · {part}" if part else span


def _line_text(line: Line, cell: int) -> str:
    share = line.share[cell]
    if np.isnan(share):
        return gettext("{name}: no figure", name=line.name)
    figures = float(share), float(line.low[cell]), float(line.high[cell])
    words = f"{line.name}: {share_text(*figures)}"
    if interval := interval_text(*figures, unit=" %"):
        words += f" ({interval})"
    if line.count is None:
        return words
    return f"{words}, {screenings_text(int(line.count[cell]))}"


def screenings_text(count: int) -> str:
    """So many screenings."""
    return ngettext("{count} screening", "{count} screenings", count)


def _summary_texts(names: Sequence[str], shares: Floats) -> list[str]:
    """Of more lines than can be listed: the highest, the lowest, and the middle half, cell by cell.

    Args:
        names: (l,) of the lines.
        shares: (l, c) theirs; NaN where there is none.
    """
    rising = np.argsort(shares, axis=0)  # NaN last
    known = np.count_nonzero(~np.isnan(shares), axis=0)
    cells = np.arange(shares.shape[1])

    def ranked(place: Ints) -> Ints:
        return rising[np.clip(place, 0, None), cells]

    def quantile(part: float) -> Floats:
        """As numpy's, between the two shares that lie next to it; its own goes through the cells one by one."""
        at = np.maximum(part * (known - 1), 0)
        below, above = shares[ranked(np.floor(at).astype(int)), cells], shares[ranked(np.ceil(at).astype(int)), cells]
        between: Floats = below + (at - np.floor(at)) * (above - below)
        return between

    foot, top = ranked(np.zeros_like(known)), ranked(known - 1)
    rows = zip(known, quantile(0.25), quantile(0.75), top, shares[top, cells], foot, shares[foot, cells], strict=True)
    return [
        gettext(
            "{screenings}: half of them {quarter} to {three_quarters}; highest {high} ({highest}), lowest {low} "
            "({lowest})",
            screenings=screenings_text(int(count)),
            quarter=percent(quarter),
            three_quarters=percent_text(three),
            high=percent_text(high),
            highest=names[highest],
            low=percent_text(low),
            lowest=names[lowest],
        )
        if count
        else gettext("No figure")
        for count, quarter, three, highest, high, lowest, low in rows
    ]


def _points_text(difference: float) -> str:
    """A difference in points, with its sign."""
    return f"{percent(difference):+d}".replace("-", "\N{MINUS SIGN}")


def _difference_text(difference: Difference, cell: int) -> str:
    value = difference.value[cell]
    if np.isnan(value):
        return gettext("No difference to tell")
    names = {"higher": difference.higher, "lower": difference.lower, "points": f"{percent(value):+d}"}
    if np.isnan(difference.low[cell]):
        return gettext("{higher} less {lower}: {points} points", **names)
    return gettext(
        "{higher} less {lower}: {points} points ({low} to {high})",
        low=format(percent(difference.low[cell]), "+d"),
        high=format(percent(difference.high[cell]), "+d"),
        **names,
    )
