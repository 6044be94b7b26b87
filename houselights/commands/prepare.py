"""`houselights prepare`: sets up a session, its stage and a camera before a device delivers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from audience.session_setup import device_environment, plan_session, prepared
from houselights.commands.options import Instant, session_options, session_setup_from, store_at, store_option


@click.command(short_help="Set up a session before its devices deliver.")
@session_options
@click.option(
    "--started-at",
    type=Instant(),
    metavar="ISO",
    help="Start of the session, such as 2026-05-04T19:30:00+02:00.  [default: now, or unchanged]",
)
@store_option
def prepare(started_at: datetime | None, store_url: str | None, **options: Any) -> None:
    """Set up a session, a stage and a camera, or add them to an existing session.

    Deliveries for a session, stage or camera that is not set up are refused. The printed lines are the device's
    settings.
    """
    occasion = session_setup_from(options)
    now = datetime.now(UTC)
    with store_at(store_url) as store:
        click.echo(plan_session(store, occasion, started_at or now).mode_reason, err=True)
        session = prepared(store, occasion, started_at, now)
        where = store.url
    click.echo(
        f"Session {session.session_id!r}, stage {occasion.stage_id!r} and camera {occasion.camera_id!r} are set up in "
        f"{where}.\nStart the device with these settings, its HOUSELIGHTS_SOURCE and its "
        "HOUSELIGHTS_BUCKET:",
        err=True,
    )
    if where.startswith("dynamodb://"):
        click.echo(
            f"Then allow it to deliver in AWS: houselights grant {occasion.camera_id} --session {session.session_id}",
            err=True,
        )
    for name, value in device_environment(session, occasion.stage_id, occasion.camera_id).items():
        click.echo(f"{name}={value}")
