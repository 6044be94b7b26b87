"""The session that pages and exports are measured on: three hours on one stage, four cameras, 43,200 windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from audience.sessions import Camera, Session, Stage
from audience.store import Store
from audience.time import to_ms
from audience.timelines import Segment, Timeline
from audience.windows import Tally, WindowRecord
from sample_data.generate import SCORER

SESSION: Final = "three-hours"
HOURS_S: Final = 10_800
CAMERAS: Final = ("front", "left", "right", "rear")
STAGE: Final = "hall"
BEGAN: Final = datetime(2026, 3, 2, 18, tzinfo=UTC)
_PEOPLE: Final = 40
_SEGMENT_S: Final = 300


def put_long_session(store: Store, *, session_id: str = SESSION, length_s: int = HOURS_S) -> None:
    """Puts a session with a slide every five minutes into a store."""
    segments = tuple(
        Segment(title=f"Slide {at_s // _SEGMENT_S + 1}", start_s=at_s, end_s=at_s + _SEGMENT_S)
        for at_s in range(0, length_s, _SEGMENT_S)
    )
    store.put_session(
        Session(
            session_id=session_id,
            title="Three hours (simulated)",
            started_at=BEGAN,
            ended_at=BEGAN + timedelta(seconds=length_s),
            simulated=True,
        )
    )
    store.put_scorer(SCORER)
    store.put_stage(session_id, Stage(stage_id=STAGE, timelines=(Timeline(title="Slides", segments=segments),)))
    for number, camera_id in enumerate(CAMERAS):
        store.put_camera(session_id, STAGE, Camera(camera_id=camera_id))
        store.put_windows(list(_windows(session_id, camera_id, length_s, np.random.default_rng(number))))


def _windows(session_id: str, camera_id: str, length_s: int, rng: np.random.Generator) -> Iterator[WindowRecord]:
    names: Sequence[str] = tuple(SCORER.thresholds)
    faces = rng.binomial(_PEOPLE, 0.9, length_s)
    share = 0.2 + 0.1 * np.sin(np.arange(length_s) / 200)
    over = rng.binomial(faces[:, None], np.repeat(share[:, None], len(names), axis=1))
    for second, (count, of_window) in enumerate(zip(faces.tolist(), over.tolist(), strict=True)):
        yield WindowRecord(
            session_id=session_id,
            stage_id=STAGE,
            camera_id=camera_id,
            start_ms=to_ms(BEGAN) + 1000 * second,
            faces=count,
            expected=_PEOPLE,
            tallies={
                name: Tally(faces=count, total=0.8 * number, squares=0.64 * number, over=number)
                for name, number in zip(names, of_window, strict=True)
            },
            scorer=SCORER.name,
        )
