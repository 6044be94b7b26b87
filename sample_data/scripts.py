"""The scripts of the sample sessions: timelines, audiences, and true shares of smiles."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from audience.privacy import decide
from audience.sessions import Session, Stage
from audience.time import to_ms
from audience.timelines import timeline_seconds
from sample_data.films import screening_fields

Floats = NDArray[np.float64]
Span = tuple[float, float]

SCRIPTS = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedStage:
    """A stage and the behaviour of its crowd.

    Attributes:
        stage: as stored.
        people: number of people.
        cameras: share of the people in view, by camera id.
        idle: true share of smiles while nothing is shown.
        smiles: true share of smiles at some timeline seconds, interpolated linearly.
        surprise: likewise for surprise; empty for hardly any.
        away: stretches of session seconds in which everybody has left.
        dark: stretches of session seconds in which no camera recorded.
        glances: probability that a person faces the camera in a window.
        arriving_s: people come in over this many session seconds.
        ease: how much more easily this audience smiles than `smiles` says, in log-odds.
        amused: (from, until, share): session seconds in which that share smiles, whatever is shown.
    """

    stage: Stage
    people: int
    cameras: Mapping[str, float]
    idle: float = 0.1
    smiles: tuple[tuple[float, float], ...] = ()
    surprise: tuple[tuple[float, float], ...] = ()
    away: tuple[Span, ...] = ()
    dark: tuple[Span, ...] = ()
    glances: float = 0.9
    arriving_s: float = 0.0
    ease: float = 0.0
    amused: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A scripted session.

    Attributes:
        session: as stored.
        length_s: recorded length, seconds.
        seed: seed of all randomness.
        keep_faces: whether single faces are stored besides the windows.
        stages: the stages.
    """

    session: Session
    length_s: int
    seed: int
    keep_faces: bool = False
    stages: tuple[ScriptedStage, ...]


def read_scripts() -> tuple[Script, ...]:
    """Reads all scripts, latest session first."""
    scripts: list[Script] = []
    for path in SCRIPTS.glob("*.toml"):
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
        scripts += map(_script, screening_fields(fields) if "screenings" in fields else [fields])
    return tuple(sorted(scripts, key=lambda script: script.session.started_at, reverse=True))


def _script(fields: Mapping[str, Any]) -> Script:
    """Builds one session's script; comments in the file explain the fields."""
    started_at: datetime = fields["started_at"]
    decision = decide(fields["setting"], fields["country"])
    session = {
        **fields,
        "ended_at": started_at + timedelta(seconds=fields["length_s"]),
        "notice_given": True,
        "mode": decision.mode,
        "mode_reason": decision.reason,
        "simulated": True,
    }
    stages = [_stage(stage, started_at) for stage in fields["stages"]]
    return msgspec.convert({**fields, "session": session, "stages": stages}, Script)


def true_share(script: Script, session_s: Floats, stage_id: str | None = None, what: str = "smiles") -> Floats:
    """The true share of people who smile at some seconds of the session.

    Args:
        script: the session.
        session_s: (n,) seconds since the session began.
        stage_id: the stage; None for the first.
        what: "smiles" or "surprise".

    Returns:
        (n,) shares, 0..1.
    """
    scripted = next(one for one in script.stages if stage_id in (None, one.stage.stage_id))
    knots: tuple[tuple[float, float], ...] = getattr(scripted, what)
    idle = scripted.idle if what == "smiles" else 0.0
    true = np.full(len(session_s), idle)
    if knots:
        instants = to_ms(script.session.started_at) + (np.asarray(session_s) * 1000).astype(np.int64)
        shown = timeline_seconds(instants, scripted.stage.cues)
        at_s, shares = np.array(knots).T
        true = np.where(np.isnan(shown), idle, np.interp(shown, at_s, shares))
    if what == "smiles":
        true = expit(logit(true) + scripted.ease)
        for from_s, until_s, share in scripted.amused:
            true[(session_s >= from_s) & (session_s < until_s)] = share
    return true


def _stage(fields: Mapping[str, Any], started_at: datetime) -> dict[str, Any]:
    """The fields of a `ScriptedStage`; those that its file leaves out have defaults."""

    def at(session_s: float) -> datetime:
        return started_at + timedelta(seconds=session_s)

    segments = [{"title": title, "start_s": start, "end_s": end} for start, end, title in fields["segments"]]
    exclusions = fields.get("exclusions", ())
    stage = {
        **fields,
        "timelines": [{"title": fields["timeline"], "segments": segments}],
        "cues": [
            {"at": at(second), "timeline_s": second_shown} for second, second_shown in fields.get("cues", [(0, 0)])
        ],
        "exclusions": [{**one, "from_at": at(one["from_s"]), "until_at": at(one["until_s"])} for one in exclusions],
    }
    return {**fields, "stage": stage, "amused": [one["laughter"] for one in exclusions]}
