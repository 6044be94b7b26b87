"""Sums the figures of a remote audience, one face a viewer, to windows of one stage.

A viewer's browser sends a row for each second: whether their face was measured, and its confidences. A row first waits
for others of its second; only when rows of five more viewers are there are they added to the second's sums, which are
what a store gets. So neither a sum nor the difference of two sums is of fewer than five viewers.

Rows by viewer are kept in memory, never on a disk, for an hour after a viewer's last one: to recognise a row that comes
twice, and to subtract them where a viewer takes them back. Sums are of integers, so that nothing of them is left.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from audience.errors import AccessRefused, InvalidValue
from audience.language import gettext
from audience.remote_audience import CAMERA_ID, STAGE_ID, RemoteAudience
from audience.sessions import DAY_MS
from audience.store import ScorerRecord
from audience.windows import Tally, WindowRecord

LEAST_VIEWERS: Final = 5
"""Viewers whose rows are added to a sum at a time, and of whom a figure is written, at least."""

HELD_S: Final = 3600
"""How long rows can be taken back: seconds after a viewer's last row."""

LATEST_S: Final = 120
"""How long after a second a row of a stream is taken, seconds."""

AHEAD_S: Final = 3
"""How far a viewer's clock may be ahead, seconds."""

LAST_SECOND: Final = 12 * 3600
"""The last second of a film or a stream that is taken."""

MOST_ROWS: Final = 150
"""Rows that a viewer may send at once, after their network was away; one a second comes back to them."""

SETTLE_S: Final = 0.7
"""How long a second waits for more rows before five or more are written, seconds."""

STRAGGLERS_S: Final = 2.0
"""How long it waits at most for the last viewers of a stream, who would be too few to be added alone, seconds."""

KEPT_MS: Final = 730 * DAY_MS
"""How long windows are kept, as those of cameras are unless told otherwise."""

ACTIVE_S: Final = 10.0
"""A viewer who sent something within so many seconds is watching."""

_ONE: Final = 10_000  # confidences are kept as integers of 1/10,000

Row = tuple[int, ...]
"""Confidences of one viewer in one second, in the scorer's order, as integers; () where their face was not measured."""


_WAITS, _NOT_MEASURED, _MEASURED = 1, 2, 3


def row_order(scorer: ScorerRecord) -> tuple[str, ...]:
    """The expressions of a row's confidences, in their order: those of the scorer's network, which sum to 1."""
    return tuple(name for name in scorer.thresholds if name != "smile")


