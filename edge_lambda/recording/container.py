"""Opening a video file without trusting it, and reading its packets to the end whatever they hold."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av import VideoStream
from av.container import InputContainer
from av.error import EOFError as FFmpegEOFError
from av.error import FFmpegError, InvalidDataError
from av.stream import Discard, Disposition

from audience.errors import RecordingUnreadable
from audience.one_file import opening_alone
from edge_lambda.recording.clock import VideoPacket

# Demuxers that make a "video" of plain text, and those that make one of a photo ("image2", "png_pipe", ...).
TEXT_FORMATS = ("tty", "bin", "xbin", "adf", "idf")
PHOTO_FORMATS = ("image2", "_pipe")
# Read errors in a row after which the rest of a file is given up.
READ_ERRORS_IN_A_ROW = 100
# AVFMT_TS_DISCONT of libavformat/avformat.h: formats whose parts can be strung together, each with a clock of its own.
CLOCK_MAY_BE_SET_BACK = 0x200
# Decoding times rise; set back by this much, it is no slip but a clock begun anew.
SET_BACK_S = 2
# First step back where a seek landed too late; doubled each time.
SEEK_BACK_S = 5


@dataclass(slots=True, kw_only=True)
class OpenVideo:
    """An open file and its video stream.

    Attributes:
        container: the open file.
        stream: the stream with the picture; its decoder is set up, not yet open.
        read_errors: packets that could not be read.
        end: end of the last picture read, ticks of the stream's own clock; None before the first.
        decoded: decoding time of the last packet, ticks of the stream's own clock.
        behind: ticks by which that clock was set back so far.
    """

    container: InputContainer
    stream: VideoStream
    read_errors: int = 0
    end: int | None = None
    decoded: int = 0
    behind: int = 0

    @property
    def time_base(self) -> Fraction:
        """Seconds a tick of the stream's own clock."""
        return self.stream.time_base or Fraction(1, 1000)

    @property
    def clock_may_be_set_back(self) -> bool:
        """Whether the file's format lets its parts each have a clock of their own."""
        return bool(self.container.format.flags & CLOCK_MAY_BE_SET_BACK)

    def packets(self) -> Iterator[VideoPacket]:
        """Yields the stream's packets from the current position on; stretches that cannot be read are left out."""
        in_a_row = 0
        while in_a_row < READ_ERRORS_IN_A_ROW:
            try:
                for packet in self.container.demux(self.stream):
                    if packet.size:  # the last one is empty, and so is a dropped frame of an AVI
                        in_a_row = 0
                        self._keep_time(packet)
                        yield packet
                return
            except (FFmpegError, OSError):
                in_a_row += 1
                self.read_errors += 1

    def _keep_time(self, packet: VideoPacket) -> None:
        """Carries the clock on where a recorder began anew in the same file, and notes where the picture ends."""
        if self.clock_may_be_set_back and packet.dts is not None:
            if self.end is not None and packet.dts + self.behind < self.decoded - SET_BACK_S / self.time_base:
                self.behind = self.end - (packet.dts if packet.pts is None else packet.pts)
            packet.dts += self.behind
            packet.pts = None if packet.pts is None else packet.pts + self.behind
            self.decoded = packet.dts
        stamp = packet.dts if packet.pts is None else packet.pts
        if stamp is not None and not packet.is_corrupt:
            end = stamp + (packet.duration or self._frame_ticks())
            self.end = end if self.end is None else max(self.end, end)

    def _frame_ticks(self) -> int:
        rate = self.stream.average_rate
        return round(1 / (rate * self.time_base)) if rate else 0

    def packets_from(self, tick: int) -> Iterator[VideoPacket] | None:
        """Seeks to a key frame at or before `tick` of the stream's own clock, and reads on from there.

        Returns:
            The packets from that key frame on; None where the file cannot be sought, which leaves it at no known
            position.
        """
        if self.clock_may_be_set_back:
            return None
        back, earliest = 0, self.stream.start_time or 0
        while tick - back > earliest:
            try:
                self.container.seek(tick - back, stream=self.stream)
            except (FFmpegError, OSError):
                return None
            packets = self.packets()
            for packet in packets:
                if packet.is_keyframe and packet.pts is not None:
                    if packet.pts <= tick:
                        return _chained(packet, packets)
                    break  # some formats land on any packet: the key frame before it lies further back
            back = max(2 * back, round(SEEK_BACK_S / self.time_base))
        return None


