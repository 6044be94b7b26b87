"""Captions as a subtitle track that players can switch off."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from av.stream import Disposition
from av.subtitles.subtitle import SubtitleSet

from houselights.highlights.clips import CutClip

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.subtitles.stream import SubtitleStream

_CODECS: Final = {"mp4": "mov_text", "mov": "mov_text", "matroska": "subrip", "webm": "webvtt"}
_MILLISECONDS: Final = Fraction(1, 1000)
# FFmpeg's encoders of text take lines of this format and write their own.
_HEADER: Final = b"""[Script Info]
ScriptType: v4.00+
PlayResX: 384
PlayResY: 288

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


@dataclass(frozen=True, slots=True)
class SubtitleTrack:
    """The subtitle track of a file that is being written."""

    _written: OutputContainer
    _stream: SubtitleStream

    @classmethod
    def in_file(cls, written: OutputContainer, kind: str) -> SubtitleTrack:
        """Adds the track to a file, which no packet has been written to.

        Args:
            written: the file.
            kind: its container: "mp4", "mov", "matroska" or "webm".
        """
        stream: Any = written.add_stream(_CODECS[kind])
        stream.codec_context.subtitle_header = _HEADER
        stream.time_base = stream.codec_context.time_base = _MILLISECONDS
        stream.disposition = Disposition.default
        stream.metadata["title"] = "Reactions"
        stream.metadata["language"] = "eng"
        return cls(written, stream)

    def write(self, cut: CutClip) -> None:
        """Writes the captions of a clip."""
        for number, caption in enumerate(cut.clip.captions):
            # A clip that begins early has its first caption from there on, and one that ends late the last until there.
            is_last = number == len(cut.clip.captions) - 1
            from_s = cut.start_s if number == 0 else max(cut.start_s, caption.from_s)
            until_s = cut.end_s if is_last else min(cut.end_s, caption.until_s)
            at_ms = round((cut.at_s + from_s - cut.start_s) * 1000)
            length_ms = round((until_s - from_s) * 1000)
            if length_ms <= 0:
                continue
            line = f"0,0,Default,,0,0,0,,{_plain(caption.text)}"
            context = self._stream.codec_context
            packet = context.encode_subtitle(SubtitleSet.create(line.encode(), start=0, end=length_ms))
            packet.stream, packet.time_base = self._stream, _MILLISECONDS
            packet.pts = packet.dts = at_ms
            packet.duration = length_ms
            self._written.mux_one(packet)


def _plain(text: str) -> str:
    """A text without what would be read as formatting."""
    shown = text.translate({ord("\\"): "/", ord("{"): "(", ord("}"): ")"})
    return "\\N".join(line.strip() for line in shown.splitlines())
