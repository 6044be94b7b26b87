"""The cloud path beside the way camera demos went in 2017, on one machine with stand-ins for AWS over real HTTP.

One clip of 24 seats goes the earlier way (a JPEG, an upload, a call and a write for every face), by contact sheets sent
every 2 s and every 12 s, and directly; bytes are counted as boto3 sends them, calls by the stand-in for Rekognition,
writes as DynamoDB would. How long a face is on its way is `python -m bench cloud_delay`. What AWS itself answers, and
how fast, nobody measured here: see `docs/untested.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from audience.monitoring import cost as prices
from bench.cloud_path.one_clip import Way, agreement, by_sheets, directly, earlier_way
from bench.cloud_path.rough_way import VISIBLE_AGAIN_S, run_rough_way
from bench.figures import Figure
from edge_lambda.delivery.sheets import LIVE_INTERVAL_S, THRIFTY_INTERVAL_S
from houselights.local_cloud.cloud import running_cloud
from houselights.local_cloud.stack import Stack
from tests.contracts.dynalite import running_dynalite
from training.corpus import data_folder

NEEDS = ("data", "dynalite")

FACE_MINUTES: Final = 1000
FUNCTION_GB: Final = 1.0
FUNCTION_S: Final = 1.0
"""Memory of the ingest function, and how long it is taken to work on a sheet, most of it waiting for DetectFaces: an
assumption, since no real one was asked."""


def run() -> Iterator[Figure]:
    """Runs everything; takes about twenty minutes, most of them for the ten thousand sheets."""
    clip = data_folder() / "clips" / "audience.mp4"
    with running_dynalite() as dynamodb:
        with running_cloud(Stack(name="one-clip"), dynamodb_endpoint=dynamodb) as cloud:
            earlier = earlier_way(cloud, clip)
            live = by_sheets(cloud, clip, "live", interval_s=LIVE_INTERVAL_S)
            thrifty = by_sheets(cloud, clip, "thrifty", interval_s=THRIFTY_INTERVAL_S)
        yield from _sizes(earlier, live, thrifty)
        yield from _costs(earlier, live, thrifty)
        yield Figure(
            name="share by sheets against share scored directly, correlation",
            value=agreement(directly(clip), live.shares),
            reach=0.98,
        )
        yield Figure(name="tiles matched", value=live.faces / (live.faces + live.unmatched), reach=0.97)
        yield from _rough(clip, dynamodb)


def _sizes(earlier: Way, live: Way, thrifty: Way) -> list[Figure]:
    def per_face(way: Way) -> float:
        return way.bytes / way.faces

    figures = [
        Figure(name="DetectFaces calls per 1,000 face scores, earlier way", value=1000 * earlier.calls / earlier.faces),
        Figure(
            name="DetectFaces calls per 1,000 face scores, 12 s sheets",
            value=1000 * thrifty.calls / thrifty.faces,
            reach=15,
            direction="at most",
        ),
        Figure(
            name="DetectFaces calls per 1,000 face scores, 2 s sheets, 24 faces",
            value=1000 * live.calls / live.faces,
            reach=50,
            direction="at most",
        ),
        Figure(name="bytes uploaded per face score, earlier way", value=per_face(earlier), unit="B"),
    ]
    for name, way in (("12 s sheets", thrifty), ("2 s sheets", live)):
        figures += [
            Figure(name=f"bytes uploaded per face score, {name}", value=per_face(way), unit="B"),
            Figure(
                name=f"bytes uploaded per face score, {name} against the earlier way",
                value=per_face(way) / per_face(earlier),
                reach=0.25,
                direction="at most",
            ),
            Figure(
                name=f"DynamoDB writes per 1,000 face scores, {name}, 24 faces",
                value=1000 * way.writes / way.faces,
                reach=90,
                direction="at most",
            ),
        ]
    return figures


def _costs(earlier: Way, live: Way, thrifty: Way) -> list[Figure]:
    def dollars(way: Way, function_s: float) -> float:
        """Of `FACE_MINUTES` at one look a second."""
        times = FACE_MINUTES * 60 / way.faces
        return prices.Usage(
            calls=way.calls * times,
            objects=way.objects * times,
            write_units=way.write_units * times,
            function_s=way.objects * times * function_s,
            function_gb=FUNCTION_GB,
        ).dollars()

    return [
        Figure(name="cost of 1,000 face-minutes at 1 Hz, earlier way", value=dollars(earlier, FUNCTION_S), unit="$"),
        Figure(
            name="cost of 1,000 face-minutes at 1 Hz, 12 s sheets",
            value=dollars(thrifty, FUNCTION_S),
            unit="$",
            reach=1.5,
            direction="at most",
        ),
        Figure(name="cost of 1,000 face-minutes at 1 Hz, 2 s sheets", value=dollars(live, FUNCTION_S), unit="$"),
    ]


def _rough(clip: Path, dynamodb: str) -> list[Figure]:
    with running_cloud(Stack(name="rough-way", visible_again_s=VISIBLE_AGAIN_S), dynamodb_endpoint=dynamodb) as cloud:
        outcome = run_rough_way(cloud, clip)
    return [
        Figure(
            name="10,000 sheets, rough way: good ones counted exactly once",
            value=outcome.once / outcome.sheets,
            reach=1,
            direction="exactly",
        ),
        Figure(
            name="10,000 sheets, rough way: broken ones among the dead letters with a reason",
            value=outcome.refused / outcome.broken,
            reach=1,
            direction="exactly",
        ),
        Figure(
            name="10,000 sheets, rough way: good ones among the dead letters",
            value=outcome.refused_wrongly,
            reach=0,
            direction="exactly",
        ),
        Figure(name="10,000 sheets, rough way: workers killed", value=outcome.kills, reach=20, direction="exactly"),
        Figure(name="10,000 sheets, rough way: duration", value=outcome.seconds, unit="s"),
    ]