class _Rows:
    """The rows of one viewer by second, in few bytes: 500 viewers of two hours take 61 MB."""

    def __init__(self, expressions: int) -> None:
        self._row = struct.Struct(f"<{expressions}H")
        self._width = 1 + self._row.size
        self._minutes: dict[int, bytearray] = {}

    def __bool__(self) -> bool:
        return bool(self._minutes)

    def state(self, second: int) -> int:
        """0 where there is no row; else whether it waits, or is in a sum, with a measured face or without."""
        minute = self._minutes.get(second // 60)
        return minute[second % 60 * self._width] if minute is not None else 0

    def put(self, second: int, row: Row | None) -> None:
        """Notes a row that is in a sum, or with None that one waits."""
        minute = self._minutes.setdefault(second // 60, bytearray(60 * self._width))
        at = second % 60 * self._width
        minute[at] = _WAITS if row is None else _MEASURED if row else _NOT_MEASURED
        if row:
            self._row.pack_into(minute, at + 1, *row)

    def row(self, second: int) -> Row:
        """A row that is in a sum."""
        minute, at = self._minutes[second // 60], second % 60 * self._width
        return self._row.unpack_from(minute, at + 1) if minute[at] == _MEASURED else ()

    def seconds(self) -> Iterator[tuple[int, int]]:
        """Each second of which there is a row, and its state."""
        for number, minute in self._minutes.items():
            for place, state in enumerate(minute[:: self._width]):
                if state:
                    yield 60 * number + place, state


@dataclass(slots=True)
class _Viewer:
    tokens: float
    last_s: float
    rows: _Rows
    measured: bool = False  # in the newest row


@dataclass(slots=True)
class _Second:
    waiting: dict[str, Row] = field(default_factory=dict)
    since_s: float = 0.0
    viewers: int = 0
    faces: int = 0
    sums: list[int] = field(default_factory=list)  # of each expression: Σ, Σ of squares, number over the threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteCount:
    """How many viewers there are.

    Attributes:
        joined: all who joined and did not take their figures back.
        watching: those who sent something within the last seconds.
        measured: of these, those whose face was measured in their newest row.
    """

    joined: int
    watching: int
    measured: int


class RemoteFigures:
    """The figures of one remote audience. Not safe to use from several threads at once."""

    def __init__(self, audience: RemoteAudience, scorer: ScorerRecord, *, part: str) -> None:
        """Starts without viewers.

        Args:
            audience: what was opened.
            scorer: of the viewers' browsers.
            part: of the windows written: different in each run of the server, since a new run knows no earlier rows.
        """
        self.audience = audience
        self._scorer, self._expressions, self._part = scorer, row_order(scorer), part
        self._thresholds = [round(scorer.thresholds[name] * _ONE) for name in self._expressions]
        self._viewers: dict[str, _Viewer] = {}
        self._seconds: dict[int, _Second] = {}
        self._open: set[int] = set()  # with rows that wait
        self._changed: set[int] = set()  # from which rows were taken back
        self._nameless = 0

    def join(self, viewer_id: str, now_s: float) -> None:
        """Takes a viewer in; one who is there already stays who they are.

        Args:
            viewer_id: theirs.
            now_s: a clock that only goes forward, seconds.

        Raises:
            AccessRefused: there are too many.
        """
        if viewer_id in self._viewers:
            return
        if len(self._viewers) >= self.audience.most_viewers:
            raise AccessRefused(gettext("There is no room for more viewers."))
        self._viewers[viewer_id] = _Viewer(tokens=MOST_ROWS, last_s=now_s, rows=_Rows(len(self._expressions)))

    def add(
        self, viewer_id: str, rows: Iterable[tuple[int, Sequence[float]]], *, now_s: float, second_now: int | None
    ) -> int:
        """Takes the rows of one viewer. Of several of one second the first counts, so a row that comes twice is one.

        Args:
            viewer_id: theirs.
            rows: the second, and the confidences in the scorer's order, each 0..1; none where no face was measured.
            now_s: as for `join`.
            second_now: the second that it is now in a stream; None for a film, whose seconds come in any order.

        Returns:
            How many counted.

        Raises:
            InvalidValue: a row cannot be, or this viewer sends too much; none is taken.
            AccessRefused: there are too many viewers.
        """
        kept = [(second, self._checked(second, confidences)) for second, confidences in rows]
        self.join(viewer_id, now_s)
        viewer = self._viewers[viewer_id]
        viewer.tokens = min(MOST_ROWS, viewer.tokens + max(0.0, now_s - viewer.last_s))
        viewer.last_s = now_s
        if len(kept) > viewer.tokens:
            raise InvalidValue(gettext("This is more than one viewer can send."))
        viewer.tokens -= len(kept)
        counted = 0
        for second, row in kept:
            if second_now is not None and not second_now - LATEST_S <= second <= second_now + AHEAD_S:
                continue
            if viewer.rows.state(second):
                continue
            viewer.rows.put(second, None)
            there = self._seconds.setdefault(second, _Second(sums=[0] * (3 * len(self._expressions))))
            if not there.waiting:
                there.since_s = now_s
            there.waiting[viewer_id] = row
            self._open.add(second)
            counted += 1
        if kept:
            viewer.measured = bool(kept[-1][1])
        return counted

    def withdraw(self, viewer_id: str) -> int:
        """Takes all of a viewer's rows out again, and forgets the viewer; returns how many rows there were."""
        viewer = self._viewers.pop(viewer_id, None)
        if viewer is None:
            return 0
        count = 0
        for second, state in viewer.rows.seconds():
            there = self._seconds[second]
            if state == _WAITS:
                there.waiting.pop(viewer_id, None)
            else:
                self._sum(there, viewer.rows.row(second), -1)
                self._changed.add(second)
            count += 1
        return count

    def due(self, now_s: float, *, second_now: int | None = None) -> list[WindowRecord]:
        """The windows to write now; forgets whose rows they are where that is due.

        Args:
            now_s, second_now: as for `add`.
        """
        watching = self.count(now_s).watching if second_now is not None else 0
        written = set(self._changed)
        self._changed.clear()
        for second in sorted(self._open):
            there = self._seconds[second]
            if second_now is not None and second < second_now - 2 * LATEST_S:
                there.waiting.clear()  # nobody comes who would make them five
            if not there.waiting:
                self._open.discard(second)
                continue
            age_s = now_s - there.since_s
            to_come = watching - there.viewers - len(there.waiting)
            alone = 0 < to_come < LEAST_VIEWERS and age_s < STRAGGLERS_S
            if len(there.waiting) < LEAST_VIEWERS or age_s < SETTLE_S or alone:
                continue
            for viewer_id, row in there.waiting.items():
                self._sum(there, row, 1)
                if (viewer := self._viewers.get(viewer_id)) is not None:
                    viewer.rows.put(second, row)
            there.waiting = {}
            self._open.discard(second)
            written.add(second)
        self._forget(now_s)
        return [self._window(second) for second in sorted(written)]

    def count(self, now_s: float) -> RemoteCount:
        """How many viewers there are now."""
        watching = [one for one in self._viewers.values() if now_s - one.last_s < ACTIVE_S and one.rows]
        return RemoteCount(
            joined=len(self._viewers), watching=len(watching), measured=sum(one.measured for one in watching)
        )

    def _checked(self, second: int, confidences: Sequence[float]) -> Row:
        if not 0 <= second <= LAST_SECOND:
            raise InvalidValue(f"second {second} is not of a film or a stream")
        if not confidences:
            return ()
        # Probabilities of expressions that exclude each other: a face cannot be sure of two.
        fits = len(confidences) == len(self._expressions) and all(0 <= value <= 1 for value in confidences)
        if not fits or not 0.97 <= sum(confidences) <= 1.03:
            raise InvalidValue("these are not the confidences of a face")
        return tuple(round(value * _ONE) for value in confidences)

    def _sum(self, there: _Second, row: Row, sign: int) -> None:
        there.viewers += sign
        if not row:
            return
        there.faces += sign
        sums, at = there.sums, 0
        for value, threshold in zip(row, self._thresholds, strict=True):
            sums[at] += sign * value
            sums[at + 1] += sign * value * value
            sums[at + 2] += sign * (value >= threshold)
            at += 3

    def _forget(self, now_s: float) -> None:
        """Lets go of rows that can no longer be taken back; those that wait go on without a name."""
        for viewer_id in [one for one, viewer in self._viewers.items() if now_s - viewer.last_s > HELD_S]:
            viewer = self._viewers.pop(viewer_id)
            for second, state in viewer.rows.seconds():
                row = self._seconds[second].waiting.pop(viewer_id, None) if state == _WAITS else None
                if row is not None:
                    self._nameless += 1
                    self._seconds[second].waiting[f"nameless {self._nameless}"] = row

    def _window(self, second: int) -> WindowRecord:
        there, audience = self._seconds[second], self.audience
        start_ms = audience.starts_ms + 1000 * (second - audience.delay_s)
        return WindowRecord(
            session_id=audience.session_id,
            stage_id=STAGE_ID,
            camera_id=CAMERA_ID,
            start_ms=start_ms,
            part=self._part,
            faces=there.faces,
            expected=there.viewers,
            tallies=self._tallies(there) if there.faces >= LEAST_VIEWERS else {},
            scorer=self._scorer.name,
            expires_ms=audience.opened_ms + KEPT_MS,
        )

    def _tallies(self, there: _Second) -> Mapping[str, Tally]:
        tallies = {
            name: Tally(
                faces=there.faces,
                total=there.sums[at] / _ONE,
                squares=min(there.sums[at + 1] / _ONE**2, there.sums[at] / _ONE),
                over=there.sums[at + 2],
            )
            for name, at in zip(self._expressions, range(0, len(there.sums), 3), strict=True)
        }
        return {**tallies, "smile": tallies["happy"]}
