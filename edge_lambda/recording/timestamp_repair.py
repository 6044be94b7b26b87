"""Repairs a stream's timestamps, so that they rise steadily despite wrong values, restarts and jumps.

A timestamp is judged by those around it, in decoding order. The expected line continues from the newest accepted
timestamp by the usual step between pictures.

- **Spike**: timestamps leave the line, and a later one (within `RUN_AT_MOST_S`) is back on it. Those in between are
  wrong and are placed in the room between their neighbours. A run that keeps its own steps is moved as a whole.
- **Restart**: timestamps fall behind the line and stay there. The clock restarted: continue without a gap.
- **Pause**: timestamps go ahead of the line and stay there. The gap is accepted and stays a gap...
- **Jump**: ...unless the file's stated length has no room for it, or it is longer than `LONGEST_PAUSE_S` and than many
  usual steps of the stream (a time-lapse has long steps throughout). Then the clock was set: continue without a gap.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Literal

from edge_lambda.recording.clock import VideoPacket
from edge_lambda.recording.timestamps import (
    LEAST_STEP_S,
    LONGEST_PAUSE_S,
    REORDER_WINDOW,
    Step,
    room_for,
    usual_step,
    wrong_at_first,
)

# A wrong timestamp on a block of a file shifts all its pictures; blocks hold some seconds.
RUN_AT_MOST_S = 15
# Limits of the packets held back while a timestamp is judged; beyond them, the new line is accepted.
JUDGED_BY_PACKETS = 1_024
JUDGED_BY_BYTES = 32 * 2**20
# A stated length may end at the last picture decoded, which need not be the last one shown.
SLACK_S = 10
# Number of steps from which the usual step is estimated.
PACE_OVER = 48
# Packets compared before the first timestamp is accepted.
FIRST_PACKETS = 32
# Of this many timestamps after one that is back on the line, half have to be on it too.
CONFIRMED_BY = 4


class TimestampRepairer:
    """Repairs the timestamps of a stream's packets.

    Attributes:
        steps: lasting changes of the timestamps so far.
        wrong: number of single timestamps repaired so far.
        end: end of the picture shown last, so far, ticks; None before the first.
    """

    def __init__(
        self,
        *,
        time_base: Fraction,
        stated: int | None = None,
        first: int | None = None,
        reorders: bool = False,
        by_decoding: bool = False,
    ) -> None:
        """Starts without timestamps.

        Args:
            time_base: seconds per tick.
            stated: length stated in the file's header, ticks, over 0; None if not stated.
            first: timestamp of the recording's first picture, if reading does not start there.
            reorders: whether pictures may be decoded before others that are shown earlier.
            by_decoding: whether decoding times are used instead of presentation times.
        """
        self.steps: list[Step] = []
        self.wrong = 0
        self.end: int | None = None
        self._by_decoding = by_decoding
        self._reorders = reorders
        self._stated = stated
        self._first = first
        self._second = max(1, round(1 / time_base))
        self._shift = 0  # from the file's timestamps to the repaired ones
        self._newest: int | None = None
        self._last: int | None = None
        self._moves: deque[int] = deque(maxlen=PACE_OVER)  # from one timestamp to the next
        self._recent: deque[int] = deque(maxlen=REORDER_WINDOW)  # the newest accepted timestamps
        self._passed = 0  # packets handed on
        self._before_pause = (0, 0)  # where the line was, and the packet count up to which one may still lie there
        self._coming: Iterator[VideoPacket] = iter(())
        self._held: deque[VideoPacket] = deque()
        self._held_bytes = 0

    def mended(self, packets: Iterable[VideoPacket]) -> Iterator[VideoPacket]:
        """Yields a stream's packets in order, with one repaired timestamp each (the other one is removed if
        changed)."""
        self._coming = iter(packets)
        if self._last is None:
            self._look_ahead(FIRST_PACKETS)
            self._mend_first()
        while self._look_ahead(1):
            stamp = self._stamp(self._held[0])
            if stamp is not None and self._is_off(stamp):
                if self._is_late(stamp):
                    yield self._pass_aside(stamp)
                    continue
                if back := self._back_on_line():
                    if self._is_ahead(stamp, back):
                        yield self._pass_aside(stamp)
                    else:
                        yield from self._pass_mended(back)
                    continue
                self._step_to(stamp)
            yield self._pass_on()

    def _look_ahead(self, count: int) -> bool:
        """Buffers up to `count` packets; returns whether that many are available within the memory limits."""
        while len(self._held) < count:
            if len(self._held) >= JUDGED_BY_PACKETS or self._held_bytes > JUDGED_BY_BYTES:
                return False
            packet = next(self._coming, None)
            if packet is None:
                return False
            self._held.append(packet)
            self._held_bytes += packet.size
        return True

    def _stamp(self, packet: VideoPacket) -> int | None:
        """The packet's timestamp in the file minus removed jumps; None if it has none or is not shown."""
        if packet.is_discard:
            return None
        stamp = packet.dts if self._by_decoding or packet.pts is None else packet.pts
        return None if stamp is None else int(stamp) + self._shift

    def _take(self) -> VideoPacket:
        self._passed += 1
        packet = self._held.popleft()
        self._held_bytes -= packet.size
        return packet

    def _pass_on(self) -> VideoPacket:
        """Passes the next packet on, shifted by the removed jumps."""
        packet = self._take()
        stamp = self._stamp(packet)
        if packet.pts is not None:
            packet.pts = int(packet.pts) + self._shift
        if packet.dts is not None:
            decoded = int(packet.dts) + self._shift
            # Decoding precedes presentation by no more than the stream reorders; a decoding time further off is wrong.
            near = stamp is None or self._is_near(decoded, stamp)
            packet.dts = decoded if near else None
        if stamp is None:
            return packet
        if self._last is not None:
            self._moves.append(abs(stamp - self._last))
        self._believe(packet, stamp)
        return packet

    def _believe(self, packet: VideoPacket, stamp: int) -> None:
        self._first = stamp if self._first is None else min(self._first, stamp)
        self._newest = stamp if self._newest is None else max(self._newest, stamp)
        self._last = stamp
        self._recent.append(stamp)
        self._reach_end(packet, stamp)

    def _reach_end(self, packet: VideoPacket, stamp: int) -> None:
        end = stamp + (packet.duration or self._usual())
        if not packet.is_corrupt and (self.end is None or end > self.end):
            self.end = end

    def _usual(self) -> int:
        return usual_step(self._recent)

    def _reach(self) -> int:
        """How far a timestamp may be from the newest one and still be on the line."""
        return max(round(LEAST_STEP_S * self._second), round(2.5 * max(self._moves, default=0)), 3 * self._usual())

    def _is_off(self, stamp: int) -> bool:
        return self._newest is not None and not self._is_near(stamp, self._newest)

    def _is_near(self, stamp: int, other: int) -> bool:
        apart = abs(stamp - other)
        return apart <= self._second * LEAST_STEP_S or apart <= self._reach() + self._usual()

    def _back_on_line(self) -> int:
        """Number of packets before one that is back on the line; 0 if none is."""
        assert self._newest is not None
        usual, reach, line = self._usual(), self._reach(), self._newest
        first = self._stamp(self._held[0])
        assert first is not None
        off = abs(first - line - usual)

        def on_line(place: int) -> bool:
            stamp = self._stamp(self._held[place])
            expected = line + usual * (place + 1)
            near = min(max(reach, usual * place // 2), off // 2)
            return stamp is not None and abs(stamp - expected) <= near

        def returns(place: int) -> bool:
            # Pictures that catch up after a pause also reach the line, but step by step.
            stamp, before = self._stamp(self._held[place]), self._stamp(self._held[place - 1])
            return stamp is not None and before is not None and abs(stamp - before) > min(reach, off // 2)

        place = 1
        while self._look_ahead(place + 1):
            if usual * place > RUN_AT_MOST_S * self._second and place > 8:
                return 0
            if on_line(place) and returns(place):
                self._look_ahead(place + 1 + CONFIRMED_BY)
                following = range(place + 1, min(place + 1 + CONFIRMED_BY, len(self._held)))
                if sum(map(on_line, following)) * 2 >= len(following):
                    return place
            place += 1
        # The recording ends before there are enough packets to judge: if it cannot be a pause, the timestamps are
        # wrong.
        at_end = len(self._held) < CONFIRMED_BY
        return len(self._held) if at_end and (first < line or self._is_no_pause(first - line - usual, first)) else 0

    def _is_ahead(self, stamp: int, back: int) -> bool:
        """Whether pictures decoded later are shown before this one, the first after a pause."""
        assert self._newest is not None
        if not self._reorders or stamp < self._newest or self._is_no_pause(stamp - self._newest, stamp):
            return False
        more = self._look_ahead(back + REORDER_WINDOW)
        later = [self._stamp(packet) for packet in [*self._held][back : back + REORDER_WINDOW]]
        past = [one is not None and one - stamp >= -self._reach() for one in later[-CONFIRMED_BY:]]
        return sum(past) * 2 > len(past) or (not more and stamp - self._newest <= SLACK_S * self._second)

    def _is_late(self, stamp: int) -> bool:
        """Whether this is one of the last pictures before a pause whose other side was already reached."""
        line, until = self._before_pause
        return self._newest is not None and self._passed < until and line - self._reach() <= stamp < self._newest

    def _pass_aside(self, stamp: int) -> VideoPacket:
        """Passes on a packet whose picture belongs to the other side of a pause than its neighbours."""
        packet = self._take()
        self._put(packet, stamp)
        self._reach_end(packet, stamp)
        return packet

    def _is_no_pause(self, by: int, stamp: int) -> bool:
        if by > max(LONGEST_PAUSE_S * self._second, 50 * self._usual()):
            return True
        if self._stated is None or self._first is None or self._newest is None:
            return False
        allowed = self._stated + max(SLACK_S * self._second, self._stated / 50)
        # A length that was already exceeded proves nothing.
        return self._newest - self._first <= allowed < stamp - self._first

    def _step_to(self, stamp: int) -> None:
        """Moves the expected line to the new timestamps, after a lasting change."""
        assert self._newest is not None
        expected = self._newest + self._usual()
        by = stamp - expected
        pause = by > 0 and not self._is_no_pause(by, stamp)
        if not pause:
            # The picture decoded first need not be shown first.
            self._look_ahead(REORDER_WINDOW)
            there = (self._stamp(packet) for packet in [*self._held][:REORDER_WINDOW])
            by = min(one for one in there if one is not None and abs(one - stamp) <= self._reach()) - expected
            self._shift -= by
        kind: Literal["pause", "restart", "jump"] = "pause" if pause else "jump" if by > 0 else "restart"
        self.steps.append(Step(at=stamp if pause else expected, by=by, kind=kind))
        # Of the earlier timestamps, only their usual step still applies.
        self._newest = stamp - self._usual() if pause else self._newest
        self._last = self._newest
        if pause:
            self._before_pause = (expected, self._passed + REORDER_WINDOW)
            self._recent = deque((earlier + by for earlier in self._recent), maxlen=self._recent.maxlen)

    def _pass_mended(self, count: int) -> Iterator[VideoPacket]:
        """Passes on `count` packets with wrong timestamps, each placed in the room between its neighbours."""
        self.wrong += count
        run = [self._stamp(self._held[place]) for place in range(count)]
        self._look_ahead(count + REORDER_WINDOW)
        after = [
            stamp for place in range(count, len(self._held)) if (stamp := self._stamp(self._held[place])) is not None
        ]
        for stamp in room_for(
            run,
            before=[*self._recent],
            after=after[:REORDER_WINDOW],
            usual=max(1, self._usual()),
            widest=max(self._moves, default=0),
            reach=self._reach(),
        ):
            packet = self._take()
            self._put(packet, stamp)
            self._believe(packet, stamp)
            yield packet

    def _put(self, packet: VideoPacket, stamp: int) -> None:
        packet.pts, packet.dts = (None, stamp) if self._by_decoding else (stamp, None)

    def _mend_first(self) -> None:
        found = [(packet, stamp) for packet in self._held if (stamp := self._stamp(packet)) is not None]
        if len(found) < CONFIRMED_BY:
            return
        pace, wrong = wrong_at_first([stamp for _, stamp in found], second=self._second)
        self._moves.append(pace)
        self.wrong += len(wrong)
        for place, stamp in wrong.items():
            self._put(found[place][0], stamp)
