"""Nobody is notified of a sighting before two people have confirmed it, and then once, by ids alone."""

from __future__ import annotations

import smtplib
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from audience.errors import AlertNotDelivered, InvalidValue
from audience.monitoring.alert_messages import Message
from dashboard.mail import MailServer
from houselights.notify.notifiers import Mail
from houselights.notify.sightings import SightingMessage, SightingWatch
from tests.audience.identity.conftest import Desk
from tests.audience.identity.conftest import desk as desk
from tests.audience.identity.test_searches import FIRST, SECOND, running
from tests.certificates import Authority, Signed


class Kept:
    """A notifier that keeps what it is sent, and may refuse."""

    name = "kept"

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.refuses = False

    def send(self, message: Message) -> None:
        if self.refuses:
            raise AlertNotDelivered("not now")
        self.sent.append(message)


@pytest.fixture
def kept() -> Kept:
    return Kept()


def watch(desk: Desk, kept: Kept) -> SightingWatch:
    return SightingWatch(desk.store, [kept], stop=threading.Event(), log=lambda line: None, now=lambda: desk.now)


def test_a_search_notifies_after_the_second_confirmation_and_once(desk: Desk, kept: Kept):
    roster, entry = running(desk)
    sighting = desk.sighting(roster, entry.entry_id)
    desk.searches("camera").record(sighting, b"a picture")
    looks = watch(desk, kept)
    looks.check_once()
    desk.searches(FIRST).confirm(sighting, "same person")
    looks.check_once()
    assert kept.sent == []
    desk.searches(SECOND).confirm(sighting, "same person")
    looks.check_once()
    watch(desk, kept).check_once()  # started anew
    (message,) = kept.sent
    said = repr((message.subject, message.text, message.document))
    assert entry.entry_id in said
    assert "red coat" not in said


def test_a_rejected_sighting_notifies_nobody(desk: Desk, kept: Kept):
    roster, entry = running(desk)
    sighting = desk.sighting(roster, entry.entry_id)
    desk.searches("camera").record(sighting)
    desk.searches(FIRST).confirm(sighting, "same person")
    desk.searches(SECOND).confirm(sighting, "somebody else")
    watch(desk, kept).check_once()
    assert kept.sent == []


def test_a_register_publishes_by_ids_and_a_desk_publishes_nothing(desk: Desk, kept: Kept):
    register, welcome = desk.roster("register"), desk.roster("welcome desk")
    grace, alan = desk.member(register, "Grace"), desk.member(welcome, "Alan")
    desk.store.put(desk.sighting(register, grace.person_id), desk.sighting(welcome, alan.person_id))
    watch(desk, kept).check_once()
    (message,) = kept.sent
    assert message.document["subject"] == grace.person_id
    assert "Grace" not in repr((message.subject, message.text, message.document))


def test_old_sightings_of_a_register_are_not_sent(desk: Desk, kept: Kept):
    register = desk.roster("register")
    desk.store.put(desk.sighting(register, desk.member(register).person_id))
    desk.later(minutes=11)
    watch(desk, kept).check_once()
    assert kept.sent == []


def test_what_could_not_be_sent_is_sent_later(desk: Desk, kept: Kept):
    register = desk.roster("register")
    desk.store.put(desk.sighting(register, desk.member(register).person_id))
    looks = watch(desk, kept)
    kept.refuses = True
    looks.check_once()
    kept.refuses = False
    looks.check_once()  # too soon
    assert kept.sent == []
    desk.later(minutes=5)
    looks.check_once()
    assert len(kept.sent) == 1


@contextmanager
def mail_server(signed: Signed | None = None) -> Iterator[tuple[int, list[str]]]:
    """A mail server that takes one letter, encrypted only where it has a certificate."""
    lines: list[str] = []

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            data = False
            for raw in self.rfile:
                line = raw.decode().rstrip("\r\n")
                lines.append(line)
                if data and line != ".":
                    continue
                data = line.upper() == "DATA"
                if line.upper() == "QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                self.wfile.write(b"354 go on\r\n" if data else b"250 good\r\n")

    class Server(socketserver.ThreadingTCPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that does not trust the certificate is no failure of the test."""

    with Server(("127.0.0.1", 0), Session) as server:
        if signed is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(signed.certificate, signed.private_key)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1], lines
        finally:
            server.shutdown()
            thread.join()


def test_mail_holds_the_text_and_a_password_is_sent_encrypted_only(desk: Desk):
    register = desk.roster("register")
    message = SightingMessage(sighting=desk.sighting(register, "p-1"), purpose="register")
    with mail_server() as (port, lines):
        Mail(MailServer(f"smtp://127.0.0.1:{port}"), "ada@example.org").send(message)
        assert "Whose id: p-1" in lines
        assert any(line.startswith("Subject: Houselights register") for line in lines)
        lines.clear()
        with pytest.raises(AlertNotDelivered, match="encrypt"):
            Mail(MailServer(f"smtp://me:secret@127.0.0.1:{port}"), "ada@example.org").send(message)
        assert not any("AUTH" in line for line in lines)
    with pytest.raises(AlertNotDelivered):
        Mail(MailServer(f"smtp://127.0.0.1:{port}"), "ada@example.org").send(message)


def test_a_secret_leaves_this_machine_encrypted_only(monkeypatch: pytest.MonkeyPatch):
    with mail_server() as (port, lines):
        MailServer(f"smtp://127.0.0.1:{port}").send("ada@example.org", "Link", "the secret", secret=True)
        assert "the secret" in lines
        lines.clear()
        elsewhere = partial(smtplib.SMTP, "127.0.0.1")
        monkeypatch.setattr(smtplib, "SMTP", lambda _host, port, **named: elsewhere(port, **named))
        with pytest.raises(AlertNotDelivered, match="encrypt"):
            MailServer(f"smtp://mail.example.org:{port}").send("ada@example.org", "Link", "the secret", secret=True)
        assert "the secret" not in lines


def test_a_mail_server_whose_certificate_nobody_vouches_for_is_sent_nothing(tmp_path: Path):
    with mail_server(Authority(tmp_path).signs("mail")) as (port, lines):
        with pytest.raises(AlertNotDelivered):
            MailServer(f"smtps://me:secret@127.0.0.1:{port}").send("ada@example.org", "Link", "the secret")
        assert lines == []


@pytest.mark.parametrize(
    ("server", "to"),
    [
        ("http://x", "a@b"),
        ("smtp://", "a@b"),
        ("smtp://h:0", "a@b"),
        ("smtp://h", "nobody"),
        ("smtp://h", "a@b\nBcc: c"),
        ("smtp://h", "a@["),
        ("smtp://h", "=?utf-8?q?x=0ABcc?=@c.org"),
    ],
)
def test_an_address_that_is_none_is_refused(server: str, to: str):
    with pytest.raises(InvalidValue):
        Mail(MailServer(server), to)
