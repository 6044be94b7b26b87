"""The port for scorers of contact sheets, and the matching of found faces to tiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

from audience.deliveries.manifest import Manifest
from audience.deliveries.sheet import Sheet
from audience.store import ScorerRecord

Result = TypeVar("Result")


class SheetScorer(Protocol):
    """Scores the expressions of the faces on a contact sheet.

    Attributes:
        name: the scorer's name and version, part of every record.
        expressions: the expressions it scores.
        thresholds: for each expression the confidence, 0..1, from which a face counts as showing it.
        experimental: the expressions without an established accuracy.
        model_sha256: hash of the model file; "" where there is none.
    """

    name: str
    expressions: tuple[str, ...]
    thresholds: Mapping[str, float]
    experimental: frozenset[str]
    model_sha256: str

    def score(self, sheet: Sheet) -> list[Mapping[str, float] | None]:
        """Scores a sheet.

        Returns:
            For each tile of the manifest, in order, the confidences, 0..1, of all `expressions`; None for a tile with
            no face or more than one.

        Raises:
            SheetRejected: the picture can never be scored.
            ScorerUnavailable: it could not be scored now; a retry may help.
        """
        ...


def scorer_record(scorer: SheetScorer) -> ScorerRecord:
    """The store's record of a scorer."""
    return ScorerRecord(
        name=scorer.name,
        thresholds=dict(scorer.thresholds),
        experimental=scorer.experimental,
        model_sha256=scorer.model_sha256,
    )


def match_tiles(manifest: Manifest, found: Iterable[tuple[float, float, Result]]) -> list[Result | None]:
    """Matches the faces found on a sheet to its tiles.

    Args:
        manifest: the sheet's manifest.
        found: for each face its centre, as fractions of the sheet's width and height, and its result.

    Returns:
        For each tile, in the manifest's order, the result of its face; None where there is no face or more than one.
    """
    by_place: dict[int, list[Result]] = {}
    for x, y, result in found:
        place = manifest.grid.place_at(x, y)
        if place is not None:
            by_place.setdefault(place, []).append(result)
    matches = [by_place.get(tile.place, []) for tile in manifest.tiles]
    return [results[0] if len(results) == 1 else None for results in matches]
