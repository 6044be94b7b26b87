"""Presentation times of a stream's packets and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from av import Packet, VideoFrame, VideoStream

TimedBy = Literal["presentation time", "decoding time", "frame rate"]
VideoPacket: TypeAlias = "Packet[VideoStream]"


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamClock:
    """Reads the time of packets and frames, in ticks since the first presented frame.

    Attributes:
        time_base: seconds per tick.
        timed_by: which times of the file are used.
        first: tick of the first presented frame on the file's own clock.
        frame_ticks: ticks from one frame to the next at the average frame rate, over 0.
    """

    time_base: Fraction
    timed_by: TimedBy
    first: int
    frame_ticks: int

    def of_packet(self, packet: VideoPacket) -> int | None:
        """Presentation time of the packet's picture; None if only the decoder can tell."""
        if self.timed_by != "presentation time" or packet.pts is None:
            return None
        return int(packet.pts) - self.first

    def about(self, packet: VideoPacket) -> int | None:
        """Approximate presentation time, within a few pictures; None if only the decoder can tell."""
        stamp = None if self.timed_by == "frame rate" else packet.dts if packet.pts is None else packet.pts
        return None if stamp is None else int(stamp) - self.first

    def of_frame(self, frame: VideoFrame, previous: int | None) -> int:
        """Presentation time of the frame; `previous` is the tick of the frame shown before it."""
        stamp = {"presentation time": frame.pts, "decoding time": frame.dts, "frame rate": None}[self.timed_by]
        if stamp is not None:
            return int(stamp) - self.first
        return 0 if previous is None else previous + self.frame_ticks
