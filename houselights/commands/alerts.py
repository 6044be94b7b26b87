"""`houselights alerts`: checks the rules of all sessions and sends alerts."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from audience.errors import InvalidValue
from houselights.commands.extras import needing_extra
from houselights.commands.notifier_options import notifier_options, notifiers_of
from houselights.commands.options import Number, store_at, store_option
from houselights.commands.server_address import server_address
from houselights.commands.stopping import stopped_by_signal

if TYPE_CHECKING:
    from audience.store import Store
    from houselights.notify.reports import ReportSender


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
@click.option(
    "--report-to",
    "report_to",
    metavar="ADDRESS",
    multiple=True,
    help="Mail the report of each session there when it has ended, by the server in HOUSELIGHTS_SMTP; repeatable.",
)
@click.option("--at", "server", metavar="URL", help="Address of the pages, for the link in a report's mail.")
@click.option("--test", is_flag=True, help="Send a test to every topic, webhook and address, and end.")
@store_option
def alerts(
    topics: tuple[str, ...],
    webhooks: tuple[str, ...],
    mails: tuple[str, ...],
    every_s: float,
    report_to: tuple[str, ...],
    server: str | None,
    test: bool,
    store_url: str | None,
) -> int:
    """Check the rules of all sessions until Ctrl-C or SIGTERM, and send alerts when they begin and end. With
    --report-to, also mail the report of each session, once, when it has ended.

    Set rules and acknowledge alerts on the page Operate. Several of these may run: one is active, the others stand by
    until it ends.
    """
    from audience.alerts import trial_alert
    from audience.monitoring.alert_messages import AlertMessage
    from audience.monitoring.alert_watch import AlertWatch
    from audience.time import to_ms

    notifiers = notifiers_of(topics, webhooks, mails)
    readers = notifiers_of((), (), report_to)
    if test:
        if not notifiers and not readers:
            raise InvalidValue("nowhere to send a test: give --sns-topic ARN, --webhook URL or --mail-to ADDRESS")
        for notifier in (*notifiers, *readers):
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
            reports=_report_sender(store, report_to, server) if report_to else None,
        ).run()
    return 0


def _report_sender(store: Store, report_to: tuple[str, ...], server: str | None) -> ReportSender:
    with needing_extra("report"):
        from dashboard.report import html_page  # noqa: F401
    from dashboard.mail import mail_server
    from houselights.notify.reports import ReportSender

    mail = mail_server()
    assert mail is not None  # `notifiers_of` requires one
    return ReportSender(
        store,
        mail,
        report_to,
        pages=server_address(server) if server else "",
        log=lambda line: click.echo(line, err=True),
        now=lambda: datetime.now(UTC),
        zone=datetime.now(UTC).astimezone().tzinfo or UTC,
    )
