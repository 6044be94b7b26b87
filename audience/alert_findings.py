"""How the rules of a session stand: its cameras and stages as they are now, held against each rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from audience.alerts import AlertRule, Finding
from audience.camera_state import UNUSABLE, CameraStatus, late_from_s
from audience.disclosure import MIN_FACES, bounded, default_min_faces, share_text, shown_cells
from audience.exclusions import excluded_windows
from audience.expressions import LEAD_EXPRESSION
from audience.percents import percent_text
from audience.privacy import Setting
from audience.sessions import Camera, Stage, overlapping
from audience.window_table import WindowTable

OVER_MS: Final = 60_000
"""Figures of a stage are of so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageNow:
    """What a stage's rules are held against.

    Attributes:
        stage_id: which.
        faces: in view at once, a mean over the last minute; None where no camera looked.
        share: of the faces that were scored in that minute, those that smile, 0..1; None where nothing is shown now,
            the figure is withheld, or somebody left the minute out.
        n: how many faces at once the share rests on, a mean; 0 where there is none.
        liveliness: 0..100; None where there is none, or no rule asks for it.
    """

    stage_id: str
    faces: float | None
    share: float | None
    n: float
    liveliness: float | None = None


def stage_now(
    stage: Stage, cameras: Iterable[Camera], setting: Setting, windows: WindowTable, *, paused: bool
) -> StageNow:
    """Sums the last minute of a stage up.

    Args:
        stage: which.
        cameras: its cameras.
        setting: of its session.
        windows: of the last `OVER_MS`.
        paused: whether what is shown there is paused.
    """
    pairs = overlapping(cameras)
    table = windows.over_cameras(pairs)
    if not len(table):
        return StageNow(stage_id=stage.stage_id, faces=None, share=None, n=0.0)
    faces = float(table.faces.mean())
    min_faces = default_min_faces(stage.audience_size, setting, int(table.faces.max()))
    left_out = excluded_windows(table.start_ms, table.width_ms, stage.exclusions)
    shown = shown_cells(windows, min_faces, pairs).over_cameras(pairs).without_figures(left_out[:, None])
    share, n = None, 0.0
    if LEAD_EXPRESSION in shown.expressions and not paused:
        column = shown.expressions.index(LEAD_EXPRESSION)
        scored = shown.scored[:, column]
        if scored.any():
            share = float(shown.over[:, column].sum() / scored.sum())
            n = float(np.mean(scored[scored > 0]))
    return StageNow(stage_id=stage.stage_id, faces=faces, share=share, n=n)


def findings(
    rules: Iterable[AlertRule], cameras: Sequence[CameraStatus], stages: Mapping[str, StageNow]
) -> list[Finding]:
    """How every rule stands at every place it is about.

    Args:
        rules: of the session.
        cameras: all of the session.
        stages: by stage id.
    """
    found = []
    for rule in rules:
        for status in cameras:
            if rule.what in ("camera", "delay") and rule.stage_id in ("", status.stage_id):
                found.append(_of_camera(rule, status))
        for stage in stages.values():
            if rule.what in ("faces", "share", "liveliness") and rule.stage_id in ("", stage.stage_id):
                found.append(_of_stage(rule, stage))
    return found


def _of_camera(rule: AlertRule, status: CameraStatus) -> Finding:
    where = f"camera {status.camera_id} of stage {status.stage_id}"
    holds: bool | None
    if rule.what == "camera":
        # What was never heard of, or ended when it was told to, is nobody's surprise.
        holds, told = status.state in UNUSABLE, f"{where} is {status.state}"
    elif status.heartbeat is None or status.delay_s is None:
        # Of one that is not at work nothing comes late, and one that is dead says nothing.
        holds, told = (None if status.state == "dead" else False), ""
    else:
        holds = status.delay_s > late_from_s(status.heartbeat, rule.limit)
        told = f"figures of {where} come {status.delay_s:.0f} s late (limit {rule.limit:g} s)"
    return Finding(rule=rule, stage_id=status.stage_id, camera_id=status.camera_id, holds=holds, told=told)


def _of_stage(rule: AlertRule, stage: StageNow) -> Finding:
    value = {"faces": stage.faces, "share": stage.share, "liveliness": stage.liveliness}[rule.what]
    if value is None:
        told = ""
    elif rule.what == "faces":
        told = f"{value:.0f} faces in view on stage {stage.stage_id} (limit {rule.limit:g})"
    elif rule.what == "liveliness":
        told = f"liveliness of stage {stage.stage_id} is {value:.0f} (limit {rule.limit:g})"
    else:
        of = f"of about {stage.n:.0f} faces on stage {stage.stage_id}"
        told = f"{_minute_text(value, stage.n)} {of} smiled in the last minute (limit {percent_text(rule.limit)})"
    holds = None if value is None else value < rule.limit
    return Finding(rule=rule, stage_id=stage.stage_id, camera_id="", holds=holds, told=told)


def _minute_text(share: float, n: float) -> str:
    """The share of a minute as it may be told."""
    return share_text(*map(float, bounded(share, 0.0, 1.0, faces=n, min_faces=MIN_FACES, seconds=OVER_MS / 1000)))
