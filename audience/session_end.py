"""When a session ends by itself: with the last of its cameras, and a festival never."""

from __future__ import annotations

from collections.abc import Collection

from audience.admission import LONGEST_MS
from audience.instants import to_ms
from audience.occasions import Occasion, end_session
from audience.store import Heartbeat, RecordingProgress, Store


def note_camera_end(store: Store, occasion: Occasion, *, end_ms: int, now_ms: int, began_ms: int | None = None) -> bool:
    """Ends the session where the camera that has ended was the last of it.

    While another camera is at work, has fallen silent or was set up and is still to come, the session goes on: what
    such a camera delivers later must find it open. A festival goes on whatever its cameras do; a person ends it. Only a
    recording of a day that is over, `admission.LONGEST_MS` ago, ends any session.

    Args:
        store: where; what the camera recorded and said last is in it.
        occasion: which camera has ended.
        end_ms: end of its last window, milliseconds since the epoch.
        now_ms: the wall clock.
        began_ms: when it began, where it was live: an end that a person noted since then stays as it is.

    Returns:
        Whether the session has ended.
    """
    session = store.session(occasion.session_id)
    if session.ended_at is None:
        beats, recordings = store.heartbeats(session.session_id), store.recordings(session.session_id)
        is_of_the_past = now_ms - end_ms > LONGEST_MS
        if not is_of_the_past and (session.kind == "festival" or _others_to_come(store, occasion, beats, recordings)):
            return False
        ends = [one.started_ms + round(one.done_s * 1000) for one in recordings]
        ends += [beat.last_window_ms for beat in beats if beat.last_window_ms is not None]
        end_ms = max([end_ms, *ends])
    elif began_ms is not None and to_ms(session.ended_at) >= began_ms:
        return True
    end_session(store, session.session_id, end_ms)
    return True


def _others_to_come(
    store: Store, occasion: Occasion, beats: Collection[Heartbeat], recordings: Collection[RecordingProgress]
) -> bool:
    """Whether a camera of the session other than the occasion's may still deliver something."""
    known = {
        (stage.stage_id, camera.camera_id)
        for stage in store.stages(occasion.session_id)
        for camera in store.cameras(occasion.session_id, stage.stage_id)
    }
    known |= {(beat.stage_id, beat.camera_id) for beat in beats}
    ended = {(beat.stage_id, beat.camera_id) for beat in beats if beat.state in ("stopped", "finished")}
    ended |= {(one.stage_id, one.camera_id) for one in recordings if one.finished}
    return bool(known - ended - {(occasion.stage_id, occasion.camera_id)})
