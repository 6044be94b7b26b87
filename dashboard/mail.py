"""Sends mail by a server of one's own, named in `HOUSELIGHTS_SMTP`."""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit

from audience.errors import AlertNotDelivered, DeliveryUnknown, InvalidValue

VARIABLE: Final = "HOUSELIGHTS_SMTP"
TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file of HTML that goes with a mail."""

    name: str
    html: str


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

    def send(
        self, to: str, subject: str, text: str, *, secret: bool = False, attachments: Sequence[Attachment] = ()
    ) -> None:
        """Sends one mail; blocks up to `TIMEOUT_S` a step.

        Args:
            to: an address that `check_mail_address` takes.
            subject: one line.
            text: plain text.
            secret: whether it holds what others must not read, and leaves this machine encrypted or not at all.
            attachments: files that go with it.

        Raises:
            DeliveryUnknown: the connection broke while the mail was handed over: it may have arrived.
            AlertNotDelivered: it did not arrive; a retry may help.
        """
        mail = EmailMessage(policy=SMTP)
        mail["Subject"], mail["From"], mail["To"] = subject, self._from, to
        mail["Date"] = formatdate()
        mail.set_content(text)
        for one in attachments:
            mail.add_attachment(one.html.encode(), maintype="text", subtype="html", filename=one.name)
        taken = False
        try:
            with self._connected() as server:
                server.ehlo()
                if not self._encrypted and server.has_extn("starttls"):
                    server.starttls(context=ssl.create_default_context())
                elif self._password and not self._encrypted:
                    raise AlertNotDelivered("the mail server does not encrypt, so the password was not sent to it")
                elif secret and not self._encrypted and not _is_this_machine(self._host):
                    raise AlertNotDelivered("the mail server does not encrypt, so what is private was not sent to it")
                if self._password:
                    server.login(self._user, self._password)
                _hand_over(server, self._from, to, mail.as_bytes())
                taken = True
        except (smtplib.SMTPException, OSError) as problem:
            if taken:  # and did not say goodbye as expected
                return
            raise AlertNotDelivered(
                f"the mail server did not take the message ({type(problem).__name__}): check its address"
            ) from None

    def _connected(self) -> smtplib.SMTP:
        if self._encrypted:
            return smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT_S, context=ssl.create_default_context())
        return smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S)


def _hand_over(server: smtplib.SMTP, sender: str, to: str, content: bytes) -> None:
    """Hands a mail over, step by step, to know whether the server may have it when the connection breaks.

    Raises:
        DeliveryUnknown: it may have it.
        smtplib.SMTPException, OSError: it does not.
    """
    server.ehlo_or_helo_if_needed()
    for code, answer in (server.mail(sender), server.rcpt(to)):
        if code not in (250, 251):
            raise smtplib.SMTPResponseException(code, answer)
    try:
        code, answer = server.data(content)
    except (smtplib.SMTPServerDisconnected, OSError) as problem:
        raise DeliveryUnknown(
            f"the connection to the mail server broke while it took the message ({type(problem).__name__})"
        ) from None
    if code != 250:
        raise smtplib.SMTPResponseException(code, answer)


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
