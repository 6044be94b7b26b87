"""Mails the report of each session when it has ended, once to each address: part of the work of `houselights alerts`.

Before a report is sent, the store notes that it is on its way. What happens then is certain or not: a refused report is
tried again later, and one whose connection broke while the server took it, or whose sender was killed, is not, because
it may have arrived.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Final
from urllib.parse import urlencode

from audience.alerts import AlertBook, ReportMark
from audience.comparing.earlier import StageSummary
from audience.comparing.suggestions import earlier_givings, earlier_sessions, suggestions
from audience.disclosure import interval_text, share_text
from audience.errors import AlertNotDelivered, DeliveryUnknown, HouselightsError
from audience.monitoring.alert_messages import fingerprint
from audience.reaction.headline import did
from audience.reaction.review import Review
from audience.sessions import Session
from audience.store import Store
from audience.time import to_ms
from dashboard.mail import Attachment, MailServer, check_mail_address
from edge_lambda.backoff import Backoff
from houselights.stored_reviews import stored_reviews

RECENT_MS: Final = 3 * 24 * 3_600_000
"""The report of a session that ended, or was set up, before is not sent any more: of an older store none is."""

SETTLING_MS: Final = 60_000
"""A session has ended, but late records may arrive: its report waits until there were none for so long."""

MOST_STAGES: Final = 10
"""Reports in one mail, of the stages with the most faces."""

_MOMENTS = 3
_LOOK_EVERY_MS = 20_000
_NOT_FEELING = "What is measured is visible expression, not feeling."


@dataclass(slots=True)
class _Address:
    """An address with its retry state."""

    to: str
    name: str
    again_ms: int = 0
    backoff: Backoff = field(default_factory=lambda: Backoff(first_s=10, longest_s=1800))
    error_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMail:
    """The mail about one session."""

    subject: str
    text: str
    attachments: tuple[Attachment, ...]


class ReportSender:
    """Sends the reports of sessions to some addresses."""

    def __init__(
        self,
        store: Store,
        server: MailServer,
        addresses: Sequence[str],
        *,
        pages: str = "",
        log: Callable[[str], None],
        now: Callable[[], datetime],
        zone: tzinfo,
    ) -> None:
        """Creates the object without I/O.

        Args:
            store: the store of the sessions.
            server: takes the mail.
            addresses: where reports are sent.
            pages: address of the dashboard, for the link; "" for none.
            log: called with a line for the person who started it; never with an address.
            now: the wall clock.
            zone: in which times are given.

        Raises:
            InvalidValue: something is no mail address.
        """
        for address in addresses:
            check_mail_address(address)
        self._store, self._server, self._pages, self._log, self._now = store, server, pages, log, now
        self._zone = zone
        self._addresses = [_Address(to=one, name=f"report {fingerprint(one)}") for one in dict.fromkeys(addresses)]
        self._settling: dict[str, tuple[int, int, int]] = {}
        self._unknown: set[str] = set()
        self._impossible: set[str] = set()

    def is_recent(self, session: Session) -> bool:
        """Whether a session ended, or was scored, lately."""
        latest = [to_ms(at) for at in (session.ended_at, session.set_up_at) if at is not None]
        return session.ended_at is not None and to_ms(self._now()) - max(latest) < RECENT_MS

    def is_due(self, session: Session, book: AlertBook) -> bool:
        """Whether a session has ended, nothing arrives any more, and its report is still to be sent somewhere."""
        if session.kind == "panel" or session.session_id in self._impossible:
            return False
        if not self.is_recent(session) or to_ms(self._now()) < _ended_ms(session):
            return False
        return bool(self._left(session, book)) and self._is_settled(session.session_id)

    def send(self, session: Session, book: AlertBook) -> None:
        """Sends the report of a session to every address that it is still to be sent to."""
        mail: ReportMail | None = None
        for address in self._left(session, book):
            if to_ms(self._now()) < address.again_ms:
                continue
            mail = mail or self._made(session)
            if mail is None:
                return
            self._send_to(address, session.session_id, mail)

    def _made(self, session: Session) -> ReportMail | None:
        try:
            return report_mail(self._store, session, pages=self._pages, now=self._now(), zone=self._zone)
        except HouselightsError:
            raise
        except Exception as problem:  # one session's report must not end the alerts of all
            self._impossible.add(session.session_id)
            self._log(f"{session.session_id}: its report cannot be made ({type(problem).__name__}): write it by hand")
            return None

    def _send_to(self, address: _Address, session_id: str, mail: ReportMail) -> None:
        if any(mark.by == address.name for mark in self._store.alerting.book(session_id).reports):
            return  # another watcher took over while an earlier address was slow
        mark = ReportMark(by=address.name, at_ms=to_ms(self._now()), sent=False)
        self._store.alerting.put(session_id, mark)
        try:
            self._server.send(address.to, mail.subject, mail.text, secret=True, attachments=mail.attachments)
        except DeliveryUnknown as problem:
            self._unknown.add(f"{session_id} {address.name}")
            self._log(f"{session_id}: the {address.name} may have arrived, and is not sent again: {problem}")
            return
        except AlertNotDelivered as problem:
            self._store.alerting.drop(session_id, mark)
            wait_s = address.backoff.next_s()
            address.again_ms = to_ms(self._now()) + round(wait_s * 1000)
            if str(problem) != address.error_text:
                address.error_text = str(problem)
                self._log(
                    f"{session_id}: not sent to {address.name}: {problem}. Retrying in {wait_s:g} s, then less often."
                )
            return
        self._store.alerting.put(session_id, ReportMark(by=address.name, at_ms=to_ms(self._now()), sent=True))
        address.backoff.reset()
        address.error_text = ""
        self._log(f"{session_id}: sent to {address.name}")

    def _left(self, session: Session, book: AlertBook) -> list[_Address]:
        """The addresses that the report was never sent to."""
        marks = {mark.by: mark for mark in book.reports}
        for address in self._addresses:
            mark, what = marks.get(address.name), f"{session.session_id} {address.name}"
            if mark is not None and not mark.sent and what not in self._unknown:
                self._unknown.add(what)
                self._log(f"{session.session_id}: the {address.name} may have arrived, and is not sent again")
        return [address for address in self._addresses if address.name not in marks]

    def _is_settled(self, session_id: str) -> bool:
        """Whether the session has figures, no recording is being scored, and nothing was added for a while."""
        now_ms = to_ms(self._now())
        count, since_ms, looked_ms = self._settling.get(session_id, (-1, now_ms, 0))
        if now_ms - looked_ms < _LOOK_EVERY_MS:
            return False
        if not all(one.finished for one in self._store.recordings(session_id)):
            return False
        counts = [self._store.window_count(session_id, one.stage_id) for one in self._store.stages(session_id)]
        if sum(counts) != count:
            count, since_ms = sum(counts), now_ms
        self._settling[session_id] = (count, since_ms, now_ms)
        return count > 0 and now_ms - since_ms >= SETTLING_MS


def report_mail(store: Store, session: Session, *, pages: str, now: datetime, zone: tzinfo) -> ReportMail | None:
    """The mail about a session: each stage's headline, figure and moments, with the reports attached.

    Args:
        store: the store of the session.
        session: the session.
        pages: address of the dashboard, for the link; "" for none.
        now: when it is made, aware UTC.
        zone: in which times are given.

    Returns:
        None where nobody was ever recorded.
    """
    from dashboard.report.contents import report_of
    from dashboard.report.html_page import html_of
    from dashboard.report.slide_pictures import stored_pictures

    def attached(review: Review) -> Attachment:
        stage = review.windows.stage
        pictures = stored_pictures(stage, store.slide_pictures(session.session_id, stage.stage_id))
        made = report_of(review, pictures=pictures, made_at=now, zone=zone)
        return Attachment(name=f"{session.session_id}-{stage.stage_id}.html", html=html_of(made))

    reviews = [one for one in stored_reviews(store, session, store.stages(session.session_id)) if one.length_s]
    reviews = sorted(reviews, key=lambda review: -review.most_faces)[:MOST_STAGES]
    if not reviews:
        return None
    parts = [_summary(store, review, named=len(reviews) > 1) for review in reviews]
    link = f"{pages}/session?{urlencode({'session': session.session_id})}" if pages else ""
    closing = f"The report is attached{f'; the session is at {link}' if link else ''}. {_NOT_FEELING}"
    simulated = ["Simulated: no audience was watched."] if session.simulated else []
    return ReportMail(
        subject=f"How the audience reacted: {session.name}",
        text="\n\n".join([session.name, *simulated, *parts, closing]) + "\n",
        attachments=tuple(attached(review) for review in reviews),
    )


def _summary(store: Store, review: Review, *, named: bool) -> str:
    """A stage in a few lines: headline, figure, the moments that stand out most, and what to look at next."""
    lines = [f"{review.windows.stage.name}:"] if named else []
    lines.append(review.headline)
    if review.expression is not None:
        whole = StageSummary.of(review.windows, review.expression)
        figures = whole.share, whole.low, whole.high
        if whole.share == whole.share:  # not NaN
            interval = interval_text(*figures, unit=" %")
            lines.append(
                f"Of all faces {share_text(*figures)} {did(review.expression)}{f' ({interval})' if interval else ''}."
            )
    strongest = sorted(review.moments, key=lambda moment: moment.p_value)[:_MOMENTS]
    for moment in sorted(strongest, key=lambda moment: moment.number):
        words = review.words(moment)
        lines.append(f"{moment.number}. {moment.sentence}" + (f"\n   “{words}”" if words else ""))
    if review.expression is not None:
        windows = review.windows
        among = earlier_sessions(windows.session, store.sessions())
        earlier = earlier_givings(store, windows.session, windows.stage, among)
        lines += [f"- {one.sentence}" for one in suggestions(windows, earlier, review.expression)]
    return "\n".join(lines)


def _ended_ms(session: Session) -> int:
    return to_ms(session.ended_at or datetime.max.replace(tzinfo=UTC))
