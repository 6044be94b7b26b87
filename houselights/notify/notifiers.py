"""Sends messages to a webhook and by mail; `ingest_lambda.topic` sends them to a topic of Amazon SNS."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from audience.errors import AlertNotDelivered, InvalidValue
from audience.monitoring.alert_messages import TIMEOUT_S, Message, fingerprint
from dashboard.mail import MailServer, check_mail_address


class Webhook:
    """POSTs alerts to an address as JSON."""

    def __init__(self, url: str) -> None:
        """Creates the object without I/O.

        Raises:
            InvalidValue: not an http or https address.
        """
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and url.isascii()
        except ValueError:
            usable = False
        if not usable:
            raise InvalidValue("--webhook is not a valid address: write it as https://example.org/alerts")
        self.name = f"web {parts.hostname} {fingerprint(url)}"
        self._url = url
        self._opener = urllib.request.build_opener(_NoRedirect())

    def send(self, message: Message) -> None:
        request = urllib.request.Request(
            self._url,
            data=json.dumps(message.document).encode(),
            headers={"Content-Type": "application/json", "User-Agent": "houselights"},
            method="POST",
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT_S):
                pass
        except urllib.error.HTTPError as problem:
            problem.close()
            raise AlertNotDelivered(f"the webhook answered {problem.code}: check its address") from None
        except (OSError, http.client.HTTPException) as problem:
            raise AlertNotDelivered(
                f"the webhook cannot be reached ({type(problem).__name__}): check its address"
            ) from None


class Mail:
    """Sends messages as mail, by a server of one's own."""

    def __init__(self, server: MailServer, to: str) -> None:
        """Creates the object without I/O.

        Args:
            server: takes the mail.
            to: the address.

        Raises:
            InvalidValue: that is no address.
        """
        check_mail_address(to)
        self._server, self._to = server, to
        self.name = f"mail {fingerprint(to)}"

    def send(self, message: Message) -> None:
        self._server.send(self._to, message.subject, message.text)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Does not follow redirects, so that alerts only go to the configured address."""

    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        return None
