"""Which stages need somebody: those whose cameras see nothing, or send nothing, or send it late."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from audience.board.board import Board, BoardRow
from audience.monitoring.cameras import UNUSABLE, CameraStatus, State
from dashboard import markup
from dashboard.clock import length_text

_NEEDING: Final[frozenset[State]] = UNUSABLE | {"late"}
_CAMERA: Final[dict[State, str]] = {
    "dead": "{camera} sends nothing",
    "failed": "{camera} failed",
    "away": "{camera} is not connected",
    "dark": "{camera} is dark",
    "blurred": "{camera} is out of focus",
    "late": "{camera} is late",
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
        return markup.lead("No stage needs you: every camera that has started reports in time.")
    count = "1 stage needs you" if len(found) == 1 else f"{len(found)} stages need you"
    named = ", ".join(found)
    items = "".join(
        f"<li><b><bdi>{escape(title)}</bdi></b>: {escape(', '.join(problems))}</li>"
        for title, problems in found.items()
    )
    return f'{markup.lead(f"{count}: {named}")}<ul class="hl-needs">{items}</ul>'


def _camera_text(status: CameraStatus) -> str:
    text = _CAMERA[status.state].format(camera=status.camera_id)
    if status.state == "dead" and status.seen_s is not None:
        return f"{text} for {length_text(status.seen_s)}"
    return f"{text}: {status.why}" if status.why else text


def _silence(row: BoardRow) -> str:
    return "no window has come" if row.age_s is None else f"no window has come for {length_text(row.age_s)}"
