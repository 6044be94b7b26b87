"""A comparison in plain words: whether two groups differ, where, by how much, and what that is about."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Literal

from audience.comparing.comparison import LEAST_UNITS, Comparison
from audience.comparing.permutation import Cluster
from audience.percents import percent
from audience.time import clock_text
from dashboard.pages.compare.film_axis import FilmAxis

Unit = Literal["screenings", "people"]

CHANCE = 0.05

ABOUT: dict[Unit, str] = {
    "screenings": "Each screening counts once, however many people sat in it: the answer is about the groups.",
    "people": "Each person at one screening of each group counts once: the answer is about these two audiences, which "
    "differ in more than their group.",
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
    both = f"{a[:1].upper()}{a[1:]} and {b}"
    if not clusters:
        return (
            f"{both} do not differ by more than chance. That does not show that they are received alike: "
            "finding a smaller difference takes more screenings or faces."
        )
    largest = max(clusters, key=lambda cluster: abs(cluster.difference))
    higher = a if largest.difference > 0 else b
    places = "one time range" if len(clusters) == 1 else f"{len(clusters)} time ranges"
    return (
        f"{both} differ by more than chance, in {places}. The largest difference: {higher} is higher by "
        f"{points(largest.difference)} from {_from_to(comparison, largest)}."
    )


def not_enough(units_a: int, units_b: int, a: str, b: str, unit: Unit) -> str:
    """Why there is no comparison, and what there would have to be."""
    return (
        f"Not enough data to compare: {counted(units_a, unit)} of {a} and {units_b} of {b} have figures, and a "
        f"comparison takes {LEAST_UNITS} of each."
    )


def counted(number: int, unit: Unit) -> str:
    """So many screenings or people."""
    if number == 1:
        return {"screenings": "1 screening", "people": "1 person"}[unit]
    return f"{number} {unit}"


def overall(comparison: Comparison, a: str, b: str) -> str:
    """The difference over all that is shared, and its effect size."""
    higher, lower, sign = (a, b, 1) if comparison.overall >= 0 else (b, a, -1)
    low, high = sorted((sign * comparison.overall_low, sign * comparison.overall_high))
    sentence = f"Over all that both share, {higher} is higher than {lower} by {points(comparison.overall)}"
    sentence += f" (95 %: {percent(low):+d} to {percent(high):+d})."
    if isnan(comparison.effect):
        return sentence
    bounds = sorted((sign * comparison.effect_low, sign * comparison.effect_high))
    return (
        f"{sentence} Effect size (Cohen's d) {sign * comparison.effect:.2f} "
        f"(95 %: {bounds[0]:.2f} to {bounds[1]:.2f}); by convention 0.2 is small, 0.5 medium, 0.8 large."
    )


def cluster_lines(comparison: Comparison, axis: FilmAxis, a: str, b: str) -> list[str]:
    """Each run of cells in which the groups differ by more than chance, in a sentence."""
    lines = []
    for cluster in found(comparison):
        higher, lower = (a, b) if cluster.difference > 0 else (b, a)
        titles = _titles(comparison, cluster, axis)
        lines.append(
            f"{_from_to(comparison, cluster)}{titles}: {higher} higher than {lower} by {points(cluster.difference)} on "
            f"average ({_chance(cluster.p_value)})"
        )
    return lines


def points(difference: float) -> str:
    """The size of a difference of shares, as "12 points"."""
    size = percent(abs(difference))
    return f"{size} point{'' if size == 1 else 's'}"


def _from_to(comparison: Comparison, cluster: Cluster) -> str:
    axis = comparison.axis
    end_s = float(axis.start_a_s[cluster.last] + axis.length_s[cluster.last])
    return f"{clock_text(float(axis.start_a_s[cluster.first]))} to {clock_text(end_s)}"


def _titles(comparison: Comparison, cluster: Cluster, axis: FilmAxis) -> str:
    starts: Sequence[float] = comparison.axis.start_a_s[cluster.first : cluster.last + 1].tolist()
    titles = list(dict.fromkeys(title for title in (axis.part(second) for second in starts) if title))
    return f" ({', '.join(f'“{title}”' for title in titles)})" if titles else ""


def _chance(p_value: float) -> str:
    return f"p = {p_value:.3f}" if p_value >= 0.001 else "p < .001"
