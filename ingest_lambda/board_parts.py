"""Parts of a large festival's board: the sums of some stages, which one call reads for the one that makes the board.

A part has two objects: what had settled at its last refresh, and with each update what came since. Whoever starts
begins with what lies there, so nothing that only one function instance knows is needed.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from audience.board.liveliness import StageSums
from audience.board.reader import CachedStage, RecentWindows, joined, rows_of
from audience.sessions import Camera, Stage
from audience.stores import documents
from ingest_lambda.board_objects import PARTS, BoardObjects

_COLUMNS: Final = ("end_ms", "faces", "scored", "total", "squares")
_PAST, _RECENT = "past", "recent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some stages of a festival.

    Attributes:
        at_ms: the instant of the update, milliseconds since the epoch.
        stages: what had settled; for `BoardParts.newest` everything until `at_ms`.
    """

    at_ms: int
    stages: tuple[CachedStage, ...]

    @property
    def sums(self) -> list[StageSums]:
        """The windows of each stage."""
        return [one.sums for one in self.stages]


class BoardParts:
    """Reads and writes the parts of one festival's board. Every method raises BoardNotPublished if S3 refuses.

    What had settled is kept until a newer one is needed. Not thread-safe for one part.
    """

    def __init__(self, objects: BoardObjects, session_id: str) -> None:
        """Creates the object without I/O."""
        self._objects, self._prefix = objects, f"{PARTS}{session_id}/"
        self._past: dict[int, Part] = {}

    def put(
        self,
        number: int,
        settled: Part,
        at_ms: int,
        sums: Sequence[StageSums],
        recent: Mapping[str, RecentWindows],
    ) -> None:
        """Writes an update of a part.

        Args:
            number: of the part.
            settled: its stages at the last refresh.
            at_ms: the instant of the update.
            sums: the windows of the same stages until then.
            recent: what of these is not settled, for the next call to go on from.
        """
        held = self._past.get(number)
        if held is None or held.at_ms != settled.at_ms:
            # First, because what came since is of no use without it.
            stages = [
                [documents.to_json(one.stage), [documents.to_json(camera) for camera in one.cameras], one.until_ms]
                for one in settled.stages
            ]
            self._objects.put_part(
                self._key(number, _PAST), _packed({"at_ms": settled.at_ms, "stages": stages}, settled.sums)
            )
            self._past[number] = settled
        said = {
            "at_ms": at_ms,
            "past_ms": settled.at_ms,
            "stages": [one.stage.stage_id for one in sums],
            "read": [
                [known.since_ms, known.at_ms, known.whole_ms, dict(known.newest_ms)]
                if (known := recent.get(one.stage.stage_id))
                else None
                for one in sums
            ],
        }
        new = [_later(one, old.sums) for one, old in zip(sums, settled.stages, strict=True)]
        self._objects.put_part(self._key(number, _RECENT), _packed(said, new))

    def to_go_on_from(self, number: int) -> tuple[Part, dict[str, RecentWindows]] | None:
        """What had settled, and what came since by stage, for the next call; None if the part was never written."""
        settled, body = self.settled(number), self._objects.part(self._key(number, _RECENT))
        if settled is None or body is None:
            return None if settled is None else (settled, {})
        said, columns = _unpacked(body)
        if said["past_ms"] != settled.at_ms:
            return settled, {}
        stages = {one.stage.stage_id: one.stage for one in settled.stages}
        recent = {}
        for stage_id, known, sums in zip(said["stages"], said["read"], _by_stage(said, columns), strict=True):
            if known is not None:
                since_ms, at_ms, whole_ms, newest_ms = known
                recent[stage_id] = RecentWindows(
                    since_ms=since_ms,
                    at_ms=at_ms,
                    whole_ms=whole_ms,
                    newest_ms=newest_ms,
                    sums=replace(sums, stage=stages[stage_id]),
                )
        return settled, recent

    def settled(self, number: int) -> Part | None:
        """What had settled when the part was last refreshed; None if it was never written."""
        body = self._objects.part(self._key(number, _PAST))
        if body is None:
            return None
        said, columns = _unpacked(body)
        stages = []
        for (stage, cameras, until_ms), sums in zip(said["stages"], _by_stage(said, columns), strict=True):
            of_stage = documents.from_json(stage, Stage)
            stages.append(
                CachedStage(
                    stage=of_stage,
                    cameras=[documents.from_json(one, Camera) for one in cameras],
                    from_ms=int(sums.end_ms[0]) if len(sums.end_ms) else until_ms,
                    until_ms=until_ms,
                    records=None,
                    sums=replace(sums, stage=of_stage),
                )
            )
        self._past[number] = Part(at_ms=said["at_ms"], stages=tuple(stages))
        return self._past[number]

    def newest(self, number: int) -> Part | None:
        """The newest update of a part; None if it was never written."""
        body = self._objects.part(self._key(number, _RECENT))
        if body is None:
            return None
        said, columns = _unpacked(body)
        past = self._past.get(number)
        if past is None or past.at_ms != said["past_ms"]:
            past = self.settled(number)
            if past is None:
                return None
        by_id = dict(zip(said["stages"], _by_stage(said, columns), strict=True))
        stages = []
        for one in past.stages:
            recent = by_id.get(one.stage.stage_id)
            # What had settled may have been written anew since the update was.
            new = one.sums if recent is None else joined(one.sums, _later(replace(recent, stage=one.stage), one.sums))
            stages.append(replace(one, sums=new))
        return Part(at_ms=said["at_ms"], stages=tuple(stages))

    def _key(self, number: int, kind: str) -> str:
        return f"{self._prefix}{number}/{kind}"


def _later(sums: StageSums, than: StageSums) -> StageSums:
    if not len(than.end_ms):
        return sums
    return rows_of(sums, slice(int(np.searchsorted(sums.end_ms, than.end_ms[-1], side="right")), None))


def _packed(said: dict[str, Any], sums: Sequence[StageSums]) -> bytes:
    said |= {
        "rows": [len(one.end_ms) for one in sums],
        "widths": [one.width_ms for one in sums],
        "scorers": [list(one.scorers) for one in sums],
    }
    columns = [np.concatenate([getattr(one, name) for one in sums]) for name in _COLUMNS] if sums else []
    packed = io.BytesIO()
    np.savez(packed, np.frombuffer(json.dumps(said).encode(), dtype=np.uint8), *columns)
    return packed.getvalue()


def _unpacked(body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    with np.load(io.BytesIO(body), allow_pickle=False) as packed:
        said, *columns = (packed[name] for name in packed.files)
        return json.loads(said.tobytes()), dict(zip(_COLUMNS, columns, strict=False))


def _by_stage(said: dict[str, Any], columns: dict[str, Any]) -> list[StageSums]:
    found, at = [], 0
    for rows, width_ms, scorers in zip(said["rows"], said["widths"], said["scorers"], strict=True):
        mine = {name: values[at : at + rows] for name, values in columns.items()}
        found.append(StageSums(stage=_NO_STAGE, width_ms=width_ms, scorers=tuple(scorers), **mine))
        at += rows
    return found


_NO_STAGE: Final = Stage(stage_id="none")  # until the stage is known
