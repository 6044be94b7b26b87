"""Which stages need somebody: those whose cameras see nothing, or send nothing, or send it late."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from audience.board.board import Board, BoardRow
from audience.language import N_, gettext, ngettext
from audience.monitoring.cameras import UNUSABLE, CameraStatus, State
from dashboard import markup
from dashboard.clock import length_text

_NEEDING: Final[frozenset[State]] = UNUSABLE | {"late"}
_STAGES_NAMED, _STAGES_LISTED, _CAMERAS_NAMED = 8, 12, 3

_CAMERA: Final[dict[State, str]] = {
    "dead": N_("{camera} sends nothing"),
    "failed": N_("{camera} failed"),
    "away": N_("{camera} is not connected"),
    "dark": N_("{camera} is dark"),
    "blurred": N_("{camera} is out of focus"),
    "late": N_("{camera} is late"),
}


def stages_in_need(board: Board, cameras: Sequence[CameraStatus]) -> dict[str, list[str]]:
    """What is wrong, by stage title, the most urgent first.

    Args:
        board: as of now; a stage of it that shows no news although no camera has reported on itself is in need too.
        cameras: of its session, the most urgent first.
    """
    titles = {row.stage_id: row.title for row in board.rows}
    found: dict[str, list[str]] = {}
    for status in cameras:
        if status.state in _NEEDING and status.stage_id in titles:
            found.setdefault(titles[status.stage_id], []).append(_camera_text(status))
    for row in board.rows:
        if row.state == "stale" and row.title not in found:
            found[row.title] = [_silence(row)]
    return found


def needs_line(board: Board, cameras: Sequence[CameraStatus]) -> str:
    """The first line of the page for staff, and a list of what is wrong, as HTML."""
    found = stages_in_need(board, cameras)
    if not found:
        return markup.lead(gettext("No stage needs you: every camera that has started reports in time."))
    titles = _first(list(found), _STAGES_NAMED)
    line = ngettext("{count} stage needs you: {stages}", "{count} stages need you: {stages}", len(found), stages=titles)
    items = "".join(
        f"<li><b><bdi>{escape(title)}</bdi></b>: {escape(_first(problems, _CAMERAS_NAMED))}</li>"
        for title, problems in list(found.items())[:_STAGES_LISTED]
    )
    rest = ""
    if (more := len(found) - _STAGES_LISTED) > 0:
        rest = markup.note(ngettext("And {count} more.", "And {count} more.", more))
    return f'{markup.lead(line)}<ul class="hl-needs">{items}</ul>{rest}'


def _first(things: Sequence[str], most: int) -> str:
    """The first of some things, and how many there are besides."""
    if len(things) <= most:
        return ", ".join(things)
    return ", ".join([*things[:most], gettext("and {count} more", count=len(things) - most)])


def _camera_text(status: CameraStatus) -> str:
    if status.state == "dead" and status.seen_s is not None:
        return gettext(
            "{camera} sends nothing for {length}", camera=status.camera_id, length=length_text(status.seen_s)
        )
    text = gettext(_CAMERA[status.state], camera=status.camera_id)
    return f"{text}: {status.why}" if status.why else text


def _silence(row: BoardRow) -> str:
    if row.age_s is None:
        return gettext("no window has come")
    return gettext("no window has come for {length}", length=length_text(row.age_s))
