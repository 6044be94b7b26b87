"""The report of a session is mailed when it has ended: once to each address, whatever fails in between."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from audience.monitoring.alert_watch import AlertWatch
from audience.store import Store
from audience.stores import open_store
from dashboard import mail
from dashboard.mail import MailServer
from houselights.notify.reports import RECENT_MS, SETTLING_MS, ReportSender
from tests.builders import a_progress, a_session, a_stage, a_timeline, a_transcript, a_window, after
from tests.certificates import Authority

ADA, BEN = "ada@example.org", "ben@example.org"


@dataclass
class Post:
    """A mail server on this machine, and what it was given."""

    port: int = 0
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)  # to the next mails; it takes them when there are no more

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("250") or answer == "cut":
            read = message_from_bytes(envelope.content, policy=default)
            self.taken += [(to, read) for to in envelope.rcpt_tos]
        if answer == "cut":
            server.transport.abort()
        return answer

    @property
    def readers(self) -> list[str]:
        return [to for to, _ in self.taken]


class FreePort(Controller):
    """A mail server on a port that is free."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def serving(**options: object) -> Iterator[Post]:
    post = Post()
    controller = FreePort(post, hostname="127.0.0.1", port=0, **options)
    controller.start()
    post.port = controller.port
    try:
        yield post
    finally:
        controller.stop()


