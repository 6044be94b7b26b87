"""A recording: what is known of it from its header and first picture, and its samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from av import VideoFrame
from av.error import FFmpegError

from audience.errors import RecordingUnreadable
from edge_lambda.detectors import Image
from edge_lambda.recording.clock import StreamClock, TimedBy
from edge_lambda.recording.container import OpenVideo, open_video
from edge_lambda.recording.header import created_at, duration_s, frame_rate, timed_by
from edge_lambda.recording.sampling import KeyFramesMislead, Sampler
from edge_lambda.recording.slots import Slots
from edge_lambda.recording.tally import EarlyEnd, Tally
from edge_lambda.recording.upright import upright_image

# Packets to decode in search of the first picture: a minute of 60 fps without a key frame.
PACKETS_BEFORE_FIRST_PICTURE = 3_600
# What players assume of a raw stream that states no rate.
ASSUMED_FPS = 25
# A picture track may end this much before the stated length without anything being lost.
EARLY_END_TOLERANCE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One sample of a recording.

    Attributes:
        at_s: presentation time, seconds since the first presented frame, 0 or more.
        image: height x width x 3, BGR, 0..255, upright, square pixels.
    """

    at_s: float
    image: Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A video file whose first picture could be decoded.

    Attributes:
        path: the file.
        duration_s: stated length of the picture track, seconds; None where unknown.
        created_at: when the file says it was recorded, aware UTC; None where it does not say, or the clock was not set.
        width: width of the upright picture with square pixels.
        height: its height.
        fps: average frame rate, frames per second; None where unknown.
        codec: name of the codec, such as "h264".
        timed_by: where the times come from. "frame rate": the file keeps none, so they follow from its stated (or,
            failing that, assumed) rate.
        tally: counts of the sampling begun last.
    """

    path: Path
    duration_s: float | None
    created_at: datetime | None
    width: int
    height: int
    fps: float | None
    codec: str
    timed_by: TimedBy
    tally: Tally = field(default_factory=Tally, compare=False)
    _clock: StreamClock = field(repr=False)

    @property
    def ended_early(self) -> EarlyEnd | None:
        """Set once a sampling reached the end of the file before the end it states."""
        return self.tally.ended_early

    def sample(self, every_s: float, start_s: float = 0.0, grid_offset_s: float = 0.0) -> Iterator[Frame]:
        """Yields the first whole picture of every slot that has one, in order.

        Slot n holds the times t with n = floor((t + grid_offset_s) / every_s), so a caller can lay the slots on the
        wall clock's windows. Memory does not grow with the recording's length.

        Args:
            every_s: width of a slot, seconds, over 0.
            start_s: only slots that begin at or after this are sampled; a slot that the recording's beginning cuts
                begins at 0.
            grid_offset_s: seconds the grid of slots began before the first presented frame.

        Raises:
            InvalidValue: a width not over 0, or a value that is not finite.
            RecordingUnreadable: the file is gone or was replaced by something else.
        """
        slots = Slots(every_s=every_s, grid_offset_s=grid_offset_s, time_base=self._clock.time_base)
        return self._samples(slots, slots.first_from(start_s))

    def _samples(self, slots: Slots, first_slot: int) -> Iterator[Frame]:
        seek_to = self._clock.first + int(slots.begin_s(first_slot) / self._clock.time_base)
        seek = self.timed_by == "presentation time" and seek_to > self._clock.first
        trust_key_frames = True
        while True:
            self._begin_tally()
            with open_video(self.path) as video:
                packets = video.packets_from(seek_to) if seek else video.packets()
                if packets is None:
                    seek = False
                    continue
                sampler = Sampler(
                    stream=video.stream,
                    clock=self._clock,
                    slots=slots,
                    first_slot=first_slot,
                    trust_key_frames=trust_key_frames,
                    tally=self.tally,
                )
                try:
                    for tick, frame in sampler.samples(packets):
                        image = upright_image(frame, video.stream.sample_aspect_ratio)
                        yield Frame(at_s=float(tick * self._clock.time_base), image=image)
                except KeyFramesMislead:
                    first_slot, seek, trust_key_frames = sampler.due, False, False
                    continue
                self._end_tally(video)
                return

    def _begin_tally(self) -> None:
        self.tally.packets = self.tally.decoded = self.tally.corrupt = 0
        self.tally.ended_early = None

    def _end_tally(self, video: OpenVideo) -> None:
        self.tally.corrupt += video.read_errors
        if self.duration_s is None or video.end is None or self.timed_by == "frame rate":
            return
        at_s = float((video.end - self._clock.first) * self._clock.time_base)
        slack_s = max(EARLY_END_TOLERANCE_S, 2 * float(self._clock.frame_ticks * self._clock.time_base))
        if at_s + slack_s < self.duration_s:
            self.tally.ended_early = EarlyEnd(at_s=at_s, stated_s=self.duration_s)


def open_recording(path: Path) -> Recording:
    """Reads a recording's header and first picture.

    Raises:
        RecordingUnreadable: with one line that says why, and what to do.
    """
    with open_video(Path(path)) as video:
        frame = _first_picture(Path(path), video)
        image = upright_image(frame, video.stream.sample_aspect_ratio)
        fps = frame_rate(video)
        believed = timed_by(video)
        stamp = {"presentation time": frame.pts, "decoding time": frame.dts, "frame rate": 0}[believed]
        if stamp is None:
            believed, stamp = "frame rate", 0
        return Recording(
            path=Path(path),
            duration_s=duration_s(video),
            created_at=created_at(video),
            width=image.shape[1],
            height=image.shape[0],
            fps=fps,
            codec=video.stream.codec_context.codec.canonical_name,
            timed_by=believed,
            _clock=StreamClock(
                time_base=video.time_base,
                timed_by=believed,
                first=stamp,
                frame_ticks=max(1, round(1 / (Fraction(fps or ASSUMED_FPS).limit_denominator(1001) * video.time_base))),
            ),
        )


def _first_picture(path: Path, video: OpenVideo) -> VideoFrame:
    decoder = video.stream.codec_context
    for count, packet in enumerate(video.packets()):
        try:
            frames = decoder.decode(packet)
        except FFmpegError:
            continue
        whole = [frame for frame in frames if not frame.is_corrupt]
        if whole:
            return whole[0]
        if count >= PACKETS_BEFORE_FIRST_PICTURE:
            break
    try:
        whole = [frame for frame in decoder.decode(None) if not frame.is_corrupt]
    except FFmpegError:
        whole = []
    if not whole:
        raise RecordingUnreadable(f"{path} holds no picture that can be decoded; copy it from the camera again")
    return whole[0]
