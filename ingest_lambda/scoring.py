"""Scoring the faces of a contact sheet: the port every scorer of sheets follows, and whose tile a found face is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

from audience.sheets.manifest import Manifest
from audience.sheets.sheet import Sheet
from audience.store import ScorerRecord

Answer = TypeVar("Answer")


class SheetScorer(Protocol):
    """Says how sure it is of each visible expression of the faces on a sheet.

    Attributes:
        name: the scorer with its version, because every record says what made it.
        expressions: what it scores.
        thresholds: for each expression the confidence, 0..1, from which a face counts as showing it.
        experimental: the expressions whose accuracy is not established.
        model_sha256: of the model file; "" where there is none to look at.
    """

    name: str
    expressions: tuple[str, ...]
    thresholds: Mapping[str, float]
    experimental: frozenset[str]
    model_sha256: str

    def score(self, sheet: Sheet) -> list[Mapping[str, float] | None]:
        """Scores a sheet.

        Returns:
            For each tile of the manifest, in its order, the confidences, 0..1, of all `expressions`; None for a tile
            on which no face was found, or two: it is never guessed.

        Raises:
            SheetRejected: the picture can never be scored.
            ScorerUnavailable: it could not be scored now; trying again may help.
        """
        ...


def scorer_record(scorer: SheetScorer) -> ScorerRecord:
    """What a store keeps of a scorer."""
    return ScorerRecord(
        name=scorer.name,
        thresholds=dict(scorer.thresholds),
        experimental=scorer.experimental,
        model_sha256=scorer.model_sha256,
    )


def on_tiles(manifest: Manifest, found: Iterable[tuple[float, float, Answer]]) -> list[Answer | None]:
    """Lays what was found on a sheet on its tiles.

    Args:
        manifest: of the sheet.
        found: for each face its centre, as fractions of the sheet's width and height, and what was said of it.

    Returns:
        For each tile, in the manifest's order, what was said of its own face; None where there is none, or two.
    """
    by_place: dict[int, list[Answer]] = {}
    for x, y, answer in found:
        place = manifest.grid.place_at(x, y)
        if place is not None:
            by_place.setdefault(place, []).append(answer)
    answers = [by_place.get(tile.place, []) for tile in manifest.tiles]
    return [answer[0] if len(answer) == 1 else None for answer in answers]
