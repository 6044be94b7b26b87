"""Opens untrusted video files, and reads their packets to the end despite errors."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av import VideoStream
from av.container import InputContainer
from av.error import EOFError as FFmpegEOFError
from av.error import FFmpegError, InvalidDataError
from av.stream import Discard, Disposition

from audience.errors import RecordingUnreadable
from audience.recording_files import isolated_open_options
from edge_lambda.recording.clock import VideoPacket
from edge_lambda.recording.timestamp_repair import TimestampRepairer

Opener = Callable[[Path], Any]
"""Opens a file for reading in binary mode; its reads may wait for bytes that are still arriving."""

# Demuxers that turn plain text into a "video", and those that do so with a photo ("image2", "png_pipe", ...).
TEXT_FORMATS = ("tty", "bin", "xbin", "adf", "idf")
PHOTO_FORMATS = ("image2", "_pipe")
# Brands of photos in a video container (HEIC, HEIF, AVIF), and of animated ones.
PHOTO_BRANDS = ("heic", "heix", "heim", "heis", "mif1", "mif2", "miaf", "avif", "jpeg", "crx")
MOVING_PHOTO_BRANDS = ("avis", "msf1", "hevc", "hevx", "hevm", "hevs")
AVI = "avi"
# Consecutive read errors after which reading ends.
READ_ERRORS_IN_A_ROW = 100
# AVFMT_TS_DISCONT of libavformat/avformat.h: formats that can be concatenated, each part with its own timestamps.
CLOCK_MAY_BE_SET_BACK = 0x200
# AVFMT_NOTIMESTAMPS: raw streams, whose times the demuxer derives from a frame rate.
NO_TIMESTAMPS = 0x80
# First step back after a seek that landed too late; doubled each time.
SEEK_BACK_S = 5


@dataclass(slots=True, kw_only=True)
class OpenVideo:
    """An open file and its video stream.

    Attributes:
        container: the open file.
        stream: the stream with the picture; its decoder is set up, not yet open.
        stated_s: length stated in the header, seconds; None if not stated. Set before packets are read.
        first: timestamp of the recording's first picture, ticks; None if unknown.
        read_errors: packets that could not be read.
        repairer: repairs timestamps, and knows what it repaired since reading began last.
    """

    container: InputContainer
    stream: VideoStream
    stated_s: float | None = None
    first: int | None = None
    read_errors: int = 0
    repairer: TimestampRepairer = field(init=False)

    def __post_init__(self) -> None:
        self.repairer = self._clock()

    @property
    def time_base(self) -> Fraction:
        """Seconds per tick of the stream's timestamps."""
        return self.stream.time_base or Fraction(1, 1000)

    @property
    def clock_may_be_set_back(self) -> bool:
        """Whether the format allows parts with their own timestamps; such a file states no length."""
        return bool(self.container.format.flags & CLOCK_MAY_BE_SET_BACK)

    @property
    def keeps_no_times(self) -> bool:
        """Whether the file is a raw stream, without timestamps."""
        return bool(self.container.format.flags & NO_TIMESTAMPS)

    @property
    def is_shown_as_decoded(self) -> bool:
        """Whether the file only stores the decoding order, and it differs from the presentation order."""
        return self.container.format.name == AVI and not self.stream.codec_context.codec.intra_only

    def packets(self) -> Iterator[VideoPacket]:
        """Yields the stream's packets from the current position, with repaired timestamps; skips unreadable parts."""
        if self.keeps_no_times:
            return self._read()
        self.repairer = self._clock()
        return self.repairer.mended(self._read())

    def _clock(self) -> TimestampRepairer:
        stated = None if self.clock_may_be_set_back or not self.stated_s else round(self.stated_s / self.time_base)
        return TimestampRepairer(
            time_base=self.time_base,
            stated=stated,
            first=self.first,
            by_decoding=self.is_shown_as_decoded,
            reorders=bool(self.stream.codec_context.has_b_frames),
        )

    def _read(self) -> Iterator[VideoPacket]:
        in_a_row = 0
        while in_a_row < READ_ERRORS_IN_A_ROW:
            try:
                for packet in self.container.demux(self.stream):
                    if packet.size:  # the last packet is empty, and so is a dropped frame of an AVI
                        in_a_row = 0
                        yield packet
                return
            except (FFmpegError, OSError):
                in_a_row += 1
                self.read_errors += 1

    def packets_from(self, tick: int) -> Iterator[VideoPacket] | None:
        """Seeks to a key frame at or before `tick` and reads from there.

        Returns:
            The packets from that key frame; None if the file is not seekable, which leaves its position undefined.
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
                    break  # some formats seek to any packet; the key frame is further back
            back = max(2 * back, round(SEEK_BACK_S / self.time_base))
        return None


def open_unbuffered(path: Path) -> Any:
    """Opens a file as it is; FFmpeg reads it in pieces of its own."""
    return path.open("rb", buffering=0)


def _chained(first: VideoPacket, rest: Iterator[VideoPacket]) -> Iterator[VideoPacket]:
    yield first
    yield from rest


@contextmanager
def open_video(
    path: Path, *, stated_s: float | None = None, first: int | None = None, opener: Opener = open_unbuffered
) -> Iterator[OpenVideo]:
    """Opens a recording for the duration of the context.

    Args:
        path: the file.
        stated_s, first: see `OpenVideo`.
        opener: opens the file.

    Raises:
        RecordingUnreadable: the file does not exist, or holds no video that can be decoded.
    """
    _check_file(path)
    with ExitStack() as stack:
        try:
            file = stack.enter_context(opener(path))
            container = stack.enter_context(av.open(file, **isolated_open_options(path)))
        except (InvalidDataError, FFmpegEOFError) as error:
            raise RecordingUnreadable(
                f"{path} is not a readable video: it was cut off before its index was written, or is no video;"
                " copy it from the camera again, or export it as MP4"
            ) from error
        except (FFmpegError, OSError, UnicodeError) as error:
            raise RecordingUnreadable(f"{path} cannot be opened as a video ({error}); export it as MP4") from error
        stream = _picture_stream(path, container)
        try:
            yield OpenVideo(container=container, stream=stream, stated_s=stated_s, first=first)
        finally:
            # Freeing a decoder in the middle of a picture can block forever on its threads; so drain it first.
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
    if _is_still(path, container):
        raise RecordingUnreadable(f"{path} is a photo; give a video file: reactions are measured over time")
    # A song's cover image is a video stream too.
    pictures = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not pictures:
        heard = "sound only" if container.streams.audio else "no picture"
        raise RecordingUnreadable(f"{path} contains {heard}; give a recording with a picture")
    best = container.streams.best("video")
    if container.metadata.get("major_brand", "").strip() in MOVING_PHOTO_BRANDS:
        best = max(pictures, key=lambda picture: picture.frames)
    stream = next((picture for picture in pictures if picture is best), pictures[0])
    if stream.codec_context is None:
        raise RecordingUnreadable(f"{path} uses a codec that cannot be decoded here; export it as H.264 MP4")
    if not (stream.codec_context.width and stream.codec_context.height):
        raise RecordingUnreadable(f"{path} has a picture of 0 x 0 pixels; copy it from the camera again")
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    stream.codec_context.thread_type = "AUTO"
    # Opened before any skip_frame is set: dav1d keeps skipping whatever it was set to skip when it was opened.
    try:
        stream.codec_context.open(strict=False)
    except FFmpegError as error:
        raise RecordingUnreadable(f"{path} cannot be decoded here ({error}); export it as H.264 MP4") from error
    return stream


def _is_still(path: Path, container: InputContainer) -> bool:
    """Whether the file is a photo in a format that can also hold video."""
    kind, pictures = container.format.name, container.streams.video
    brand = container.metadata.get("major_brand", "").strip()
    if brand in PHOTO_BRANDS or (kind == "mjpeg" and path.suffix.lower() in (".jpg", ".jpeg", ".mpo")):
        return True
    may_be_still = brand in MOVING_PHOTO_BRANDS or kind in ("gif", "apng")
    return may_be_still and all(picture.frames == 1 for picture in pictures)
