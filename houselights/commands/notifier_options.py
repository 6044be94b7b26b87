"""Where messages are sent: options that commands share, and the notifiers they name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from audience.errors import InvalidValue
from houselights.commands.extras import needing_extra

if TYPE_CHECKING:
    from audience.monitoring.alert_messages import Notifier

Command = TypeVar("Command", bound=Callable[..., Any])


def notifier_options(command: Command) -> Command:
    """Adds `--sns-topic`, `--webhook` and `--mail-to`."""
    for option in (
        click.option(
            "--mail-to",
            "mails",
            metavar="ADDRESS",
            multiple=True,
            help="Send mail there, by the server in HOUSELIGHTS_SMTP (smtp://USER:PASSWORD@HOST:PORT); repeatable.",
        ),
        click.option(
            "--webhook", "webhooks", metavar="URL", multiple=True, help="POST to this address as JSON; repeatable."
        ),
        click.option(
            "--sns-topic",
            "topics",
            metavar="ARN",
            multiple=True,
            help="Send to a topic of Amazon SNS, for mail and SMS; repeatable.",
        ),
    ):
        command = option(command)
    return command


def notifiers_of(topics: tuple[str, ...], webhooks: tuple[str, ...], mails: tuple[str, ...]) -> list[Notifier]:
    """The notifiers that the options name.

    Raises:
        InvalidValue: an address is not valid, or there is no mail server.
    """
    from dashboard.mail import VARIABLE, mail_server
    from houselights.notify.notifiers import Mail, Webhook

    found: list[Notifier] = [Webhook(url) for url in webhooks]
    if mails:
        if (server := mail_server()) is None:
            raise InvalidValue(f"there is no mail server: name it in {VARIABLE}, as smtp://USER:PASSWORD@HOST:PORT")
        found += [Mail(server, address) for address in mails]
    if topics:
        with needing_extra("cloud"):
            import boto3
        from ingest_lambda.topic import SnsTopic

        found += [SnsTopic(arn, session=boto3.Session()) for arn in topics]
    return found
