"""Selects one picture per slot while decoding as little as possible.

Packets are read ahead of the decoder. Once it is certain which packet holds the next slot's first picture, everything
before the last key frame at or before it is dropped without decoding. Of the rest, only reference pictures (skip_frame
NONREF) and the wanted picture are decoded.

The result does not depend on this plan: it is the first intact picture of each slot that the decoder returns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from av import VideoFrame, VideoStream
from av.error import FFmpegError

from edge_lambda.recording.clock import StreamClock, VideoPacket
from edge_lambda.recording.slots import Slots
from edge_lambda.recording.tally import Tally
from edge_lambda.recording.timestamps import REORDERED_AT_MOST

# Limits of the packets held back while reading ahead; beyond them they are decoded, which costs time but no memory.
HELD_PACKETS = 1_024
HELD_BYTES = 64 * 2**20


class KeyFramesMislead(Exception):
    """Decoding cannot start at this stream's flagged key frames (gradual intra refresh)."""


class Sampler:
    """Takes one picture per slot from the packets of a video stream.

    Args:
        stream: the packets' stream; its decoder is used.
        clock: gives the times of packets and frames.
        slots: the slots to fill.
        first_slot: first slot wanted.
        trust_key_frames: False decodes everything in order.
        tally: counts packets, pictures and errors.
    """

    def __init__(
        self,
        *,
        stream: VideoStream,
        clock: StreamClock,
        slots: Slots,
        first_slot: int,
        trust_key_frames: bool,
        tally: Tally,
    ) -> None:
        self.due = first_slot  # first slot that has no sample yet
        self._planned = first_slot  # first slot without a chosen packet; slots from `due` up to it are in the decoder
        self._stream = stream
        self._clock = clock
        self._slots = slots
        self._trust_key_frames = trust_key_frames
        self._tally = tally
        self._held: list[tuple[VideoPacket, int]] = []  # read, not yet decoded or dropped: (packet, tick)
        self._held_bytes = 0
        self._wanted: int | None = None  # index in `_held` of the next sample, among the packets read so far
        self._fresh = True  # whether the decoder restarts with the next packet
        self._expected: list[int] = []  # ticks of pictures that the decoder has yet to return
        self._corrupt_before = 0  # corrupt count when decoding last began at a key frame
        self._shown: int | None = None  # tick of the frame decoded last
        self._coming: set[int] = set()  # slots that have packets and no sample yet

    def samples(self, packets: Iterable[VideoPacket]) -> Iterator[tuple[int, VideoFrame]]:
        """Yields (tick, frame) for each slot with an intact picture, in order.

        Raises:
            KeyFramesMislead: restart from the beginning of the file, at slot `due`, without trusting key frames.
        """
        for packet in packets:
            self._tally.packets += 1
            self._expect(packet)
            if packet.has_sidedata("encryption_info"):
                self._tally.encrypted += 1
                continue
            tick = self._clock.of_packet(packet)
            if tick is None:
                # No planning without a time: decode everything, as the picture may be the next sample or advance the
                # clock.
                yield from self._decode(len(self._held), whole=True)
                self._hold(packet, -1)
                yield from self._decode(1, whole=True)
                continue
            self._hold(packet, tick)
            if packet.is_keyframe and self._wanted is None:
                # All samples before it are chosen, so earlier packets are no longer needed.
                yield from self._begin_at(len(self._held) - 1)
            while self._is_certain(packet):
                yield from self._take()
            if len(self._held) > HELD_PACKETS or self._held_bytes > HELD_BYTES:
                # Too many packets to wait for certainty: if the next sample may be among them, decode all of them.
                yield from self._decode(len(self._held), whole=self._wanted is not None)
                self._plan_from(max(self._planned, self.due))
        while self._wanted is not None:
            yield from self._take()
        yield from self._drain()
        self._lose(before=None)

    def _expect(self, packet: VideoPacket) -> None:
        """Records which slot a packet's picture could fill."""
        tick = self._clock.about(packet)
        if tick is not None and tick >= 0 and not packet.is_discard and (slot := self._slots.of(tick)) >= self.due:
            self._coming.add(slot)

    def _lose(self, *, before: int | None) -> None:
        """Counts slots (all, or those before a slot) as lost if they had packets but gave no sample."""
        lost = sorted(slot for slot in self._coming if before is None or slot < before)
        for slot in lost:
            self._tally.lose(max(0.0, self._slots.begin_s(slot)), self._slots.begin_s(slot + 1))
        self._coming.difference_update(lost)

    def _hold(self, packet: VideoPacket, tick: int) -> None:
        self._held.append((packet, tick))
        self._held_bytes += packet.size
        self._consider(len(self._held) - 1)

    def _consider(self, place: int) -> None:
        """Makes a held packet the wanted one if its slot is not planned yet and it is shown before the others."""
        packet, tick = self._held[place]
        if tick < 0 or self._slots.of(tick) < self._planned or packet.is_discard:
            return
        if self._wanted is None or tick < self._held[self._wanted][1]:
            self._wanted = place

    def _plan_from(self, slot: int) -> None:
        self._planned = slot
        self._wanted = None
        for place in range(len(self._held)):
            self._consider(place)

    def _is_certain(self, latest: VideoPacket) -> bool:
        """Whether no packet after `latest` can be shown before the wanted one."""
        if self._wanted is None:
            return False
        if len(self._held) - 1 - self._wanted >= REORDERED_AT_MOST:
            return True  # no later packet is shown before this one
        # A picture is never shown before it is decoded.
        return latest.dts is not None and latest.dts - self._clock.first >= self._held[self._wanted][1]

    def _take(self) -> Iterator[tuple[int, VideoFrame]]:
        """Decodes the wanted packet and what it needs; if damage lost its slot, plans the slot again."""
        assert self._wanted is not None
        shown, planned = self._held[self._wanted][1], self._planned
        for place in range(self._wanted, 0, -1):
            packet, tick = self._held[place]
            if packet.is_keyframe and tick <= shown:
                yield from self._begin_at(place)
                break
        if self._planned != planned:
            return
        yield from self._decode(self._wanted)
        self._expected.append(shown)
        yield from self._decode(1, whole=True)
        self._plan_from(self._slots.of(shown) + 1)

    def _begin_at(self, place: int) -> Iterator[tuple[int, VideoFrame]]:
        """Drops the held packets before a key frame, after draining the decoder."""
        if not self._trust_key_frames or (place == 0 and self.due == self._planned):
            return
        yield from self._drain()
        self._corrupt_before = self._tally.corrupt
        self._drop(place)
        if self.due != self._planned:
            self._plan_from(self.due)

    def _drop(self, count: int) -> None:
        self._held_bytes -= sum(packet.size for packet, _ in self._held[:count])
        del self._held[:count]
        if self._wanted is not None:
            self._wanted = self._wanted - count if self._wanted >= count else None

    def _decode(self, count: int, *, whole: bool = False) -> Iterator[tuple[int, VideoFrame]]:
        """Decodes the first held packets; unless `whole`, skips non-reference pictures."""
        decoder = self._stream.codec_context
        for packet, tick in self._held[:count]:
            if self._fresh and packet.is_keyframe and not packet.is_discard and tick >= 0:
                self._expected.append(tick)  # a key frame at which decoding can start is itself shown
            self._fresh = False
            decoder.skip_frame = "DEFAULT" if whole or not self._trust_key_frames else "NONREF"
            try:
                frames = decoder.decode(packet)
            except FFmpegError:
                self._tally.corrupt += 1
                continue
            yield from self._choose(frames)
        self._drop(count)

    def _drain(self) -> Iterator[tuple[int, VideoFrame]]:
        """Drains the decoder and resets it."""
        decoder = self._stream.codec_context
        try:
            yield from self._choose(decoder.decode(None))
        except FFmpegError:
            self._tally.corrupt += 1
        decoder.flush_buffers()
        self._fresh = True
        self._check(nothing_before=None)

    def _choose(self, frames: Iterable[VideoFrame]) -> Iterator[tuple[int, VideoFrame]]:
        for frame in frames:
            self._tally.decoded += 1
            tick = self._shown = self._clock.of_frame(frame, self._shown)
            if frame.is_corrupt:
                self._tally.corrupt += 1
                continue
            self._check(nothing_before=tick)
            slot = self._slots.of(tick)
            if tick >= 0 and slot >= self.due:
                self.due = slot + 1
                self._lose(before=slot)
                self._coming.discard(slot)
                yield tick, frame

    def _check(self, *, nothing_before: int | None) -> None:
        """Raises if the decoder skipped expected pictures (before a tick, or all) although none was damaged."""
        missed = [tick for tick in self._expected if nothing_before is None or tick < nothing_before]
        if missed and self._trust_key_frames and self._tally.corrupt == self._corrupt_before:
            raise KeyFramesMislead
        self._expected = [tick for tick in self._expected if nothing_before is not None and tick > nothing_before]
