"""Screenings of a film in two cuts, in a store: who is compared in the tests of the lab."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from audience.sessions import Session
from audience.store import Store
from audience.timelines import Cue
from tests.builders import BEGAN, SCORER, a_face, a_scorer, a_session, a_stage, a_timeline, a_window, window_faces
from tests.dashboard.conftest import put

FILM_S = 120
CITIES = ("Leeds", "Ghent", "Oslo")


def a_showing(session_id: str, *, days: int = 0, **told: object) -> Session:
    """A screening of Night Train, so many days after `BEGAN`."""
    began = BEGAN + timedelta(days=days)
    session = a_session(session_id, started_at=began, ended_at=began + timedelta(seconds=FILM_S + 10))
    return replace(session, kind="screening", **{"film": "Night Train", "cut": "A"} | told)


def put_screening(store: Store, session: Session, *, late_s: int = 10, more: int = 0, scorer: str = SCORER) -> None:
    """Ten faces, of which two smile, and from 60 to 90 s of the film six of cut B (four of A) and `more`.

    The film began `late_s` after the session.
    """
    chapters = a_timeline(("Opening", 0, 60), ("Chase", 60, 90), ("Credits", 90, FILM_S), title="scenes")
    cue = Cue(at=session.started_at + timedelta(seconds=late_s), timeline_s=0.0)
    days_s = (session.started_at - BEGAN).total_seconds()
    windows = []
    for second in range(FILM_S):
        smiling = (6 if session.cut == "B" else 4) if 60 <= second < 90 else 2
        windows.append(
            a_window(
                days_s + late_s + second,
                smiling=smiling + (more if second % 2 else 0),
                of=10,
                session_id=session.session_id,
                scorer=scorer,
            )
        )
    put(store, session, (a_stage(timelines=[chapters], cues=[cue]), windows))


def put_two_cuts(store: Store, each: int = 6) -> None:
    """So many screenings of either cut, in three cities, each of which the film began at another second of."""
    store.put_scorer(a_scorer())
    for number in range(2 * each):
        cut = "AB"[number % 2]
        session = a_showing(
            f"night-{cut.lower()}-{number // 2 + 1}",
            title=f"Night Train, cut {cut}, evening {number // 2 + 1}",
            cut=cut,
            city=CITIES[number // 2 % 3],
            days=number,
            tags=("students",) if number % 4 < 2 else ("recruited",),
        )
        put_screening(store, session, late_s=5 + number, more=number // 2 % 2)


def put_faces(store: Store, session_id: str, smile: float) -> None:
    """The single faces behind a screening: ten people in view throughout, who smile a little more or less than so."""
    (stage,) = store.stages(session_id)
    late_s = (stage.cues[0].at - BEGAN).total_seconds()
    people = [a_face(f"t{number}", smile=smile + (number - 4.5) / 100) for number in range(10)]
    faces = [window_faces(late_s + second, seen=people, session_id=session_id) for second in range(FILM_S)]
    store.put_windows([], faces)
