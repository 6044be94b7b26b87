"""`houselights grant` and `revoke`: set which session a camera in AWS may deliver for."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from audience.errors import InvalidValue
from audience.store import Store
from houselights.commands.extras import needing_extra
from houselights.commands.options import account_options, store_at, store_option

LASTS = "Its earlier AWS credentials stay valid for up to 30 minutes."


_now_option = click.option("--now", is_flag=True, help="Even if the camera still has unsent deliveries of its session.")


@click.command(short_help="Allow a camera in AWS to deliver for a session.")
@click.argument("thing", metavar="THING")
@click.option("--session", "session_id", required=True, metavar="ID", help="A session that is set up.")
@click.option("--people", is_flag=True, help="Also print the settings by which it recognises people who enrolled.")
@account_options
@_now_option
@store_option
def grant(
    thing: str,
    session_id: str,
    people: bool,
    now: bool,
    region: str | None,
    profile: str | None,
    store_url: str | None,
) -> None:
    """Allow THING, a camera's name in AWS IoT, to deliver for one session only.

    A camera with unsent deliveries of its earlier session could no longer send them, so it is not changed unless --now
    is given. Without --region, the region is that of a store in DynamoDB.
    """
    with needing_extra("cloud"):
        from houselights.deploying import grants
        from houselights.deploying.aws import aws_session

    grants.check_grantable(session_id)
    with store_at(store_url) as store:
        store.session(session_id)
        settings = _people_settings(store, session_id, thing) if people else {}
        account = aws_session(profile=profile, region=region or _region_of(store))
        before = grants.session_of(account, thing)
        if before not in (None, session_id) and not now:
            _check_has_sent_all(store, before, thing)
    grants.grant(account, thing, session_id)
    until_now = f" (until now: {before})" if before not in (None, session_id) else ""
    click.echo(f"{thing} may deliver for {session_id} only{until_now}.")
    if until_now:
        click.echo(LASTS)
    for name, value in settings.items():
        click.echo(f"{name}={value}")


@click.command(short_help="Remove the grants of cameras in AWS.")
@click.option("--session", "session_id", metavar="ID", help="The cameras of this session.")
@click.option("--ended", is_flag=True, help="The cameras of all sessions that have ended.")
@account_options
@_now_option
@store_option
def revoke(
    session_id: str | None,
    ended: bool,
    now: bool,
    region: str | None,
    profile: str | None,
    store_url: str | None,
) -> int:
    """Remove the grants of cameras in AWS: those of one session, or of all sessions that have ended.

    A camera with unsent deliveries could no longer send them, so it is not changed unless --now is given; the exit code
    is then 1. Without --region, the region is that of a store in DynamoDB.
    """
    with needing_extra("cloud"):
        from houselights.deploying import grants
        from houselights.deploying.aws import aws_session

    if (session_id is None) != ended:
        raise InvalidValue("give --session ID or --ended, and not both")
    left = False
    with store_at(store_url) as store:
        account = aws_session(profile=profile, region=region or _region_of(store))
        if session_id is None:
            over = {
                session.session_id
                for session in store.sessions()
                if session.ended_at is not None and session.ended_at <= datetime.now(UTC)
            }
            things = {thing: of for thing, of in grants.all_grants(account).items() if of in over}
        else:
            things = dict.fromkeys(grants.cameras_of(account, session_id), session_id)
        for thing, of in things.items():
            try:
                if not now:
                    _check_has_sent_all(store, of, thing)
            except InvalidValue as problem:
                click.echo(str(problem), err=True)
                left = True
                continue
            grants.revoke(account, thing)
            click.echo(f"{thing} may no longer deliver (until now: {of}). {LASTS}")
    if not things:
        click.echo("No camera has such a grant.")
    return int(left)


def _people_settings(store: Store, session_id: str, thing: str) -> dict[str, str]:
    """The settings of `houselights people device` for a camera that is set up in a session.

    Raises:
        InvalidValue: it is set up on no stage of the session, or on several.
    """
    from audience.stores import open_identity
    from houselights.bundling import device_settings

    stages = [
        stage.stage_id
        for stage in store.stages(session_id)
        if any(camera.camera_id == thing for camera in store.cameras(session_id, stage.stage_id))
    ]
    if len(stages) != 1:
        raise InvalidValue(
            f"{thing} is set up on {len(stages)} stages of {session_id}, not one: use `houselights people device` with "
            "its stage"
        )
    with needing_extra("people"), open_identity(store.url) as kept:
        return device_settings(kept, (session_id, stages[0], thing), at=datetime.now(UTC))


def _region_of(store: Store) -> str | None:
    from audience.stores.dynamo_client import DynamoAddress

    return (DynamoAddress.of(store.url).region or None) if store.url.startswith("dynamodb://") else None


def _check_has_sent_all(store: Store, session_id: str, thing: str) -> None:
    """Raises InvalidValue if a camera's last heartbeat reports unsent deliveries of the session."""
    for heartbeat in store.heartbeats(session_id):
        if heartbeat.camera_id == thing and heartbeat.waiting:
            raise InvalidValue(
                f"{thing} had {heartbeat.waiting} unsent deliveries of {session_id} at its last heartbeat: let it send "
                "them first, or give --now"
            )
