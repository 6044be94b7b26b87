"""What a comparison of scorers says in words, for the page and for the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from math import isnan
from typing import Final

from audience.agreement import LEAST_TRACKS, Agreement, Estimate
from audience.disclosure import MIN_FACES
from audience.faces import LEAD_EXPRESSION
from audience.percents import percent_text
from dashboard.wording import expression_name
from houselights.comparing_scorers.figures import ComparedPair, ScorerComparison, ScorerFigures

_PLACES: Final = {"device": "on the device", "cloud": "in the cloud"}

AGREEMENT_COLUMNS: Final = ("First", "Second", "Apart", "Correlation", "Same", "Kappa")


def lead(compared: ScorerComparison) -> str:
    """The result of the first pair in two sentences, or why there is none."""
    if not compared.pairs:
        return (
            f"Only {compared.compared} faces were scored by all scorers: too few to compare, as figures over fewer "
            f"than {MIN_FACES} faces are not shown."
        )
    pair = compared.pairs[0]
    found = pair.by_expression[LEAD_EXPRESSION]
    together = (
        "Their shares second by second cannot be correlated: there are too few seconds, or all are alike"
        if isnan(found.correlation.value)
        else f"Second by second their shares of smiles correlate by {_number(found.correlation)}"
    )
    return (
        f"Of {found.faces} faces, {pair.first} and {pair.second} say the same of {percent_text(found.same)}: Cohen's "
        f"kappa is {_number(found.kappa)}. {together}; {pair.second} less {pair.first} is {points(found.difference)}."
    )


def side_by_side(compared: ScorerComparison) -> dict[str, list[str]]:
    """What each scorer took and sends, by row."""
    rows: dict[str, list[str]] = {}
    for one in compared.scorers:
        for name, text in _figures(one):
            rows.setdefault(name, []).append(text)
    return rows


def _figures(one: ScorerFigures) -> Iterable[tuple[str, str]]:
    yield "Scores", _PLACES[one.place]
    yield "Faces scored", f"{one.scored} of {one.asked}"
    yield "Share that smiles", "too few faces" if one.share is None else percent_text(one.share)
    yield "Until a second's scores are there", _seconds(one.delay_s)
    yield "In the slowest twentieth of them", _seconds(one.slow_delay_s)
    yield "Work or waiting a face", "-" if isnan(one.ms_a_face) else f"{one.ms_a_face:.1f} ms"
    yield "Paid calls here", f"{one.calls} (${one.dollars:.3f})" if one.calls else "none"
    yield "An hour of such a camera in AWS", f"${one.hour_dollars:.2f}"
    yield "Pictures of faces that leave the device", str(one.pictures) if one.pictures else "none"
    yield "Files that leave it", f"{one.deliveries}, {one.bytes / 1000:.0f} kB"
    yield "In an hour", f"{one.hour_bytes / 1e6:.1f} MB"


def agreement_rows(pair: ComparedPair) -> dict[str, list[str]]:
    """The agreement of a pair, by expression."""
    return {expression_name(name): _agreement(found) for name, found in pair.by_expression.items()}


def _agreement(found: Agreement) -> list[str]:
    return [
        percent_text(found.first),
        percent_text(found.second),
        points(found.difference),
        _number(found.correlation),
        percent_text(found.same),
        _number(found.kappa),
    ]


def points(of: Estimate) -> str:
    """A difference of shares in points, with its interval."""
    if isnan(of.value):
        return "-"
    interval = "" if isnan(of.low) else f" ({100 * of.low:+.1f} to {100 * of.high:+.1f})"
    return f"{100 * of.value:+.1f}{interval} points"


def _number(of: Estimate) -> str:
    if isnan(of.value):
        return "-"
    return f"{of.value:.2f}" + ("" if isnan(of.low) else f" ({of.low:.2f} to {of.high:.2f})")


def _seconds(delay_s: float) -> str:
    if isnan(delay_s):
        return "-"
    return f"{1000 * delay_s:.0f} ms" if delay_s < 1 else f"{delay_s:.1f} s"


def method(compared: ScorerComparison, service: str) -> list[str]:
    sentences = [
        "All scorers got the same faces: the clearest picture of each track in each second, on the device as a crop, "
        "in the cloud on a contact sheet.",
        "Agreement says nothing of who is right: neither scorer is the truth.",
        "A face shows an expression from the scorer's own threshold on.",
        "Kappa is Cohen's: 1 is full agreement, 0 what two scorers reach that know nothing of each other. Apart is the "
        "second's share less the first's, the mean over seconds.",
        "Ranges are 95 % intervals that draw whole tracks, because faces of one track are alike; with fewer than "
        f"{LEAST_TRACKS} tracks there are none.",
        f"Files wait until they hold {compared.interval_s:g} s. In the cloud a second's scores come after that wait "
        "and the call; upload, queue and function come on top. On the device they come after the scorer's work.",
        "Prices are list prices of us-east-1 without the free tier. The hour counts requests of every service that "
        "carries a camera's deliveries; a device that keeps its figures to itself costs nothing.",
    ]
    if service:
        sentences.append(f"The cloud's calls went to {service}.")
    return sentences
