"""A store whose writer is killed at random instants, again and again, and held to what it acknowledged.

The writer does numbered steps, each one call of the store: windows with faces and progress, heartbeats, sessions; and
in between a camera's records, a session, or what has expired is removed. What a store holds after a step is known
without it. A store whose writer acknowledged step n and was killed then must hold what is known after n or after n + 1,
and nothing between.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
from contextlib import closing
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from audience.errors import HouselightsError
from audience.store import Store
from audience.stores import open_store
from bench.trust.killing import Harm, Voice, forks, killed_after
from tests.builders import a_heartbeat, a_progress, a_session, a_window, after_ms, faces, window_faces

KILLS: Final = 500
_LIVES: Final = 10
"""Kills of one store; then the next is made, so that making one is cut short too."""

_WHILE_OPENING_S, _WHILE_WRITING_S = 0.01, 0.08
_TALK, _STAGE = "talk", "main"
_CAMERAS: Final = ("cam-1", "cam-2", "cam-3")
_EXPIRES: Final = 12  # steps after which the windows of the last camera expire

Records = dict[tuple[str, ...], str]
"""What a store holds: the content of each record by its kind and key."""


def killed_stores(chance: random.Random, kills: int = KILLS) -> Harm:
    """Kills writers of SQLite stores.

    Args:
        chance: when.
        kills: how often.
    """
    context = forks()
    harm = Harm()
    while harm.kills < kills:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "not there yet" / "houselights.db"
            known, step = Records(), 0
            for _ in range(min(_LIVES, kills - harm.kills)):
                seconds = chance.uniform(0, chance.choice((_WHILE_OPENING_S, _WHILE_WRITING_S)))
                safe = killed_after(context, seconds, write, str(path), step)
                harm.kills += 1
                for step in safe:
                    known = known_after(step, known)
                step = safe[-1] + 1 if safe else step
                if _is_one_step_on(path, known, step, harm):
                    known, step = known_after(step, known), step + 1
    return harm


def write(connection: Connection, path: str, first: int) -> None:
    """Does one step after another, from `first` on, until it is killed."""
    voice = Voice(connection)
    voice.ready()
    with open_store(f"sqlite:///{path}") as store:
        for step in count(first):
            do(step, store)
            voice.safe(step)


def do(step: int, store: Store) -> None:
    """Does a step."""
    short = f"short-{step // 53}"
    if step == 0:
        store.put_session(a_session(_TALK))
    elif step % 53 == 10:
        store.put_session(a_session(short))
    elif step % 53 == 20:
        store.put_windows([a_window(step, smiling=1, of=3, session_id=short)])
    elif step % 53 == 40:
        store.delete_session(short)
    elif step % 67 == 31:
        store.delete_camera_records(_TALK, _STAGE, _CAMERAS[1])
    elif step % 71 == 44:
        store.prune(after_ms(step))
    elif step % 7 == 5:
        store.put_heartbeat(a_heartbeat(_TALK, at_s=step))
    else:
        expires = {_CAMERAS[-1]: after_ms(step + _EXPIRES)}
        seen = faces(*[(step % 5) / 5] * 4)
        store.put_windows(
            [
                a_window(step, seen=seen, session_id=_TALK, camera_id=camera, expires_ms=expires.get(camera))
                for camera in _CAMERAS
            ],
            [
                window_faces(step, seen=seen, session_id=_TALK, camera_id=camera, expires_ms=expires.get(camera))
                for camera in _CAMERAS
            ],
            a_progress(_TALK, done_s=float(step)),
        )


def known_after(step: int, before: Records) -> Records:
    """What a store holds after a step.

    Args:
        step: the step.
        before: what it held before.
    """
    short = f"short-{step // 53}"
    after = dict(before)
    if step == 0:
        after["session", _TALK] = ""
    elif step % 53 == 10:
        after["session", short] = ""
    elif step % 53 == 20:
        after["window", short, "cam-1", str(after_ms(step))] = "3 faces, 1 over"
    elif step % 53 == 40:
        after = {key: content for key, content in after.items() if key[1] != short}
    elif step % 67 == 31:
        after = {key: content for key, content in after.items() if key[2:3] != ("cam-2",)}
    elif step % 71 == 44:
        passed = after_ms(step - _EXPIRES)
        after = {key: content for key, content in after.items() if key[2:3] != ("cam-3",) or int(key[3]) >= passed}
    elif step % 7 == 5:
        after["heartbeat", _TALK] = str(after_ms(step))
    else:
        smile = (step % 5) / 5
        for camera in _CAMERAS:
            at = (_TALK, camera, str(after_ms(step)))
            after["window", *at] = f"4 faces, {4 if smile >= 0.5 else 0} over"
            after["faces", *at] = " ".join(f"t{number}:{smile:.3f}" for number in range(1, 5))
        after["progress", _TALK] = f"{float(step)}"
    return after


def found_in(store: Store) -> Records:
    """What a store holds."""
    found = Records()
    for session in store.sessions():
        name = session.session_id
        found["session", name] = ""
        table = store.windows(name, _STAGE)
        for row, start_ms in enumerate(table.start_ms.tolist()):
            over = int(table.over[row, table.expressions.index("smile")])
            at = (name, table.cameras[table.camera[row]], str(start_ms))
            found["window", *at] = f"{table.faces[row]} faces, {over} over"
        for one in store.faces(name, _STAGE):
            content = " ".join(f"{face.track_id}:{face.confidences['smile']:.3f}" for face in one.faces)
            found["faces", name, one.camera_id, str(one.start_ms)] = content
        for progress in store.recordings(name):
            found["progress", name] = f"{progress.done_s}"
        for beat in store.heartbeats(name):
            found["heartbeat", name] = str(beat.at_ms)
    return found


def _is_one_step_on(path: Path, known: Records, step: int, harm: Harm) -> bool:
    """Whether a store that was killed in a step, or before it, has done it; what it should not be is counted."""
    try:
        with open_store(f"sqlite:///{path}") as store:
            found = found_in(store)
        with closing(sqlite3.connect(path)) as connection:
            harm.damaged += connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]
            # What belongs to no session would be found by nobody else.
            orphans = "SELECT COUNT(*) FROM windows WHERE session_id NOT IN (SELECT session_id FROM sessions)"
            harm.doubled += connection.execute(orphans).fetchone()[0]
    except (HouselightsError, sqlite3.Error):
        harm.damaged += 1
        return False
    one_on = known_after(step, known)
    if found in (known, one_on):
        return found == one_on
    harm.lost += len(known.keys() & one_on.keys() - found.keys())
    harm.doubled += len(found.keys() - known.keys() - one_on.keys())
    both = known.keys() & one_on.keys() & found.keys()
    harm.damaged += sum(found[key] not in (known[key], one_on[key]) for key in both)
    harm.damaged += 1  # a transaction of which a part is there, if nothing else is wrong
    return False
