"""What the default template serves, and what a day costs by list prices: arithmetic of `audience.monitoring.plan`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from audience.monitoring.cost import SHEET_S
from audience.monitoring.plan import AT_ONCE, LIVE_PART, Festival, plan_of
from bench.figures import Figure
from edge_lambda.delivery.sheets import LIVE_INTERVAL_S
from tests.infra.template import template

FACES = 24
"""In view of a camera, as in the clip by which a face-minute was costed before."""


def figures() -> Iterator[Figure]:
    """Of the template's defaults, of a festival of 60 cameras, and of 200 stages of 20."""
    usual = {name: parameter.get("Default") for name, parameter in template()["Parameters"].items()}
    yield Figure(
        name="cameras that the default template serves at a sheet every 2 s",
        value=cameras_served(usual),
        reach=60,
    )
    large = Festival(stages=200, cameras=20, hours=12, faces=10)
    yield Figure(
        name="the same with the parameters of `houselights plan`, 200 stages of 20, 10 faces each",
        value=cameras_served(plan_of(large, "live").parameters),
        reach=4000,
    )
    sixty = plan_of(Festival(stages=20, cameras=3, hours=1, faces=FACES), "thrifty")
    face_minutes = 60 * FACES * 60
    # Of what a delivery and its windows cause; statuses, connections and metrics are a camera's, whoever it looks at.
    caused = sum(sixty.parts[part] for part in ("Rekognition", "Lambda", "S3", "EventBridge", "SQS", "DynamoDB"))
    yield Figure(
        name="cost of 1,000 face-minutes at 1 Hz, 12 s sheets, 24 faces, 60 cameras",
        value=1000 * caused / face_minutes,
        unit="$",
        reach=0.65,
        direction="at most",
    )
    day = Festival(stages=200, cameras=20, hours=12)
    device = plan_of(day, "device")
    yield Figure(
        name=f"a day of 200 stages of 20 cameras, 12 h, scored on the device, delivered every {device.interval_s:g} s",
        value=device.dollars,
        unit="$",
        reach=60,
        direction="at most",
    )
    watched = replace(day, phones=1)
    for said, festival, interval_s in (
        ("every 60 s", day, 60.0),
        ("every 12 s", day, 12.0),
        ("every 12 s, with the live board", watched, 12.0),
        ("every 2 s, with the live board", watched, 2.0),
    ):
        yield Figure(
            name=f"the same, delivered {said}",
            value=plan_of(festival, "device", interval_s=interval_s).dollars,
            unit="$",
        )
    for step in ("live", "thrifty"):
        yield Figure(name=f"the same, {step}: sheets scored by Rekognition", value=plan_of(day, step).dollars, unit="$")


def cameras_served(parameters: Any) -> float:
    """Cameras with up to 50 faces whose sheets of 2 s are scored live."""
    by_quota = LIVE_PART * float(parameters["DetectFacesPerSecond"])
    by_copies = AT_ONCE * float(parameters["MostAtOnce"]) / SHEET_S
    return LIVE_INTERVAL_S * min(by_quota, by_copies)
