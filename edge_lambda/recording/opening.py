"""A recording: what is known of it from its header and first picture, and its samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from av import VideoFrame
from av.error import FFmpegError

from audience.errors import InvalidValue, RecordingUnreadable
from edge_lambda.detectors import Image
from edge_lambda.recording.clock import StreamClock, TimedBy
from edge_lambda.recording.container import OpenVideo, open_video
from edge_lambda.recording.header import created_at, duration_s, states_rate, tags, timed_by
from edge_lambda.recording.header import frame_rate as frame_rate_of
from edge_lambda.recording.sampling import KeyFramesMislead, Sampler
from edge_lambda.recording.slots import Slots
from edge_lambda.recording.tally import ClockStep, EarlyEnd, Tally
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
        interlaced: whether the file says that it is.
    """

    at_s: float
    image: Image
    interlaced: bool = False


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
        states_length: whether the header states that length, and it was not guessed from the file's last stamps.
        rate_is_assumed: whether the file states neither times nor a rate, so that times follow from `ASSUMED_FPS`.
        tags: what the file says of itself, by lower-case name.
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
    states_length: bool = True
    rate_is_assumed: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally, compare=False)
    _clock: StreamClock = field(repr=False)

    @property
    def ended_early(self) -> EarlyEnd | None:
        """Set once a sampling reached the end of the file before the end it states."""
        return self.tally.ended_early

    def length_s(self) -> float | None:
        """Length of the picture track: as stated, or else, where the file can be read so, found by reading all of it
        (and decoding none of it), seconds; None where unknown."""
        if self.states_length or self.timed_by == "frame rate":
            return self.duration_s
        with self._open() as video:
            for _ in video.packets():
                pass
            end = video.steady.end
        return None if end is None else self._seconds(end - self._clock.first)

    def sample(
        self, every_s: float, start_s: float = 0.0, grid_offset_s: float = 0.0, *, seek: bool = True
    ) -> Iterator[Frame]:
        """Yields the first whole picture of every slot that has one, in order.

        Slot n holds the times t with n = floor((t + grid_offset_s) / every_s), so a caller can lay the slots on the
        wall clock's windows. Memory does not grow with the recording's length.

        Args:
            every_s: width of a slot, seconds, over 0.
            start_s: only slots that begin at or after this are sampled; a slot that the recording's beginning cuts
                begins at 0.
            grid_offset_s: seconds the grid of slots began before the first presented frame.
            seek: False reads the file from its beginning, as it has to be where its clock was set on the way.

        Raises:
            InvalidValue: a width not over 0, or a value that is not finite.
            RecordingUnreadable: the file is gone or was replaced by something else.
        """
        slots = Slots(every_s=every_s, grid_offset_s=grid_offset_s, time_base=self._clock.time_base)
        return self._samples(slots, slots.first_from(start_s), seek=seek)

    def _samples(self, slots: Slots, first_slot: int, *, seek: bool) -> Iterator[Frame]:
        seek_to = self._clock.first + int(slots.begin_s(first_slot) / self._clock.time_base)
        seek = seek and self.timed_by == "presentation time" and seek_to > self._clock.first
        self.tally.lost = []
        trust_key_frames = True
        while True:
            self._begin_tally()
            with self._open() as video:
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
                        self._keep_tally(video)
                        image = upright_image(frame, video.stream.sample_aspect_ratio)
                        at_s = float(tick * self._clock.time_base)
                        yield Frame(at_s=at_s, image=image, interlaced=bool(frame.interlaced_frame))
                except KeyFramesMislead:
                    first_slot, seek, trust_key_frames = sampler.due, False, False
                    continue
                self._end_tally(video)
                return

    def _open(self) -> AbstractContextManager[OpenVideo]:
        return open_video(self.path, stated_s=self.duration_s, first=self._clock.first)

    def _seconds(self, ticks: int) -> float:
        return float(ticks * self._clock.time_base)

    def _begin_tally(self) -> None:
        self.tally.packets = self.tally.decoded = self.tally.corrupt = self.tally.encrypted = 0
        self.tally.wrong_stamps = 0
        self.tally.steps = []
        self.tally.ended_early = self.tally.end_s = None

    def _keep_tally(self, video: OpenVideo) -> None:
        """Takes over what was found of the time stamps so far."""
        steps = video.steady.steps
        self.tally.wrong_stamps = video.steady.wrong
        if len(steps) != len(self.tally.steps):
            self.tally.steps = [
                ClockStep(at_s=self._seconds(step.at - self._clock.first), by_s=self._seconds(step.by), kind=step.kind)
                for step in steps
            ]

    def _end_tally(self, video: OpenVideo) -> None:
        self._keep_tally(video)
        self.tally.corrupt += video.read_errors
        if video.steady.end is None or self.timed_by == "frame rate":
            return
        self.tally.end_s = at_s = self._seconds(video.steady.end - self._clock.first)
        if self.duration_s is None or not self.states_length:
            return
        slack_s = max(EARLY_END_TOLERANCE_S, 2 * float(self._clock.frame_ticks * self._clock.time_base))
        if at_s + slack_s < self.duration_s:
            self.tally.ended_early = EarlyEnd(at_s=at_s, stated_s=self.duration_s)


