"""`houselights prepare`: a session, its stage and a camera, set up before a device delivers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from audience.session_setup import device_environment, plan_session, prepare_session
from houselights.commands.options import Instant, setup_from, setup_options, store_at, store_option


@click.command(short_help="Set a session up before its devices deliver.")
@setup_options
@click.option(
    "--started-at",
    type=Instant(),
    metavar="ISO",
    help="When it begins, as 2026-05-04T19:30:00+02:00.  [default: now, or as it is]",
)
@store_option
def prepare(started_at: datetime | None, store_url: str | None, **options: Any) -> None:
    """Set up a session, a stage and a camera, or add to those there are.

    What a device delivers for a session, stage or camera that is not set up is set aside. The lines printed are the
    settings to start the device with.
    """
    setup = setup_from(options)
    now = datetime.now(UTC)
    with store_at(store_url) as store:
        click.echo(plan_session(store, setup, started_at or now).mode_reason, err=True)
        session = prepare_session(store, setup, started_at, now)
        where = store.url
    click.echo(
        f"Session {session.session_id!r}, stage {setup.stage_id!r} and camera {setup.camera_id!r} are set up in "
        f"{where}.\nStart the device with these settings, its HOUSELIGHTS_SOURCE and its "
        "HOUSELIGHTS_BUCKET:",
        err=True,
    )
    if where.startswith("dynamodb://"):
        click.echo(
            f"Then let it deliver in AWS: houselights grant {setup.camera_id} --session {session.session_id}",
            err=True,
        )
    for name, value in device_environment(session, setup.stage_id, setup.camera_id).items():
        click.echo(f"{name}={value}")
