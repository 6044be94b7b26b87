"""The ground truth of a simulated day as a JSON document, for comparison with a board."""

from __future__ import annotations

import json

from sample_data.festival_day.plan import CameraPlan, DayPlan, StagePlan
from sample_data.festival_day.truth import STEP_S


def truth_document(day: DayPlan) -> str:
    """Serialises the sets, the true liveliness of each stage every 10 s, and the cameras' faults."""
    return json.dumps(
        {
            "simulated": True,
            "session": day.session.session_id,
            "seed": day.seed,
            "begins_at": day.session.started_at.isoformat(),
            "length_s": day.length_s,
            "step_s": STEP_S,
            "stages": [_stage(planned) for planned in day.stages],
        },
        indent=1,
    )


def _stage(planned: StagePlan) -> dict[str, object]:
    curves = planned.curves
    return {
        "id": planned.stage.stage_id,
        "title": planned.stage.title,
        "people": planned.people,
        "sets": [
            {"title": one.title, "start_s": one.start_s, "end_s": one.end_s}
            for timeline in planned.stage.timelines
            for one in timeline.segments
        ],
        "cameras": [_camera(camera) for camera in planned.cameras],
        "liveliness": curves.liveliness(curves.at_s).round(4).tolist(),
        "share_that_smiles_or_looks_surprised": curves.share(curves.at_s).round(4).tolist(),
    }


def _camera(planned: CameraPlan) -> dict[str, object]:
    return {
        "id": planned.camera.camera_id,
        "overlaps": sorted(planned.camera.overlaps),
        "people_in_sight": planned.people,
        "dead_s": [[round(start), round(end)] for start, end in planned.dead],
        "cut_off_s": [[round(start), round(end)] for start, end in planned.cut_off],
        "delay_s": round(planned.delay_s, 2),
        "sent_twice": planned.sent_twice,
        "clock_ahead_s": round(planned.clock_error_s, 2),
        "clock_gains_s_an_hour": round(planned.clock_gain_s, 3),
    }
