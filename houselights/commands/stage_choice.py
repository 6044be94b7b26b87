"""Selects the stage of a session for a command."""

from __future__ import annotations

from collections.abc import Sequence

from audience.errors import InvalidValue
from audience.sessions import Stage


def chosen_stage(stages: Sequence[Stage], session_id: str, stage_id: str | None) -> Stage:
    """The stage with the given id, or a session's only stage.

    Raises:
        InvalidValue: there is no such stage, or there are several and no id was given.
    """
    if stage_id is None and len(stages) == 1:
        return stages[0]
    for stage in stages:
        if stage.stage_id == stage_id:
            return stage
    if not stages:
        raise InvalidValue(f"session {session_id!r} has no stage yet: score a recording into it first")
    wrong = f"has no stage {stage_id!r}" if stage_id else "has several stages"
    known = ", ".join(stage.stage_id for stage in stages)
    raise InvalidValue(f"session {session_id!r} {wrong}: give --stage with one of {known}")
