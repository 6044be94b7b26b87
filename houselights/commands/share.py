"""`houselights share`: creates a link that opens one session without a login, until it expires."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from audience.errors import InvalidValue
from houselights.commands.extras import needing_extra
from houselights.commands.options import Count, access_option, store_at, store_option
from houselights.commands.server_address import server_address

MAX_DAYS = 90


@click.command(short_help="Create a link that opens one session without a login.")
@click.argument("session_id", metavar="SESSION")
@click.option(
    "--days", type=Count(1, MAX_DAYS), default=7, show_default=True, metavar="N", help="Days until it expires."
)
@click.option("--recording", is_flag=True, help="Also show the session's recording, in which people can be recognised.")
@click.option("--at", "server", metavar="URL", help="Address of the pages.  [default: from the access settings]")
@access_option
@store_option
def share(
    session_id: str, days: int, recording: bool, server: str | None, access: Path | None, store_url: str | None
) -> None:
    """Print a link that shows only SESSION to anyone who has the link."""
    with needing_extra("dashboard"):
        from dashboard.access.link_route import ROUTE
        from dashboard.access.secrets import SHARE_VARIABLE, share_secret
        from dashboard.access.settings import read_settings
        from dashboard.access.share_links import ShareLink
    if server is not None:
        address = server_address(server)
    elif access is not None:
        address = read_settings(access).address
    else:
        raise InvalidValue(
            "the address of the pages is unknown: give --at URL, or the access settings with --access FILE"
        )
    if (secret := share_secret()) is None:
        raise InvalidValue(
            f"links are signed with a secret, which is not set: put one into {SHARE_VARIABLE}, or into "
            ".streamlit/secrets.toml as share_secret under [houselights]"
        )
    with store_at(store_url) as store:
        session = store.session(session_id)
    until = datetime.now(UTC) + timedelta(days=days)
    link = ShareLink(
        link_id=secrets.token_hex(4), session_id=session_id, until_s=int(until.timestamp()), recording=recording
    )
    click.echo(f"{address}{ROUTE}/{link.signed(secret)}")
    click.echo(
        f"It opens “{session.name}” {'with' if recording else 'without'} its recording for anyone who has it, until "
        f"{until:%d %B %Y, %H:%M} UTC. To revoke it earlier, add {link.link_id} to withdrawn_links in the "
        "access settings.",
        err=True,
    )
