"""`houselights prepare`: a session, its stage and a camera, set up before a device delivers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click

from audience.errors import SessionNotFound
from audience.sessions import Session
from audience.store import Store
from houselights.commands.options import Instant, occasion_from, occasion_options, store_at, store_option
from houselights.occasion import Occasion, plan_session, store_session


@click.command(short_help="Set a session up before its devices deliver.")
@occasion_options
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
    occasion = occasion_from(options)
    with store_at(store_url) as store:
        begins_at = started_at or _begins_at(store, occasion.session_id) or datetime.now(UTC)
        session = replace(plan_session(store, occasion, begins_at), started_at=begins_at)
        store_session(store, session, occasion)
        where = store.url
    click.echo(
        f"Session {session.session_id!r}, stage {occasion.stage_id!r} and camera {occasion.camera_id!r} are set up in "
        f"{where}. {session.mode_reason}\nStart the device with these settings, its HOUSELIGHTS_SOURCE and its "
        "HOUSELIGHTS_BUCKET:",
        err=True,
    )
    for name, value in _settings(session, occasion).items():
        click.echo(f"{name}={value}")


def _begins_at(store: Store, session_id: str) -> datetime | None:
    """When the session that is there begins; None where there is none yet."""
    try:
        return store.session(session_id).started_at
    except SessionNotFound:
        return None


def _settings(session: Session, occasion: Occasion) -> dict[str, str]:
    """What the device is to be told, so that it measures what the session does."""
    settings = {
        "HOUSELIGHTS_SESSION": session.session_id,
        "HOUSELIGHTS_STAGE": occasion.stage_id,
        "HOUSELIGHTS_CAMERA": occasion.camera_id,
        "HOUSELIGHTS_SETTING": session.setting,
    }
    if session.country is not None:
        settings["HOUSELIGHTS_COUNTRY"] = session.country
    if session.mode == "head count":
        settings["HOUSELIGHTS_HEADS_ONLY"] = "yes"
    return settings