@pytest.fixture
def post() -> Iterator[Post]:
    with serving() as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A talk of six minutes that has ended, with one laugh."""
    with open_store(f"sqlite:///{tmp_path}/houselights.db") as opened:
        opened.put_session(a_session(title="Why bridges hum", ended_at=after(360)))
        opened.put_stage("talk-1", a_stage(timelines=[a_timeline(("Opening", 0, 180), ("The wind", 180, 360))]))
        smiling = np.where((np.arange(360) >= 200) & (np.arange(360) < 225), 30, 6)
        opened.put_windows([a_window(at, smiling=int(count), of=40) for at, count in enumerate(smiling)])
        opened.put_transcript("talk-1", "main", a_transcript((200, 210, "And then it fell into the river.")))
        yield opened


@dataclass
class Clock:
    """The time; the watch looks again after every step."""

    at: datetime = field(default_factory=lambda: after(400))

    def __call__(self) -> datetime:
        return self.at


class Watching:
    """A watch that sends reports, looked at step by step."""

    def __init__(self, store: Store, post: Post, clock: Clock, addresses: tuple[str, ...] = (ADA,)) -> None:
        self.clock, self.log = clock, list[str]()
        self.sender = ReportSender(
            store,
            MailServer(f"smtp://127.0.0.1:{post.port}"),
            addresses,
            pages="https://houselights.example.org",
            log=self.log.append,
            now=clock,
            zone=after(0).tzinfo,
        )
        name = f"watch {id(self)}"
        stop = threading.Event()
        self.watch = AlertWatch(store, [], name=name, stop=stop, log=self.log.append, now=clock, reports=self.sender)

    def passes(self, seconds: float, step_s: float = 30) -> None:
        for _ in range(round(seconds / step_s)):
            self.clock.at += timedelta(seconds=step_s)
            self.watch.check_once()


@pytest.fixture(autouse=True)
def no_settling_of_watchers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audience.monitoring.alert_watch.SETTLING_S", 0)


def test_a_report_arrives_once_with_headline_moment_words_link_and_file(store: Store, post: Post) -> None:
    watching = Watching(store, post, Clock(), (ADA, BEN))
    watching.passes(600)
    assert sorted(post.readers) == [ADA, BEN]
    _, letter = post.taken[0]
    assert "Why bridges hum" in letter["Subject"]
    text = letter.get_body(("plain",)).get_content()
    assert "The biggest smile came" in text
    assert "1. " in text
    assert "And then it fell into the river." in text
    assert "https://houselights.example.org/session?session=talk-1" in text
    (report,) = letter.iter_attachments()
    assert report.get_content_type() == "text/html"
    assert report.get_filename() == "talk-1-main.html"
    assert "Why bridges hum" in report.get_content()
    assert not any(word in " ".join(watching.log) for word in (ADA, "bridges", "example.org"))


def test_a_restart_sends_nothing_again_and_a_new_address_gets_it(store: Store, post: Post) -> None:
    clock = Clock()
    Watching(store, post, clock).passes(300)
    Watching(store, post, clock, (ADA, BEN)).passes(300)
    assert post.readers == [ADA, BEN]


def test_it_waits_until_the_session_has_ended_and_nothing_arrives_any_more(store: Store, post: Post) -> None:
    store.put_session(a_session(title="Why bridges hum"))
    watching = Watching(store, post, Clock())
    watching.passes(300)
    assert post.taken == []
    store.put_session(a_session(ended_at=after(700)))
    watching.passes(60)
    store.put_windows([a_window(361, smiling=3, of=40)])
    watching.passes(SETTLING_MS / 1000 - 30)
    assert post.taken == []
    watching.passes(120)
    assert post.readers == [ADA]


def test_a_recording_that_is_still_being_scored_is_waited_for(store: Store, post: Post) -> None:
    store.put_windows([], [], a_progress(finished=False))
    watching = Watching(store, post, Clock())
    watching.passes(300)
    assert post.taken == []
    store.put_windows([], [], a_progress(finished=True))
    watching.passes(300)
    assert post.readers == [ADA]


def test_what_is_refused_is_tried_again_and_said_once(store: Store, post: Post) -> None:
    post.answers = ["451 later", "451 later", "250 taken"]
    watching = Watching(store, post, Clock())
    watching.passes(900)
    assert post.readers == [ADA]
    assert sum("not sent" in line for line in watching.log) == 1


@pytest.mark.parametrize("restarted", [False, True])
def test_what_may_have_arrived_is_not_sent_again_and_that_is_said(store: Store, post: Post, restarted: bool) -> None:
    post.answers = ["cut"]
    clock = Clock()
    watching = Watching(store, post, clock)
    watching.passes(120)
    if restarted:
        watching = Watching(store, post, clock)
    watching.passes(900)
    assert post.readers == [ADA]
    assert sum("may have arrived" in line for line in watching.log) == 1


def test_sessions_of_long_ago_households_and_deleted_ones_are_not_mailed(store: Store, post: Post) -> None:
    Watching(store, post, Clock(after(400 + RECENT_MS / 1000))).passes(300)
    watching = Watching(store, post, Clock())
    watching.passes(30)
    store.delete_session("talk-1")
    watching.passes(300)
    assert post.taken == []


def test_a_talk_of_long_ago_that_was_scored_just_now_is_mailed(store: Store, post: Post) -> None:
    now = after(100 * 86_400)
    store.delete_session("talk-1")
    store.put_session(replace(a_session(ended_at=after(360)), set_up_at=now))
    store.put_stage("talk-1", a_stage())
    store.put_windows([a_window(at, smiling=6, of=40) for at in range(60)])
    Watching(store, post, Clock(now)).passes(300)
    assert post.readers == [ADA]


def test_a_report_that_cannot_be_made_is_said_once_and_stops_nothing(
    store: Store, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("dashboard.report.html_page.html_of", broken)
    watching = Watching(store, post, Clock())
    watching.passes(600)
    assert post.taken == []
    assert sum("cannot be made" in line for line in watching.log) == 1


def test_two_watchers_send_one(store: Store, post: Post) -> None:
    clock = Clock()
    one, other = Watching(store, post, clock), Watching(store, post, clock)
    for _ in range(20):
        clock.at += timedelta(seconds=15)
        one.watch.check_once()
        other.watch.check_once()
    assert post.readers == [ADA]


def test_it_is_encrypted_and_signs_in_with_the_password(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    signed = authority.signs("mail")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(signed.certificate, signed.private_key)
    trusting = partial(ssl.create_default_context, cafile=str(authority.root))
    monkeypatch.setattr(mail.ssl, "create_default_context", trusting)
    seen: list[tuple[bytes, bytes]] = []

    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object) -> AuthResult:
        seen.append((given.login, given.password))
        return AuthResult(success=True)

    with serving(tls_context=context, require_starttls=True, authenticator=check) as post:
        MailServer(f"smtp://me%40x.org:pass%20word@127.0.0.1:{post.port}").send(ADA, "Hello", "Words", secret=True)
    assert post.readers == [ADA]
    assert seen == [(b"me@x.org", b"pass word")]