def _chained(first: VideoPacket, rest: Iterator[VideoPacket]) -> Iterator[VideoPacket]:
    yield first
    yield from rest


@contextmanager
def open_video(path: Path) -> Iterator[OpenVideo]:
    """Opens a recording for as long as the context lasts.

    Raises:
        RecordingUnreadable: there is no file, or nothing in it that can be shown as moving pictures.
    """
    _check_file(path)
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb", buffering=0))
            container = stack.enter_context(av.open(file, **opening_alone(path)))
        except (InvalidDataError, FFmpegEOFError) as error:
            raise RecordingUnreadable(
                f"{path} is not a video that can be read: it was cut off before its index was written, or is no video;"
                " copy it from the camera again, or export it as MP4"
            ) from error
        except (FFmpegError, OSError, UnicodeError) as error:
            raise RecordingUnreadable(f"{path} cannot be opened as a video ({error}); export it as MP4") from error
        stream = _picture_stream(path, container)
        try:
            yield OpenVideo(container=container, stream=stream)
        finally:
            # Freed amid a picture, a decoder's threads have been known to hold up who frees it for ever.
            with suppress(FFmpegError):
                stream.codec_context.decode(None)


def _check_file(path: Path) -> None:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise RecordingUnreadable(f"{path} is a folder; give the video file inside it")
        if not stat.S_ISREG(status.st_mode):
            raise RecordingUnreadable(f"{path} is not a file; give a video file, or watch a camera instead")
        if status.st_size == 0:
            raise RecordingUnreadable(f"{path} is empty (0 bytes); copy it from the camera again")
        with path.open("rb"):
            pass
    except FileNotFoundError as error:
        raise RecordingUnreadable(f"{path} does not exist; check the name and the folder") from error
    except PermissionError as error:
        raise RecordingUnreadable(f"{path} may not be read by this user; change its permissions") from error
    except (OSError, ValueError) as error:
        raise RecordingUnreadable(f"{str(path)!r} cannot be read ({error}); check the name and the disk") from error


def _picture_stream(path: Path, container: InputContainer) -> VideoStream:
    kind = container.format.name
    if kind in TEXT_FORMATS:
        raise RecordingUnreadable(f"{path} is a text file; give a video file")
    if kind.endswith(PHOTO_FORMATS):
        raise RecordingUnreadable(f"{path} is a photo; give a video file: reactions are measured over time")
    # The cover of a song is a video stream too.
    pictures = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not pictures:
        heard = "sound only" if container.streams.audio else "no picture"
        raise RecordingUnreadable(f"{path} holds {heard}; give a recording with a picture")
    best = container.streams.best("video")
    stream = next((picture for picture in pictures if picture is best), pictures[0])
    if stream.codec_context is None:
        raise RecordingUnreadable(f"{path} uses a codec that cannot be decoded here; export it as H.264 MP4")
    if not (stream.codec_context.width and stream.codec_context.height):
        raise RecordingUnreadable(f"{path} has a picture of 0 x 0 pixels; copy it from the camera again")
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    stream.codec_context.thread_type = "AUTO"
    # Opened now, while it is to skip nothing: dav1d never again decodes what it was told to skip when it was opened.
    try:
        stream.codec_context.open(strict=False)
    except FFmpegError as error:
        raise RecordingUnreadable(f"{path} cannot be decoded here ({error}); export it as H.264 MP4") from error
    return stream
