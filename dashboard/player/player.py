"""The player on a page: a recording with its curve, smooth and raw, packed small."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import tzinfo
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from audience.language import N_, gettext
from audience.percents import SHARE_PARTS
from audience.reaction.curve import (
    EXCLUDED,
    FEW,
    LONGEST_BRIDGE_S,
    NO_PICTURE,
    NOBODY,
    SHOWN,
    ReactionCurve,
    StageWindows,
    bridges,
    runs,
    shown,
    span,
    states,
)
from audience.reaction.headline import break_at
from audience.time import to_ms
from dashboard.charts.axes import share_ticks
from dashboard.charts.theme import Palette
from dashboard.charts.thinning import thinned
from dashboard.components import component
from dashboard.video import NoVideo, Video
from dashboard.wording import doing, share_of, state_names

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Five hours of seconds, half a megabyte. Of longer sessions peaks, dips and the edges of gaps are kept.
MOST_POINTS = 18_000
NOTHING, NO_COVERAGE = 0xFFFF, 0xFF
# How the stretches without a figure are marked.
_MARKED = {NOBODY: "unseen", NO_PICTURE: "unseen", FEW: "withheld", EXCLUDED: "excluded"}
KINDS: Final = {"peak": N_("Peak"), "dip": N_("Dip"), "turn": N_("Steepest turn"), "note": N_("Note")}
"""What each kind of marker is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A point to mark along the curve.

    Attributes:
        at_s: where, seconds since the session began.
        kind: a peak, dip or turn is numbered in the order given; a note is not.
        title: what there is to say about it, in one line.
    """

    at_s: float
    kind: Literal["peak", "dip", "turn", "note"]
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Another share along the same axis, drawn beside the curve without a band.

    Attributes:
        name: what it is, in few words.
        kind: another expression, what the curve is compared with, or how it was at other times.
        smooth, raw: (n,) shares, NaN where there is none; as for the curve.
    """

    name: str
    kind: Literal["expression", "baseline", "earlier"]
    smooth: Floats
    raw: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A range of shares along the same axis, drawn behind the curve.

    Attributes:
        name: what it is, in few words.
        low, high: (n,) its ends, NaN where there is none.
    """

    name: str
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """One expression, smooth for the whole and raw for a closer look.

    Attributes:
        smooth: averaged over `smoothing_s`.
        raw: window by window.
        smoothing_s: 0 where both are the same.
        lines: what is drawn beside it; at most three of them expressions.
        usual: the usual range, drawn behind it; None for none.
    """

    smooth: ReactionCurve
    raw: ReactionCurve
    smoothing_s: float
    lines: tuple[Line, ...] = ()
    usual: Range | None = None


def packed(
    windows: StageWindows,
    curves: Curves | None,
    *,
    markers: Sequence[Marker] = (),
    video: Video | NoVideo,
    start_s: float | None = None,
    from_s: float | None = None,
    live: bool = False,
    palette: Palette,
    zone: tzinfo,
    most: int = MOST_POINTS,
) -> dict[str, Any]:
    """Everything the player draws, as JSON can write it; arrays are little-endian, in base64.

    All places are seconds since the session began. Titles go in as they are: the player shows them as text.

    Args:
        windows: the stage's windows, one at least.
        curves: what to draw; None where only heads were counted, which leaves the faces.
        markers: what to point at.
        video: the recording, or why there is none.
        start_s: where to stand at first; None for the beginning.
        from_s: from when on the session is shown; None for all of it.
        live: whether it still goes on: who stands at its end stays there.
        palette: colours of the curve.
        zone: the viewer's.
        most: about how many windows are sent at most.
    """
    drawn = _drawn(windows, curves, most)
    width_s = windows.width_ms / 1000
    return {
        "window_s": width_s,
        "from_s": float(windows.session_s[0]) if from_s is None else from_s,
        "axis_from_s": float(windows.session_s[0]),
        "live": live,
        "bridge_s": LONGEST_BRIDGE_S,
        "until_s": float(windows.session_s[-1]) + width_s,
        "began_ms": to_ms(windows.session.started_at),
        "zone": getattr(zone, "key", "UTC"),
        "at": _binary(drawn, "<u4") if len(drawn) < len(windows.start_ms) else None,
        "smooth": None if curves is None else _curve(windows, curves.smooth, drawn),
        "raw": None if curves is None or not curves.smoothing_s else _curve(windows, curves.raw, drawn),
        "levels": None if curves is None else _levels(curves),
        "lines": [] if curves is None else [_line(line, drawn) for line in curves.lines],
        "usual": None if curves is None or curves.usual is None else _range(curves.usual, drawn),
        "faces": _binary(_whole(_at_least_one(windows.faces[drawn]), NOTHING), "<u2"),
        "coverage": _binary(_whole(100 * windows.coverage[drawn], NO_COVERAGE), "<u1"),
        "gaps": _gaps(windows),
        "segments": [
            [*span(windows, first, last), windows.segment_title(index), index + 1]
            for index, first, last in runs(windows.segment)
            if index >= 0
        ],
        "shown": [list(piece) for piece in shown(windows)],
        "markers": packed_markers(markers),
        "words": _words(curves),
        "video": {"url": video.url, "starts_s": video.starts_s} if isinstance(video, Video) else None,
        "no_video": video.reason if isinstance(video, NoVideo) else "",
        "convert": video.convert,
        "start_s": start_s,
        "palette": asdict(palette),
    }


def packed_markers(markers: Sequence[Marker]) -> list[dict[str, Any]]:
    """Markers as the player reads them, given with the curve or by a list elsewhere on the page."""
    return [{**asdict(marker), "name": gettext(KINDS[marker.kind])} for marker in markers]


def _drawn(windows: StageWindows, curves: Curves | None, most: int) -> Ints:
    """Which windows are sent: all, or of a long session those that make its peaks, dips and gaps."""
    if len(windows.start_ms) <= most:
        return np.arange(len(windows.start_ms))
    lines = [windows.faces]
    if curves is not None:
        lines += [curves.smooth.share, curves.raw.share, *(line.smooth for line in curves.lines)]
    return np.unique(np.concatenate([thinned(line, most // len(lines)) for line in lines]))


def _curve(windows: StageWindows, curve: ReactionCurve, drawn: Ints) -> dict[str, str]:
    lines = {"share": curve.share, "low": curve.share_low, "high": curve.share_high}
    # The edges of gaps are always among the drawn.
    ends = np.array(bridges(windows, curve.share), dtype=np.int64).ravel()
    return {
        **{name: _binary(_whole(SHARE_PARTS * line[drawn], NOTHING), "<u2") for name, line in lines.items()},
        "bridges": _binary(np.searchsorted(drawn, ends), "<u4"),
    }


def _levels(curves: Curves) -> dict[str, list[float]]:
    """The ticks of the axis of shares, 0..1: of the smooth curve and of the raw one, whose band reaches further."""
    beside = [line.smooth for line in curves.lines] + ([] if curves.usual is None else [curves.usual.high])
    found = {}
    for name, curve, lines in (
        ("smooth", curves.smooth, beside),
        ("raw", curves.raw, [*beside, *(line.raw for line in curves.lines)]),
    ):
        highest = max(float(np.nanmax(line, initial=0.0)) for line in (curve.share_high, *lines))
        found[name] = [tick / 100 for tick in share_ticks(round(100 * highest, 1))]
    return found


def _line(line: Line, drawn: Ints) -> dict[str, str]:
    smooth, raw = (_binary(_whole(SHARE_PARTS * shares[drawn], NOTHING), "<u2") for shares in (line.smooth, line.raw))
    return {"name": line.name, "kind": line.kind, "smooth": smooth, "raw": raw}


def _range(usual: Range, drawn: Ints) -> dict[str, str]:
    low, high = (_binary(_whole(SHARE_PARTS * ends[drawn], NOTHING), "<u2") for ends in (usual.low, usual.high))
    return {"name": usual.name, "low": low, "high": high}


def _whole(values: Floats, nothing: int) -> Ints:
    """Rounded; `nothing` where there is no figure."""
    return np.where(np.isnan(values), nothing, np.clip(np.round(np.nan_to_num(values)), 0, nothing - 1)).astype(
        np.int64
    )


def _at_least_one(faces: Floats) -> Floats:
    """Mean faces of wide windows, such that rounding never makes nobody of somebody."""
    return np.where(faces > 0, np.maximum(faces, 1), faces)


def _binary(values: Ints, kind: str) -> str:
    return b64encode(values.astype(kind).tobytes()).decode()


def _gaps(windows: StageWindows) -> list[list[Any]]:
    """Stretches without a figure: from, until, how to mark it, and why."""
    names = state_names(windows)
    gaps: list[list[Any]] = []
    for state, first, last in runs(states(windows)):
        if state == SHOWN:
            continue
        name = names[state]
        if state == EXCLUDED:
            start_ms, end_ms = int(windows.start_ms[first]), int(windows.start_ms[last]) + windows.width_ms
            titles = [
                exclusion.title
                for exclusion in windows.stage.exclusions
                if to_ms(exclusion.from_at) < end_ms and to_ms(exclusion.until_at) > start_ms
            ]
            name = gettext("{what}: {titles}", what=name, titles=", ".join(titles))
        elif state != FEW and (pause := break_at(windows, first, last)):
            name = pause
        gaps.append([*span(windows, first, last), _MARKED[state], name])
    return gaps


def _words(curves: Curves | None) -> dict[str, str]:
    if curves is None:
        return {"smooth": "", "raw": "", "doing": ""}
    expression = curves.smooth.expression
    return {
        "smooth": share_of(expression, curves.smoothing_s, corrected=curves.smooth.corrected),
        "raw": share_of(expression, 0, corrected=curves.raw.corrected),
        "doing": doing(expression),
    }


# One module, written in parts: a component's script is one text, and cannot import another.
_SCRIPTS = ("figures.js", "zoom.js", "picture.js", "player.js")


def player(
    windows: StageWindows,
    curves: Curves | None,
    *,
    markers: Sequence[Marker] = (),
    video: Video | NoVideo,
    start_s: float | None = None,
    from_s: float | None = None,
    live: bool = False,
    palette: Palette,
    zone: tzinfo,
    notes: bool = False,
    key: str,
) -> float | None:
    """Shows a recording with its curve; only a request to write a note reruns the page.

    A click on anything on the page whose `data-seek` names a second of the session leads there too, at once. What a
    list on the page names as its `data-markers` (`packed_markers` as JSON) is pointed at too, before `markers`; the
    list may come later than the player, so that the curve need not wait for what takes long to work out.

    Where it stands, plays and is zoomed to stays as it is while the page runs, whatever it is given then; but a
    `start_s` that differs from the last is gone to.

    Args:
        windows: the stage's windows, one at least.
        curves: what to draw; None where only heads were counted.
        markers: what to point at.
        video: the recording, or why there is none.
        start_s: a second of the session to go to; None leaves it where it is.
        from_s: from when on the session is shown; None for all of it.
        live: whether it still goes on: who stands at its end stays there.
        palette: colours of the curve.
        zone: the viewer's.
        notes: whether there is a button to write a note.
        key: the player's own on the page; another session or stage needs another. It must not hold `__`.

    Returns:
        The second of the session that the viewer wants to write a note on; None where the page runs for another reason.
    """
    data = packed(
        windows,
        curves,
        markers=markers,
        video=video,
        start_s=start_s,
        from_s=from_s,
        live=live,
        palette=palette,
        zone=zone,
    )
    show = component("player", "dashboard.player", "player.html", "player.css", _SCRIPTS)
    noted = show(key=key, data={**data, "notes": notes}, on_noted_change=lambda: None).noted
    return None if noted is None else float(noted)
