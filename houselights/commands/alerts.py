"""`houselights alerts`: checks the rules of all sessions and sends alerts."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime

import click

from audience.errors import InvalidValue
from houselights.commands.notifier_options import notifier_options, notifiers_of
from houselights.commands.options import Number, store_at, store_option
from houselights.commands.stopping import stopped_by_signal


@click.command(short_help="Check the rules of all sessions, and send alerts.")
@notifier_options
@click.option(
    "--every",
    "every_s",
    type=Number(1, 15),
    default=5.0,
    show_default=True,
    metavar="S",
    help="Seconds between checks.",
)
@click.option("--test", is_flag=True, help="Send a test to every topic, webhook and address, and end.")
@store_option
def alerts(
    topics: tuple[str, ...],
    webhooks: tuple[str, ...],
    mails: tuple[str, ...],
    every_s: float,
    test: bool,
    store_url: str | None,
) -> int:
    """Check the rules of all sessions until Ctrl-C or SIGTERM, and send alerts when they begin and end.

    Set rules and acknowledge alerts on the page Operate. Several of these may run: one is active, the others stand by
    until it ends.
    """
    from audience.alerts import trial_alert
    from audience.time import to_ms
    from houselights.notify.notifiers import AlertMessage
    from houselights.notify.watch import AlertWatch

    notifiers = notifiers_of(topics, webhooks, mails)
    if test:
        if not notifiers:
            raise InvalidValue("nowhere to send a test: give --sns-topic ARN, --webhook URL or --mail-to ADDRESS")
        for notifier in notifiers:
            alert = trial_alert(to_ms(datetime.now(UTC)))
            notifier.send(AlertMessage(session_id="test", alert=alert, turn="began"))
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
