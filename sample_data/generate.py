"""Loads the sample sessions into a store. Generation is deterministic, so loading twice changes nothing."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from audience.faces import Box, FaceRecord, WindowFaces
from audience.scorers import SIMULATED
from audience.sessions import Camera, Session
from audience.store import Store
from audience.time import to_ms
from audience.windows import DEFAULT_WIDTH_MS, EXPECTED_OVER_MS, Tally, WindowRecord
from sample_data.crowd import CameraView, act_out
from sample_data.scripts import Script, ScriptedStage, read_scripts

THRESHOLD = SIMULATED.thresholds["smile"]
SCORER = SIMULATED


def load_samples(store: Store) -> list[Session]:
    """Simulates every script and stores its windows and faces.

    The sessions have the dates of their scripts.

    Returns:
        The sessions, the latest first.
    """
    store.put_scorer(SCORER)
    return [_load(script, store) for script in read_scripts()]


def _load(script: Script, store: Store) -> Session:
    session_id = script.session.session_id
    store.put_session(script.session)
    for number, scripted in enumerate(script.stages):
        rng = np.random.default_rng([script.seed, number])
        stage_id = scripted.stage.stage_id
        store.put_stage(session_id, scripted.stage)
        for view in act_out(script, scripted, rng):
            store.put_camera(session_id, stage_id, Camera(camera_id=view.camera_id, delivered_by=""))
            windows = _windows(script, stage_id, view)
            store.put_windows(windows, _faces(script, scripted, view, rng) if script.keep_faces else ())
    return script.session


def _windows(script: Script, stage_id: str, view: CameraView) -> list[WindowRecord]:
    faces = view.in_view.sum(axis=1)
    tallied = {name: tallies(confidence, view.in_view) for name, confidence in view.confidences.items()}
    began_ms = to_ms(script.session.started_at)
    scored = script.session.mode == "expressions"
    return [
        WindowRecord(
            session_id=script.session.session_id,
            stage_id=stage_id,
            camera_id=view.camera_id,
            start_ms=began_ms + second * DEFAULT_WIDTH_MS,
            faces=count,
            expected=expected,
            tallies={name: of_second[second] for name, of_second in tallied.items()} if count else {},
            scorer=SCORER.name if scored else "",
        )
        for second, (count, expected, recording) in enumerate(
            zip(faces.tolist(), recent_maximum(faces).tolist(), view.recording.tolist(), strict=True)
        )
        if recording
    ]


def recent_maximum(faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """(T,) the expected faces: the most in any of the last 60 s, from the number in each second (T,)."""
    over_s = EXPECTED_OVER_MS // DEFAULT_WIDTH_MS
    most: NDArray[np.int64] = sliding_window_view(np.pad(faces, (over_s - 1, 0)), over_s).max(axis=1)
    return most


def tallies(confidence: NDArray[np.float32], in_view: NDArray[np.bool_]) -> list[Tally]:
    """One tally per second of one expression (T, people), over people in view."""
    shown = np.where(in_view, confidence, np.float32(0))
    total = shown.sum(axis=1, dtype=np.float64).tolist()
    squares = np.square(shown).sum(axis=1, dtype=np.float64).tolist()
    over = ((confidence >= THRESHOLD) & in_view).sum(axis=1).tolist()
    faces = in_view.sum(axis=1).tolist()
    return [
        Tally(faces=of, total=total_of, squares=squares_of, over=over_of)
        for of, total_of, squares_of, over_of in zip(faces, total, squares, over, strict=True)
    ]


def _faces(script: Script, scripted: ScriptedStage, view: CameraView, rng: np.random.Generator) -> list[WindowFaces]:
    """The faces of the crowd: one track and one seat per person."""
    began_ms = to_ms(script.session.started_at)
    seats = [_seat(person, scripted.people, rng) for person in range(view.in_view.shape[1])]
    columns = {name: confidence.astype(float).tolist() for name, confidence in view.confidences.items()}
    return [
        WindowFaces(
            session_id=script.session.session_id,
            stage_id=scripted.stage.stage_id,
            camera_id=view.camera_id,
            start_ms=began_ms + second * DEFAULT_WIDTH_MS,
            part="0",
            scorer=SCORER.name,
            faces=tuple(
                FaceRecord(
                    track_id=f"{view.camera_id}-{person}",
                    at_ms=began_ms + second * DEFAULT_WIDTH_MS + DEFAULT_WIDTH_MS // 2,
                    box=seats[person],
                    quality=0.9,
                    confidences={name: column[second][person] for name, column in columns.items()},
                )
                for person in np.flatnonzero(view.in_view[second]).tolist()
            ),
        )
        for second in np.flatnonzero(view.recording).tolist()
    ]


def _seat(person: int, people: int, rng: np.random.Generator) -> Box:
    row, place = divmod(person, max(1, round(people**0.5 * 1.5)))
    shift = rng.uniform(-0.01, 0.01, 2)
    return Box(left=0.06 + 0.14 * place + shift[0], top=0.2 + 0.2 * row + shift[1], width=0.05, height=0.08)
