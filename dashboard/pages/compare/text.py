"""A comparison in plain words: whether two groups differ, where, by how much, and what that is about."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Literal

from audience.comparing.comparison import LEAST_UNITS, Comparison
from audience.comparing.permutation import Cluster
from audience.language import N_, decimal, gettext, ngettext
from audience.percents import percent
from audience.time import clock_text
from dashboard.pages.compare.film_axis import FilmAxis

Unit = Literal["screenings", "people"]

CHANCE = 0.05

ABOUT: dict[Unit, str] = {
    "screenings": N_("Each screening counts once, however many people sat in it: the answer is about the groups."),
    "people": N_(
        "Each person at one screening of each group counts once: the answer is about these two audiences, which differ "
        "in more than their group."
    ),
}


def found(comparison: Comparison) -> list[Cluster]:
    """The clusters that chance hardly brings, in order of time."""
    sure = [cluster for cluster in comparison.clusters if cluster.p_value <= CHANCE]
    return sorted(sure, key=lambda cluster: cluster.first)


def verdict(comparison: Comparison, a: str, b: str, unit: Unit) -> str:
    """Whether the groups differ by more than chance, in one or two sentences."""
    if not comparison.enough:
        return not_enough(comparison.units_a, comparison.units_b, a, b, unit)
    clusters = found(comparison)
    first = f"{a[:1].upper()}{a[1:]}"
    if not clusters:
        return gettext(
            "{a} and {b} do not differ by more than chance. That does not show that they are received alike: finding a "
            "smaller difference takes more screenings or faces.",
            a=first,
            b=b,
        )
    largest = max(clusters, key=lambda cluster: abs(cluster.difference))
    begin, end = _ends(comparison, largest)
    return ngettext(
        "{a} and {b} differ by more than chance, in one time range. The largest difference: {higher} is higher by "
        "{points} from {begin} to {end}.",
        "{a} and {b} differ by more than chance, in {count} time ranges. The largest difference: {higher} is higher by "
        "{points} from {begin} to {end}.",
        len(clusters),
        a=first,
        b=b,
        higher=a if largest.difference > 0 else b,
        points=points(largest.difference),
        begin=begin,
        end=end,
    )


def not_enough(units_a: int, units_b: int, a: str, b: str, unit: Unit) -> str:
    """Why there is no comparison, and what there would have to be."""
    return gettext(
        "Not enough data to compare: {units_a} of {a} and {units_b} of {b} have figures, and a comparison takes "
        "{least} of each.",
        units_a=counted(units_a, unit),
        a=a,
        units_b=units_b,
        b=b,
        least=LEAST_UNITS,
    )


def counted(number: int, unit: Unit) -> str:
    """So many screenings or people."""
    if unit == "screenings":
        return ngettext("{count} screening", "{count} screenings", number)
    return ngettext("{count} person", "{count} people", number)


def overall(comparison: Comparison, a: str, b: str) -> str:
    """The difference over all that is shared, and its effect size."""
    higher, lower, sign = (a, b, 1) if comparison.overall >= 0 else (b, a, -1)
    low, high = sorted((sign * comparison.overall_low, sign * comparison.overall_high))
    sentence = gettext(
        "Over all that both share, {higher} is higher than {lower} by {points} (95 %: {low} to {high}).",
        higher=higher,
        lower=lower,
        points=points(comparison.overall),
        low=format(percent(low), "+d"),
        high=format(percent(high), "+d"),
    )
    if isnan(comparison.effect):
        return sentence
    bounds = sorted((sign * comparison.effect_low, sign * comparison.effect_high))
    effect = gettext(
        "Effect size (Cohen's d) {effect} (95 %: {low} to {high}); by convention {small} is small, {medium} medium, "
        "{large} large.",
        effect=decimal(sign * comparison.effect, 2),
        low=decimal(bounds[0], 2),
        high=decimal(bounds[1], 2),
        small=decimal(0.2, 1),
        medium=decimal(0.5, 1),
        large=decimal(0.8, 1),
    )
    return f"{sentence} {effect}"


def cluster_lines(comparison: Comparison, axis: FilmAxis, a: str, b: str) -> list[str]:
    """Each run of cells in which the groups differ by more than chance, in a sentence."""
    lines = []
    for cluster in found(comparison):
        higher, lower = (a, b) if cluster.difference > 0 else (b, a)
        begin, end = _ends(comparison, cluster)
        lines.append(
            gettext(
                "{begin} to {end}{titles}: {higher} higher than {lower} by {points} on average ({chance})",
                begin=begin,
                end=end,
                titles=_titles(comparison, cluster, axis),
                higher=higher,
                lower=lower,
                points=points(cluster.difference),
                chance=_chance(cluster.p_value),
            )
        )
    return lines


def points(difference: float) -> str:
    """The size of a difference of shares, as "12 points"."""
    return ngettext("{count} point", "{count} points", percent(abs(difference)))


def _ends(comparison: Comparison, cluster: Cluster) -> tuple[str, str]:
    """Where a cluster begins and ends."""
    axis = comparison.axis
    end_s = float(axis.start_a_s[cluster.last] + axis.length_s[cluster.last])
    return clock_text(float(axis.start_a_s[cluster.first])), clock_text(end_s)


def _titles(comparison: Comparison, cluster: Cluster, axis: FilmAxis) -> str:
    starts: Sequence[float] = comparison.axis.start_a_s[cluster.first : cluster.last + 1].tolist()
    titles = list(dict.fromkeys(title for title in (axis.part(second) for second in starts) if title))
    return f" ({', '.join(f'“{title}”' for title in titles)})" if titles else ""


def _chance(p_value: float) -> str:
    return f"p = {decimal(p_value, 3)}" if p_value >= 0.001 else f"p < {decimal(0.001, 3)}"
