"""`houselights watch`: scores a camera live into a session."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from houselights.commands.extras import needing_extra
from houselights.commands.notice import untold
from houselights.commands.options import (
    Count,
    recogniser_option,
    scoring_options,
    setup_from,
    setup_options,
    store_at,
    store_option,
)
from houselights.commands.stopping import stopped_by_signal

if TYPE_CHECKING:
    from audience.session_setup import SessionSetup
    from audience.store import Store
    from edge_lambda.facing import HeadPose, RoomAxis
    from edge_lambda.pipeline_types import TrackedFrame


@click.command(short_help="Score a camera live.")
@click.argument("source", metavar="webcam:0|rtsp://…|http://…|file:…")
@setup_options
@scoring_options
@click.option("--preview-port", type=Count(0, 65535), metavar="N", help="Serve a live preview on 127.0.0.1:N.")
@click.option("--blur", is_flag=True, help="Make faces in the preview unrecognisable.")
@click.option(
    "--recognise",
    "rosters",
    multiple=True,
    metavar="ROSTER",
    help="Recognise the people of this roster, who enrolled; repeatable.",
)
@recogniser_option
@store_option
@needing_extra("edge")
def watch(
    source: str,
    every_s: float,
    detector: str,
    yunet_model: Path | None,
    facing_axis: HeadPose | None,
    scorer: str,
    model: Path | None,
    keep_windows_days: int,
    keep_faces_days: int,
    preview_port: int | None,
    blur: bool,
    rosters: tuple[str, ...],
    recogniser: str,
    store_url: str | None,
    **options: Any,
) -> int:
    """Score SOURCE live into a session until Ctrl-C or SIGTERM. file:… plays a recording in real time."""
    from contextlib import ExitStack

    from audience.session_setup import plan_session
    from edge_lambda.clock import SteadyClock
    from edge_lambda.detectors.load import load_detector
    from edge_lambda.devices.open_camera import open_camera
    from edge_lambda.facing import HeadPose, RoomAxis
    from edge_lambda.pipeline import ScoredWindow
    from edge_lambda.preview.live import LivePreview, smiles_in
    from edge_lambda.scorers import load_scorer
    from edge_lambda.status.log import LogStatus
    from houselights.watching import Watch, WatchPlan

    setup = setup_from(options)
    with store_at(store_url) as store, ExitStack() as stack:
        expressions = load_scorer(scorer, model=model)
        on_window, shown_at = None, None
        if preview_port is not None:
            preview = stack.enter_context(LivePreview(port=preview_port, blur=blur))
            shown_at = urlsplit(preview.address).port  # port 0 was replaced by a free one
            click.echo(f"preview at {preview.address}", err=True)

            def on_window(window: ScoredWindow) -> None:
                preview.show(window.kept, smiles_in(window, expressions.thresholds))

        on_frame = None
        if rosters:
            # Unless it is said otherwise, a camera that recognises a household stands at its screen.
            room = RoomAxis(detector, facing_axis or HeadPose(0.0, 0.0))
            on_frame = stack.enter_context(_recognition(rosters, recogniser, setup, store, room))
        stop = stack.enter_context(stopped_by_signal())
        clock = SteadyClock.for_this_computer(None, wall=lambda: datetime.now(UTC))
        watched = Watch(
            setup,
            WatchPlan(
                every_s=every_s,
                facing_axis=facing_axis,
                windows_kept_days=keep_windows_days,
                faces_kept_days=keep_faces_days,
                preview_port=shown_at,
                preview_blurred=blur,
            ),
            store=store,
            open_camera=lambda: open_camera(source, clock=clock, sleep=time.sleep),
            detector=load_detector(detector, yunet_model=yunet_model, doubtful=True),
            scorer=expressions,
            stop=stop,
            on_window=on_window,
            on_frame=on_frame,
            on_heartbeat=LogStatus().send,
            now=clock,
            clock_problem=clock.problem,
        )
        click.echo(watched.mode_reason, err=True)
        if hint := untold(plan_session(store, setup, datetime.now(UTC))):
            click.echo(hint, err=True)
        watched.run()
    return 0


@contextmanager
def _recognition(
    rosters: tuple[str, ...], recogniser: str, setup: SessionSetup, store: Store, room: RoomAxis
) -> Iterator[Callable[[TrackedFrame], None]]:
    """What recognises the people of some rosters at this camera. Nothing of it is imported where there are none."""
    with needing_extra("people"):
        from audience.session_setup import plan_session
        from audience.stores import open_identity
        from houselights.enrolling import load_announced
        from houselights.recognising import CameraRecognition

    session = plan_session(store, setup, datetime.now(UTC))
    with open_identity(store.url) as people:
        recognition = CameraRecognition(
            people,
            rosters,
            session_id=setup.session_id,
            stage_id=setup.stage_id,
            camera_id=setup.camera_id,
            setting=session.setting,
            country=session.country,
            recogniser=load_announced(recogniser),
            log=lambda line: click.echo(line, err=True),
            room=room,
        )
        try:
            yield recognition.see
        finally:
            recognition.close()
