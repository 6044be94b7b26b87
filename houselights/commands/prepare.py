"""`houselights prepare`: sets up a session, its stage and a camera before a device delivers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from audience.session_setup import device_environment, plan_session, prepare_session
from houselights.commands.notice import untold
from houselights.commands.options import Instant, setup_from, setup_options, store_at, store_option


@click.command(short_help="Set up a session before its devices deliver.")
@setup_options
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
    setup = setup_from(options)
    now = datetime.now(UTC)
    with store_at(store_url) as store:
        click.echo(plan_session(store, setup, started_at or now).mode_reason, err=True)
        session = prepare_session(store, setup, started_at, now)
        where = store.url
    click.echo(
        f"Session {session.session_id!r}, stage {setup.stage_id!r} and camera {setup.camera_id!r} are set up in "
        f"{where}.\nStart the device with these settings, its HOUSELIGHTS_SOURCE and its HOUSELIGHTS_BUCKET:",
        err=True,
    )
    if where.startswith("dynamodb://"):
        click.echo(
            f"Then allow it to deliver in AWS: houselights grant {setup.camera_id} --session {session.session_id}",
            err=True,
        )
    if hint := untold(session):
        click.echo(hint, err=True)
    for name, value in device_environment(session, setup.stage_id, setup.camera_id).items():
        click.echo(f"{name}={value}")
