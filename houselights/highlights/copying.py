"""Cuts clips out of a recording into one file without encoding anything anew: packets are copied from key frame on.

A clip begins at the last key frame up to its start, and ends where all pictures shown until then are complete, which is
a few pictures after its end. Sound keeps its place beside the pictures. Rotation, pixel shape and colours are the
recording's.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import av
from av.error import FFmpegError
from av.stream import Disposition

from audience.errors import RecordingUnreadable
from houselights.highlights.clips import Clip, CutClip
from houselights.highlights.subtitles import SubtitleTrack
from timeline_files.media import open_media

if TYPE_CHECKING:
    from av import AudioStream, VideoStream
    from av.container import InputContainer, OutputContainer

MOST_EARLY_S: Final = 12.0
"""A clip may begin this much early. Encoders put a key frame every 250 pictures or more often: 10 s at 25 a second."""

# Packets after a clip's end among which the place to cut is looked for: pictures are reordered over 16 at most.
_REORDERED = 40
_NO_TIMES = "it does not say when its pictures are shown"
# First step back where a seek landed after the second it was asked for; doubled each time.
_BACK_S = 5
# A clip that comes out this much longer or shorter than it is had a clock that was set meanwhile.
_CLOCK_S = 2.0

# A packet of PyAV. Its types allow for none of a time stamp; every packet kept here has one.
_Packet: TypeAlias = Any


class CannotCopy(Exception):
    """The recording cannot be cut by copying; its text says why, as the end of a sentence."""


def copy_clips(source: Path, clips: Sequence[Clip], target: Path, *, kind: str) -> tuple[CutClip, ...]:
    """Writes clips into one file, with their captions as a subtitle track.

    Args:
        source: the recording.
        clips: in order of time, one at least.
        target: the file; replaced.
        kind: its container: "mp4", "mov", "matroska" or "webm".

    Returns:
        What was cut, a clip each.

    Raises:
        RecordingUnreadable: the recording cannot be read.
        CannotCopy: it has to be encoded anew; what stands in `target` is of no use.
        OSError: the file cannot be written.
    """
    with open_media(source) as read:
        video = picture_stream(source, read)
        if read.format.name == "avi":
            raise CannotCopy(_NO_TIMES)
        audio = next(iter(read.streams.audio), None)
        options = {"movflags": "+faststart"} if kind in ("mp4", "mov") else {}
        with av.open(str(target), "w", format=kind, options=options) as written:
            try:
                copied = [_Copied(video, written.add_stream_from_template(video))]
                if audio is not None:
                    copied.append(_Copied(audio, written.add_stream_from_template(audio)))
            except (ValueError, FFmpegError) as problem:
                raise CannotCopy(f"{kind} files cannot hold what is in it ({problem})") from None
            subtitles = SubtitleTrack.in_file(written, kind)
            cuts = []
            at = Fraction(0)
            for clip in clips:
                part = _part(read, video, audio, clip)
                cut = CutClip(clip=clip, start_s=float(part.start), end_s=float(part.end), at_s=float(at))
                _write(written, copied, subtitles, part, cut, at)
                cuts.append(cut)
                at += part.end - part.start
    return tuple(cuts)


def picture_stream(source: Path, read: InputContainer) -> VideoStream:
    """The stream of a recording's pictures, and not a cover.

    Raises:
        RecordingUnreadable: there is none.
    """
    pictures = [one for one in read.streams.video if not one.disposition & Disposition.attached_pic]
    best = read.streams.best("video")
    stream = next((one for one in pictures if one is best), pictures[0] if pictures else None)
    if stream is None or stream.codec_context is None:
        raise RecordingUnreadable(f"{source} has no picture: give the talk's recording with its picture")
    return stream


@dataclass(slots=True)
class _Copied:
    """A stream of the recording and its copy, with the newest decoding time written."""

    read: VideoStream | AudioStream
    written: Any
    newest: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """The packets of one clip.

    Attributes:
        start, end: seconds of the recording.
        origin: the time stamp of the recording's second 0, seconds.
        pictures: in the order of decoding, the first a key frame, none of them shown before it.
        sounds: those that begin between start and end.
    """

    start: Fraction
    end: Fraction
    origin: Fraction
    pictures: Sequence[_Packet]
    sounds: Sequence[_Packet]


@dataclass(slots=True, kw_only=True)
class _Reading:
    """Packets of a clip as they are read."""

    pictures: list[_Packet] = field(default_factory=list)
    sounds: list[_Packet] = field(default_factory=list)
    after_end: int = 0
    sound_ended: bool = False


def _part(read: InputContainer, video: VideoStream, audio: AudioStream | None, clip: Clip) -> _Part:
    """Reads the packets of a clip.

    Raises:
        CannotCopy: the file gives no times, or has no key frame near.
    """
    base = _base(video)
    first = video.start_time or 0
    wanted, end = first + int(clip.start_s / base), first + int(clip.end_s / base)
    found = _read_from_key_frame(read, video, audio, first, wanted, end)
    pictures = found.pictures
    key = pictures[0].pts
    if float((wanted - key) * base) > MOST_EARLY_S:
        raise CannotCopy(f"its key frames are {float((wanted - key) * base):.0f} s apart")
    shown = _complete(pictures, end)
    # Pictures before the key frame need the one before it.
    pictures = [packet for packet in pictures[: shown.count] if packet.pts >= key]
    origin, start, stop = Fraction(first) * base, Fraction(key) * base, Fraction(shown.end) * base
    if not -_CLOCK_S < float(stop - start) - (clip.end_s - float(start - origin)) < MOST_EARLY_S:
        raise CannotCopy("its clock was set while it ran")
    sounds = []
    if audio is not None:
        tick = _base(audio)
        sounds = [packet for packet in found.sounds if packet.pts is not None and start <= packet.pts * tick < stop]
    return _Part(start=start - origin, end=stop - origin, origin=origin, pictures=pictures, sounds=sounds)


def _base(stream: VideoStream | AudioStream) -> Fraction:
    return stream.time_base or Fraction(1, 1000)


def _read_from_key_frame(
    read: InputContainer, video: VideoStream, audio: AudioStream | None, first: int, wanted: int, end: int
) -> _Reading:
    back = 0
    while True:
        try:
            read.seek(max(first, wanted - back), stream=video)
        except (FFmpegError, OSError):
            raise CannotCopy("it cannot be read from the middle") from None
        found = _read_until(_packets(read, video, audio), video, audio, wanted, end)
        if found is not None and found.pictures and found.pictures[0].pts <= max(wanted, first):
            return found
        if back and wanted - back <= first:
            raise CannotCopy("it has no key frame there")
        back = max(2 * back, round(_BACK_S / _base(video)))


def _packets(read: InputContainer, video: VideoStream, audio: AudioStream | None) -> Iterator[_Packet]:
    streams = [video] if audio is None else [video, audio]
    try:
        yield from (packet for packet in read.demux(streams) if packet.size)
    except (FFmpegError, OSError):
        return  # what follows is damaged


def _read_until(
    packets: Iterator[_Packet], video: VideoStream, audio: AudioStream | None, wanted: int, end: int
) -> _Reading | None:
    """Reads from the last key frame up to `wanted` until a little after `end`; None where the first comes later."""
    found = _Reading(sound_ended=audio is None)
    end_s = end * _base(video)
    for packet in packets:
        if packet.stream is not video:
            if packet.pts is not None:
                found.sounds.append(packet)
                found.sound_ended |= packet.pts * _base(packet.stream) >= end_s
        else:
            if packet.pts is None:
                raise CannotCopy(_NO_TIMES)
            if packet.is_keyframe and packet.pts > wanted and not found.pictures:
                return None
            if packet.is_keyframe and packet.pts <= wanted:
                found.pictures = []
            if packet.is_keyframe or found.pictures:
                found.pictures.append(packet)
            found.after_end += bool(found.pictures) and packet.pts >= end
        # Sound may lie a little after its picture in the file.
        if found.after_end > _REORDERED and (found.sound_ended or found.after_end > 4 * _REORDERED):
            break
    return found


@dataclass(frozen=True, slots=True)
class _Shown:
    """How many packets are complete, and the time stamp at which what they show ends."""

    count: int
    end: int


def _complete(pictures: Sequence[_Packet], end: int) -> _Shown:
    """Where to stop, at or after `end`: nothing that is shown before lies after it in the file."""
    highest = list(itertools.accumulate((packet.pts for packet in pictures), max))
    lowest = list(itertools.accumulate((packet.pts for packet in reversed(pictures)), min))[::-1]
    for place in range(1, len(pictures)):
        if highest[place - 1] < lowest[place] and lowest[place] >= end:
            return _Shown(place, lowest[place])
    last = max(pictures, key=lambda packet: packet.pts)
    # The last packets may belong before others that were not read.
    return _Shown(len(pictures), last.pts + max(1, last.duration or 0))


def _write(
    written: OutputContainer,
    copied: Sequence[_Copied],
    subtitles: SubtitleTrack,
    part: _Part,
    cut: CutClip,
    at: Fraction,
) -> None:
    """Appends a clip at a second of the new file."""
    moved = at - part.start - part.origin
    for stream, packets in zip(copied, (part.pictures, part.sounds), strict=False):
        base = _base(stream.read)
        shift = round(moved / base)
        order = _decoding_times([packet.pts for packet in packets])
        for packet, decoded in zip(packets, order, strict=True):
            packet.pts += shift
            packet.dts = min(packet.pts, decoded + shift)
            if stream.newest is not None and packet.dts <= stream.newest:
                # Where a clip reorders more than the one before it.
                packet.dts = min(packet.pts, stream.newest + 1)
            stream.newest = packet.dts
            packet.stream = stream.written
    subtitles.write(cut)
    # In the order of time, so that a player that reads on finds sound beside its picture.
    merged = sorted(
        itertools.chain(part.pictures, part.sounds), key=lambda packet: (packet.dts or 0) * (packet.time_base or 1)
    )
    for packet in merged:
        written.mux_one(packet)


def _decoding_times(shown: Sequence[int]) -> list[int]:
    """When packets in the order of decoding are decoded, from when they are shown; none after it is shown."""
    in_order = sorted(shown)
    place = {stamp: number for number, stamp in enumerate(in_order)}
    late = max((number - place[stamp] for number, stamp in enumerate(shown)), default=0)
    step = max(1, in_order[1] - in_order[0]) if len(in_order) > 1 else 1
    return [
        in_order[number - late] if number >= late else in_order[0] - (late - number) * step
        for number in range(len(in_order))
    ]
