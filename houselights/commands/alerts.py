"""`houselights alerts`: looks at the rules of all sessions and tells of alerts."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from audience.errors import InvalidValue
from houselights.commands.extras import needing_extra
from houselights.commands.options import Number, store_at, store_option
from houselights.commands.stopping import stopped_by_signal

if TYPE_CHECKING:
    from houselights.notify.notifiers import Way


@click.command(short_help="Watch the rules of all sessions, and tell of alerts.")
@click.option("--sns-topic", "topics", metavar="ARN", multiple=True, help="Tell a topic of Amazon SNS; repeatable.")
@click.option("--webhook", "webhooks", metavar="URL", multiple=True, help="POST alerts there as JSON; repeatable.")
@click.option(
    "--every",
    "every_s",
    type=Number(1, 15),
    default=5.0,
    show_default=True,
    metavar="S",
    help="Look so often.",
)
@click.option("--test", is_flag=True, help="Tell a test by every way, and end.")
@store_option
def alerts(
    topics: tuple[str, ...], webhooks: tuple[str, ...], every_s: float, test: bool, store_url: str | None
) -> int:
    """Watch the rules of all sessions until Ctrl-C or SIGTERM, and tell of alerts that begin and end.

    Rules are set, and alerts acknowledged, on the page Operate. Several of these may run: one watches, the others stand
    by until it is gone.
    """
    from audience.alerts import trial_alert
    from audience.time import to_ms
    from houselights.notify.notifiers import Message
    from houselights.notify.watch import AlertWatch

    ways = _ways(topics, webhooks)
    if test:
        if not ways:
            raise InvalidValue("there is no way to tell a test by: name one with --sns-topic ARN or --webhook URL")
        for way in ways:
            alert = trial_alert(to_ms(datetime.now(UTC)))
            way.tell(Message(session_id="test", alert=alert, turn="began"))
            click.echo(f"told by {way.name}")
        return 0
    with store_at(store_url) as store, stopped_by_signal() as stop:
        told_by = ", ".join(way.name for way in ways) or "the page Operate alone"
        click.echo(f"watching the rules of {store.url}, telling by {told_by}", err=True)
        AlertWatch(
            store,
            ways,
            name=f"{socket.gethostname()} {os.getpid()} {os.urandom(3).hex()}",
            stop=stop,
            say=lambda line: click.echo(line, err=True),
            now=lambda: datetime.now(UTC),
            every_s=every_s,
        ).run()
    return 0


def _ways(topics: tuple[str, ...], webhooks: tuple[str, ...]) -> list[Way]:
    from houselights.notify.notifiers import SnsTopic, Webhook

    ways: list[Way] = [Webhook(url) for url in webhooks]
    if topics:
        with needing_extra("cloud"):
            import boto3
        ways += [SnsTopic(arn, session=boto3.Session()) for arn in topics]
    return ways
