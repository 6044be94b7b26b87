"""Sends mail by a server of one's own, named in `HOUSELIGHTS_SMTP`."""

from __future__ import annotations

import os
import smtplib
import ssl
from email.errors import MessageError
from email.message import EmailMessage
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit

from audience.errors import AlertNotDelivered, InvalidValue

VARIABLE: Final = "HOUSELIGHTS_SMTP"
TIMEOUT_S: Final = 10.0


class MailServer:
    """A mail server that takes mail from us."""

    def __init__(self, address: str) -> None:
        """Creates the object without I/O.

        Args:
            address: smtp://USER:PASSWORD@HOST:PORT, encrypted by STARTTLS where the server offers it, and always before
                a password is sent; or smtps://... Mails are from the user, or from houselights@ the host.

        Raises:
            InvalidValue: this is no address of a mail server.
        """
        try:
            parts = urlsplit(address)
            usable = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise InvalidValue(f"{VARIABLE} names no mail server: write it as smtp://USER:PASSWORD@HOST:PORT")
        self._host, self._encrypted = parts.hostname or "", parts.scheme == "smtps"
        self._port = parts.port or (465 if self._encrypted else 587)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._from = self._user if "@" in self._user else f"houselights@{self._host}"

    def send(self, to: str, subject: str, text: str, *, secret: bool = False) -> None:
        """Sends one mail; blocks up to `TIMEOUT_S`.

        Args:
            to: an address that `check_mail_address` takes.
            subject: one line.
            text: plain text.
            secret: whether the text holds a secret, which leaves this machine encrypted or not at all.

        Raises:
            AlertNotDelivered: it may not have arrived; a retry may help.
        """
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = subject, self._from, to
        mail.set_content(text)
        try:
            with self._connected() as server:
                server.ehlo()
                if not self._encrypted and server.has_extn("starttls"):
                    server.starttls(context=ssl.create_default_context())
                elif self._password and not self._encrypted:
                    raise AlertNotDelivered("the mail server does not encrypt, so the password was not sent to it")
                elif secret and not self._encrypted and not _is_this_machine(self._host):
                    raise AlertNotDelivered("the mail server does not encrypt, so a secret link was not sent to it")
                if self._password:
                    server.login(self._user, self._password)
                server.send_message(mail)
        except (smtplib.SMTPException, OSError) as problem:
            raise AlertNotDelivered(
                f"the mail server did not take the message ({type(problem).__name__}): check its address"
            ) from None

    def _connected(self) -> smtplib.SMTP:
        if self._encrypted:
            return smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_S, context=ssl.create_default_context())
        return smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S)


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def mail_server() -> MailServer | None:
    """The server that the environment names; None where it names none.

    Raises:
        InvalidValue: what it names is no mail server.
    """
    address = os.environ.get(VARIABLE)
    return MailServer(address) if address else None


def check_mail_address(address: str) -> None:
    """Refuses what is no mail address, or several of them.

    Raises:
        InvalidValue: it is none; the line does not repeat it.
    """
    plain = address.isascii() and address.isprintable() and not any(one in address for one in ' ,;:<>"()')
    if not (plain and _is_one_address(address)):
        raise InvalidValue("this is no mail address: write it as ada@example.org")


def _is_one_address(text: str) -> bool:
    """Whether a mail's header takes a text as one address, and as nothing else."""
    mail = EmailMessage()
    try:
        mail["To"] = text
        read = mail["To"]
        return not read.defects and [one.addr_spec for one in read.addresses] == [text] and "@" in text.strip("@")
    except (MessageError, ValueError, AttributeError, IndexError):  # the parser raises all of them on odd texts
        return False
