"""The manifest of an export: which session, stages, recordings and scorers its figures come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from audience.reaction.curve import StageWindows
from audience.sessions import Session
from audience.store import RecordingProgress, ScorerRecord
from audience.time import from_ms, instant_text

Entry = dict[str, object]

DISCLAIMER = "Visible expression, as a scorer sees it; not what people felt."


def session_entry(session: Session) -> Entry:
    """The entry of a session."""
    return {
        "session_id": session.session_id,
        "title": session.title,
        "kind": session.kind,
        "film": session.film,
        "cut": session.cut,
        "city": session.city,
        "tags": list(session.tags),
        "started_at": session.started_at.isoformat(),
        "ended_at": session.ended_at.isoformat() if session.ended_at else None,
        "simulated": session.simulated,
        "measures": session.mode,
        "why": session.mode_reason,
    }


def stage_entry(windows: StageWindows) -> Entry:
    """The entry of a stage, with its exclusions."""
    return {
        "stage_id": windows.stage.stage_id,
        "title": windows.stage.title,
        "audience_size": windows.stage.audience_size,
        "window_s": windows.width_ms / 1000,
        "min_faces": windows.min_faces,
        "intervals_allow_for": list(windows.intervals_allow_for),
        "cameras": list(windows.table.cameras),
        "windows_outside_the_session": dict(windows.outside),
        "exclusions": [
            {
                "from_utc": instant_text(exclusion.from_at),
                "until_utc": instant_text(exclusion.until_at),
                "title": exclusion.title,
                "by": exclusion.by,
                "reason": exclusion.reason,
            }
            for exclusion in windows.stage.exclusions
        ],
    }


def recording_entry(recording: RecordingProgress) -> Entry:
    """The entry of a recording: its start, the certainty of that, and lost seconds."""
    return {
        "stage_id": recording.stage_id,
        "camera_id": recording.camera_id,
        "started_utc": instant_text(from_ms(recording.started_ms)),
        "started_from": recording.started_from,
        "start_certainty": recording.start_certainty,
        "seconds": recording.done_s,
        "finished": recording.finished,
        "lost_s": recording.lost_s,
        "remarks": list(recording.remarks),
    }


def scorers_behind(stages: Iterable[StageWindows], scorers: Mapping[str, ScorerRecord]) -> list[ScorerRecord]:
    """The known scorers of some stages, sorted by name.

    Args:
        stages: the exported stages.
        scorers: the store's scorers, by name.
    """
    used = sorted({name for windows in stages for name in windows.table.scorers})
    return [scorers[name] for name in used if name in scorers]


def scorer_entry(scorer: ScorerRecord) -> Entry:
    """The entry of a scorer: name with version, thresholds and experimental expressions."""
    return {
        "name": scorer.name,
        "thresholds": dict(scorer.thresholds),
        "experimental": sorted(scorer.experimental),
        "model_sha256": scorer.model_sha256,
    }