def open_recording(path: Path, *, frame_rate: float | None = None) -> Recording:
    """Reads a recording's header and first picture.

    Args:
        path: the file.
        frame_rate: pictures a second of a file that keeps no times, over 0; None takes what it states.

    Raises:
        RecordingUnreadable: with one line that says why, and what to do.
        InvalidValue: the file keeps times of its own, and a frame rate was given.
    """
    path = Path(path)
    with open_video(path) as video:
        believed = timed_by(video)
        if frame_rate is not None and believed != "frame rate":
            raise InvalidValue(f"{path} keeps the times of its pictures: leave --frame-rate out")
        stated_s = video.stated_s = duration_s(video)
        frame = _first_picture(path, video)
        image = upright_image(frame, video.stream.sample_aspect_ratio)
        fps = frame_rate or frame_rate_of(video)
        stamp = {"presentation time": frame.pts, "decoding time": frame.dts, "frame rate": 0}[believed]
        if stamp is None:
            believed, stamp = "frame rate", 0
        return Recording(
            path=path,
            duration_s=stated_s,
            created_at=created_at(video),
            width=image.shape[1],
            height=image.shape[0],
            fps=fps,
            codec=video.stream.codec_context.codec.canonical_name,
            timed_by=believed,
            states_length=not video.clock_may_be_set_back,
            rate_is_assumed=believed == "frame rate" and frame_rate is None and not states_rate(video),
            tags=tags(video),
            _clock=StreamClock(
                time_base=video.time_base,
                timed_by=believed,
                first=stamp,
                frame_ticks=max(1, round(1 / (Fraction(fps or ASSUMED_FPS).limit_denominator(1001) * video.time_base))),
            ),
        )


def _first_picture(path: Path, video: OpenVideo) -> VideoFrame:
    decoder = video.stream.codec_context
    encrypted = 0
    for count, packet in enumerate(video.packets()):
        if count >= PACKETS_BEFORE_FIRST_PICTURE:
            break
        if packet.has_sidedata("encryption_info"):
            encrypted += 1
            continue
        try:
            frames = decoder.decode(packet)
        except FFmpegError:
            continue
        whole = [frame for frame in frames if not frame.is_corrupt]
        if whole:
            return whole[0]
    try:
        whole = [frame for frame in decoder.decode(None) if not frame.is_corrupt]
    except FFmpegError:
        whole = []
    if not whole and encrypted:
        raise RecordingUnreadable(f"{path} is encrypted (protected against copying); export it without protection")
    if not whole:
        raise RecordingUnreadable(f"{path} holds no picture that can be decoded; copy it from the camera again")
    return whole[0]
