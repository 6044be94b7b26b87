"""`houselights axis`: measures where a room looks, for the share of faces turned to the stage."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge_lambda.detectors import DEFAULT_DETECTOR, DETECTORS
from houselights.commands.extras import needing_extra
from houselights.commands.options import AXIS_VARIABLE, Number
from houselights.commands.stopping import stopped_by_signal

if TYPE_CHECKING:
    from edge_lambda.pipeline_types import TimedFrame


@click.command(short_help="Measure where a room looks, in two minutes.")
@click.argument("source", metavar="webcam:0|rtsp://…|http://…|file:…")
@click.option("--seconds", type=Number(min=1, max=3600), default=120.0, show_default=True, metavar="S")
@click.option("--detector", type=click.Choice(DETECTORS), default=DEFAULT_DETECTOR, show_default=True)
@needing_extra("edge")
def axis(source: str, seconds: float, detector: str) -> None:
    """Watch people at SOURCE who look at the stage, and print where that is from the camera.

    Give the result to `score` and `watch` as --facing-axis, or to a device in its settings. Without it the axis is
    learned from the faces, which takes some minutes and at least five people. No picture is kept. Ctrl-C ends it early.
    """
    from edge_lambda.detectors.load import load_detector
    from houselights.facing_axis import measure_axis

    with ExitStack() as stack:
        found = measure_axis(_frames(source, seconds, stack), load_detector(detector))
    yaw, pitch = found.axis.yaw, found.axis.pitch
    click.echo(
        f"From the camera, the room looks {abs(yaw):.0f}° to the {'right' if yaw >= 0 else 'left'} of the picture and "
        f"{abs(pitch):.0f}° {'up' if pitch >= 0 else 'down'}: {found.looks} looks in {found.frames} frames, four of "
        f"five within {found.most_within:.0f}°."
    )
    click.echo(f"--facing-axis {yaw:.0f},{pitch:.0f}")
    click.echo(f"{AXIS_VARIABLE}={yaw:.0f},{pitch:.0f}")


def _frames(source: str, seconds: float, stack: ExitStack) -> Iterator[TimedFrame]:
    """One frame a second, for some seconds: of a recording as fast as can be, of a camera live."""
    from edge_lambda.clock import SteadyClock
    from edge_lambda.devices.camera_thread import opened_in_thread
    from edge_lambda.devices.open_camera import open_camera
    from edge_lambda.live_frames import LiveFrames
    from edge_lambda.pipeline_types import TimedFrame
    from edge_lambda.recording import open_recording

    if source.startswith("file:"):
        for frame in open_recording(Path(source.removeprefix("file:"))).sample(1.0):
            if frame.at_s >= seconds:
                return
            yield TimedFrame(at_ms=round(frame.at_s * 1000), image=frame.image, interlaced=frame.interlaced)
        return
    stop = stack.enter_context(stopped_by_signal())
    clock = SteadyClock.for_this_computer(None, wall=lambda: datetime.now(UTC))
    camera = stack.enter_context(
        opened_in_thread(lambda: open_camera(source, clock=clock, sleep=time.sleep), stop=stop)
    )
    if camera is None:
        return
    live = LiveFrames(every_s=1.0, stop=stop)
    yield from itertools.islice(live.read(camera), round(seconds))
    if live.lost is not None:
        raise live.lost
