"""From a face before the camera to its row in the table by the cloud path, live, every part on this machine.

Apart from `python -m bench cloud`, whose ten thousand sheets keep a machine busy for half an hour: a delay wants a
machine that does nothing else.
"""

from __future__ import annotations

import numpy as np

from bench.cloud_path.delay import delays_s
from bench.figures import Figure
from houselights.local_cloud.cloud import running_cloud
from houselights.local_cloud.stack import Stack
from tests.contracts.dynalite import running_dynalite
from training.corpus import data_folder

NEEDS = ("data", "dynalite")


def run() -> list[Figure]:
    """Plays a clip of a minute once."""
    clip = data_folder() / "clips" / "audience.mp4"
    with (
        running_dynalite() as dynamodb,
        running_cloud(Stack(name="cloud-delay"), dynamodb_endpoint=dynamodb) as cloud,
    ):
        delays = delays_s(cloud, clip)
    return [
        Figure(
            name="capture to row in the table, 2 s sheets, 95th percentile",
            value=float(np.quantile(delays, 0.95)),
            unit="s",
            reach=4,
            direction="at most",
        ),
        Figure(name="capture to row in the table, 2 s sheets, median", value=float(np.median(delays)), unit="s"),
        Figure(name="capture to row in the table: face scores", value=len(delays)),
    ]
