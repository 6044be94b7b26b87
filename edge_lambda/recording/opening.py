"""A recording: properties from its header and first picture, and sampling of its frames."""

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
from edge_lambda.recording.container import Opener, OpenVideo, open_unbuffered, open_video
from edge_lambda.recording.header import created_at, duration_s, states_rate, tags, timed_by
from edge_lambda.recording.header import frame_rate as frame_rate_of
from edge_lambda.recording.sampling import KeyFramesMislead, Sampler
from edge_lambda.recording.slots import Slots
from edge_lambda.recording.tally import ClockStep, EarlyEnd, Tally
from edge_lambda.recording.upright import upright_image

# Packets decoded to find the first picture: a minute of 60 fps without a key frame.
PACKETS_BEFORE_FIRST_PICTURE = 3_600
# The rate that players assume for a raw stream that states none.
ASSUMED_FPS = 25
# A picture track may end this much before the stated length without counting as cut off.
EARLY_END_TOLERANCE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One sample of a recording.

    Attributes:
        at_s: presentation time, seconds since the first presented frame, 0 or more.
        image: height x width x 3, BGR, 0..255, upright, square pixels.
        interlaced: whether the file declares it interlaced.
    """

    at_s: float
    image: Image
    interlaced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A video file whose first picture could be decoded.

    Attributes:
        path: the file.
        duration_s: stated length of the picture track, seconds; None if unknown.
        created_at: creation time stated in the file, aware UTC; None if not stated or if the clock was not set.
        width: width of the upright picture with square pixels.
        height: its height.
        fps: average frame rate, frames per second; None if unknown.
        codec: name of the codec, such as "h264".
        timed_by: source of the times. "frame rate": the file stores none, so they follow from its stated (or assumed)
            rate.
        states_length: whether the header states the length; False if it was guessed from the last timestamps.
        rate_is_assumed: whether the file states neither times nor a rate, so that times follow from `ASSUMED_FPS`.
        tags: the file's metadata, by lower-case name.
        tally: counts of the latest sampling.
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
    _opener: Opener = field(repr=False)

    @property
    def ended_early(self) -> EarlyEnd | None:
        """Set if a sampling reached the end of the file before its stated end."""
        return self.tally.ended_early

    def length_s(self) -> float | None:
        """Length of the picture track, seconds: as stated, or found by reading all packets without decoding; None if
        unknown."""
        if self.states_length or self.timed_by == "frame rate":
            return self.duration_s
        with self._open() as video:
            for _ in video.packets():
                pass
            end = video.repairer.end
        return None if end is None else self._seconds(end - self._clock.first)

    def sample(
        self, every_s: float, start_s: float = 0.0, grid_offset_s: float = 0.0, *, seek: bool = True
    ) -> Iterator[Frame]:
        """Yields the first intact picture of every slot that has one, in order.

        Slot n contains the times t with n = floor((t + grid_offset_s) / every_s), so a caller can align slots with
        wall-clock windows. Memory does not grow with the recording's length.

        Args:
            every_s: width of a slot, seconds, over 0.
            start_s: slots that begin before this are skipped; a slot cut by the recording's start begins at 0.
            grid_offset_s: start of the slot grid, seconds before the first presented frame.
            seek: False reads from the file's beginning, as needed if its clock was set during the recording.

        Raises:
            InvalidValue: the width is not over 0, or a value is not finite.
            RecordingUnreadable: the file is missing or was replaced by something else.
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
        return open_video(self.path, stated_s=self.duration_s, first=self._clock.first, opener=self._opener)

    def _seconds(self, ticks: int) -> float:
        return float(ticks * self._clock.time_base)

    def _begin_tally(self) -> None:
        self.tally.packets = self.tally.decoded = self.tally.corrupt = self.tally.encrypted = 0
        self.tally.wrong_stamps = 0
        self.tally.steps = []
        self.tally.ended_early = self.tally.end_s = None

    def _keep_tally(self, video: OpenVideo) -> None:
        """Copies the repairer's counts so far."""
        steps = video.repairer.steps
        self.tally.wrong_stamps = video.repairer.wrong
        if len(steps) != len(self.tally.steps):
            self.tally.steps = [
                ClockStep(at_s=self._seconds(step.at - self._clock.first), by_s=self._seconds(step.by), kind=step.kind)
                for step in steps
            ]

    def _end_tally(self, video: OpenVideo) -> None:
        self._keep_tally(video)
        self.tally.corrupt += video.read_errors
        if video.repairer.end is None or self.timed_by == "frame rate":
            return
        self.tally.end_s = at_s = self._seconds(video.repairer.end - self._clock.first)
        if self.duration_s is None or not self.states_length:
            return
        slack_s = max(EARLY_END_TOLERANCE_S, 2 * float(self._clock.frame_ticks * self._clock.time_base))
        if at_s + slack_s < self.duration_s:
            self.tally.ended_early = EarlyEnd(at_s=at_s, stated_s=self.duration_s)


def open_recording(path: Path, *, frame_rate: float | None = None, opener: Opener = open_unbuffered) -> Recording:
    """Reads a recording's header and first picture.

    Args:
        path: the file.
        frame_rate: frames per second, over 0, for a file without timestamps; None uses the stated rate.
        opener: opens the file, now and each time that it is sampled.

    Raises:
        RecordingUnreadable: the file cannot be read; the message says in one line why, and what to do.
        InvalidValue: a frame rate was given, but the file has timestamps.
    """
    path = Path(path)
    with open_video(path, opener=opener) as video:
        believed = timed_by(video)
        if frame_rate is not None and believed != "frame rate":
            raise InvalidValue(f"{path} has timestamps: leave out --frame-rate")
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
            _opener=opener,
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
        raise RecordingUnreadable(f"{path} is encrypted (copy protection); export it without protection")
    if not whole:
        raise RecordingUnreadable(f"{path} has no picture that can be decoded; copy it from the camera again")
    return whole[0]
