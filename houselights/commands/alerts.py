"""`houselights alerts`: checks the rules of all sessions and sends alerts."""

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
    from houselights.notify.notifiers import Notifier


@click.command(short_help="Check the rules of all sessions, and send alerts.")
@click.option(
    "--sns-topic", "topics", metavar="ARN", multiple=True, help="Send alerts to a topic of Amazon SNS; repeatable."
)
@click.option(
    "--webhook", "webhooks", metavar="URL", multiple=True, help="POST alerts to this address as JSON; repeatable."
)
@click.option(
    "--every",
    "every_s",
    type=Number(1, 15),
    default=5.0,
    show_default=True,
    metavar="S",
    help="Seconds between checks.",
)
@click.option("--test", is_flag=True, help="Send a test to every topic and webhook, and end.")
@store_option
def alerts(
    topics: tuple[str, ...], webhooks: tuple[str, ...], every_s: float, test: bool, store_url: str | None
) -> int:
    """Check the rules of all sessions until Ctrl-C or SIGTERM, and send alerts when they begin and end.

    Set rules and acknowledge alerts on the page Operate. Several of these may run: one is active, the others stand by
    until it ends.
    """
    from audience.alerts import trial_alert
    from audience.time import to_ms
    from houselights.notify.notifiers import Message
    from houselights.notify.watch import AlertWatch

    notifiers = _notifiers(topics, webhooks)
    if test:
        if not notifiers:
            raise InvalidValue("nowhere to send a test: give --sns-topic ARN or --webhook URL")
        for notifier in notifiers:
            alert = trial_alert(to_ms(datetime.now(UTC)))
            notifier.send(Message(session_id="test", alert=alert, turn="began"))
            click.echo(f"sent to {notifier.name}")
        return 0
    with store_at(store_url) as store, stopped_by_signal() as stop:
        sent_to = ", ".join(notifier.name for notifier in notifiers) or "the page Operate only"
        click.echo(f"checking the rules of {store.url}, sending alerts to {sent_to}", err=True)
        AlertWatch(
            store,
            notifiers,
            name=f"{socket.gethostname()} {os.getpid()} {os.urandom(3).hex()}",
            stop=stop,
            log=lambda line: click.echo(line, err=True),
            now=lambda: datetime.now(UTC),
            every_s=every_s,
        ).run()
    return 0


def _notifiers(topics: tuple[str, ...], webhooks: tuple[str, ...]) -> list[Notifier]:
    from houselights.notify.notifiers import SnsTopic, Webhook

    notifiers: list[Notifier] = [Webhook(url) for url in webhooks]
    if topics:
        with needing_extra("cloud"):
            import boto3
        notifiers += [SnsTopic(arn, session=boto3.Session()) for arn in topics]
    return notifiers
