"""Sessions, stages, cameras, rules, alerts and the like as JSON documents, the same in every store."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from audience.alerts import Alert, AlertBook, AlertMark, AlertRule, AlertWatcher
from audience.exclusions import Annotation, Exclusion
from audience.sessions import Camera, Session, Stage
from audience.store import AlertDocument, Heartbeat, RecordingProgress, ScorerRecord
from audience.time import parse_instant
from audience.timelines import Cue, Segment, Timeline


def session_to_json(session: Session) -> str:
    """The session as a JSON document."""
    return _dump(
        {
            "session_id": session.session_id,
            "title": session.title,
            "kind": session.kind,
            "started_at": session.started_at.isoformat(),
            "ended_at": session.ended_at.isoformat() if session.ended_at else None,
            "setting": session.setting,
            "country": session.country,
            "notice_given": session.notice_given,
            "mode": session.mode,
            "mode_reason": session.mode_reason,
            "simulated": session.simulated,
            "film": session.film,
            "cut": session.cut,
            "city": session.city,
            "tags": session.tags,
            "set_up_at": session.set_up_at.isoformat() if session.set_up_at else None,
        }
    )


def session_from_json(document: str) -> Session:
    """The session of a JSON document; those of 0.1 know neither film, cut, city, tags nor when they were set up."""
    fields = json.loads(document)
    ended_at = fields.pop("ended_at")
    set_up_at = fields.pop("set_up_at", None)
    tags = tuple(fields.pop("tags", ()))
    return Session(
        started_at=parse_instant(fields.pop("started_at")),
        ended_at=parse_instant(ended_at) if ended_at else None,
        tags=tags,
        set_up_at=parse_instant(set_up_at) if set_up_at else None,
        **fields,
    )


def stage_to_json(stage: Stage) -> str:
    """The stage as a JSON document."""
    return _dump(
        {
            "stage_id": stage.stage_id,
            "title": stage.title,
            "audience_size": stage.audience_size,
            "timelines": [
                {
                    "title": timeline.title,
                    "segments": [
                        {"title": segment.title, "start_s": segment.start_s, "end_s": segment.end_s}
                        for segment in timeline.segments
                    ],
                }
                for timeline in stage.timelines
            ],
            "cues": [{"at": cue.at.isoformat(), "timeline_s": cue.timeline_s} for cue in stage.cues],
            "exclusions": [
                {
                    "title": exclusion.title,
                    "from_at": exclusion.from_at.isoformat(),
                    "until_at": exclusion.until_at.isoformat(),
                    "by": exclusion.by,
                    "reason": exclusion.reason,
                }
                for exclusion in stage.exclusions
            ],
            "annotations": [
                {"title": note.title, "at": note.at.isoformat(), "by": note.by} for note in stage.annotations
            ],
        }
    )


def stage_from_json(document: str) -> Stage:
    """The stage of a JSON document; those of 0.1 know neither exclusions nor annotations."""
    fields = json.loads(document)
    return Stage(
        stage_id=fields["stage_id"],
        title=fields["title"],
        audience_size=fields["audience_size"],
        timelines=tuple(
            Timeline(
                title=timeline["title"],
                segments=tuple(Segment(**segment) for segment in timeline["segments"]),
            )
            for timeline in fields["timelines"]
        ),
        cues=tuple(Cue(at=parse_instant(cue["at"]), timeline_s=cue["timeline_s"]) for cue in fields["cues"]),
        exclusions=tuple(
            Exclusion(
                title=exclusion["title"],
                from_at=parse_instant(exclusion["from_at"]),
                until_at=parse_instant(exclusion["until_at"]),
                by=exclusion["by"],
                reason=exclusion["reason"],
            )
            for exclusion in fields.get("exclusions", ())
        ),
        annotations=tuple(
            Annotation(title=note["title"], at=parse_instant(note["at"]), by=note["by"])
            for note in fields.get("annotations", ())
        ),
    )


def camera_to_json(camera: Camera) -> str:
    """The camera as a JSON document."""
    return _dump(
        {"camera_id": camera.camera_id, "overlaps": sorted(camera.overlaps), "delivered_by": camera.delivered_by}
    )


def camera_from_json(document: str) -> Camera:
    """The camera of a JSON document; those of 0.1 do not say who delivers for it."""
    fields = json.loads(document)
    return Camera(
        camera_id=fields["camera_id"], overlaps=frozenset(fields["overlaps"]), delivered_by=fields.get("delivered_by")
    )


def scorer_to_json(scorer: ScorerRecord) -> str:
    """The scorer as a JSON document."""
    return _dump(
        {
            "name": scorer.name,
            "thresholds": dict(scorer.thresholds),
            "experimental": sorted(scorer.experimental),
            "model_sha256": scorer.model_sha256,
        }
    )


def scorer_from_json(document: str) -> ScorerRecord:
    """The scorer of a JSON document."""
    fields = json.loads(document)
    return ScorerRecord(**{**fields, "experimental": frozenset(fields["experimental"])})


def flat_to_json(record: RecordingProgress | Heartbeat) -> str:
    """A record whose fields are all plain values, as a JSON document."""
    return _dump({name: getattr(record, name) for name in type(record).__dataclass_fields__})


def progress_from_json(document: str) -> RecordingProgress:
    """The recording's progress of a JSON document; those of 0.1 know neither how sure the start is nor remarks."""
    fields = json.loads(document)
    return RecordingProgress(**{**fields, "remarks": tuple(fields.get("remarks", ()))})


def heartbeat_from_json(document: str) -> Heartbeat:
    """The heartbeat of a JSON document."""
    return Heartbeat(**json.loads(document))


def _dump(fields: dict[str, Any]) -> str:
    # ASCII, because a detail may quote a file name that is no text, which JSON can write only as escapes.
    return json.dumps(fields, separators=(",", ":"))


_TYPES: dict[str, type[AlertDocument]] = {
    "RULE": AlertRule,
    "ALERT": Alert,
    "MARK": AlertMark,
    "WATCHER": AlertWatcher,
}


def key_of(document: AlertDocument) -> str:
    """The document's key in its session: its kind, and what tells it from others of that kind."""
    match document:
        case AlertRule():
            return f"RULE#{document.rule_id}"
        case Alert():
            return f"ALERT#{document.alert_id}"
        case AlertMark(kind="acknowledged"):
            return f"MARK#{document.alert_id}#acknowledged"  # the newest name stands
        case AlertMark():
            return f"MARK#{document.alert_id}#{document.kind}#{document.by}"
        case AlertWatcher():
            return "WATCHER#"


def alert_document_to_json(document: AlertDocument) -> str:
    """The document as JSON."""
    fields = {name: getattr(document, name) for name in type(document).__dataclass_fields__}
    return json.dumps(fields, separators=(",", ":"))


def book_of(documents: Iterable[tuple[str, str]]) -> AlertBook:
    """The book of documents.

    Args:
        documents: key and JSON of each, in the order of their keys.
    """
    found: dict[type[AlertDocument], list[Any]] = {kind: [] for kind in _TYPES.values()}
    for key, document in documents:
        kind = _TYPES[key.partition("#")[0]]
        found[kind].append(kind(**json.loads(document)))
    return AlertBook(
        rules=tuple(found[AlertRule]),
        alerts=tuple(found[Alert]),
        marks=tuple(found[AlertMark]),
        watcher=found[AlertWatcher][0] if found[AlertWatcher] else None,
    )
