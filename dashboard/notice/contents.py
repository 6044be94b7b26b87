"""What a room notice says of a session, in one language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from audience.errors import InvalidValue
from audience.identity.records import Purpose
from audience.ids import check_title
from audience.privacy import is_in_eu, measures_facing
from audience.sessions import Session
from dashboard.notice.words import days_text, words_in

Pictures = Literal["none", "cloud", "recorded"]
Basis = Literal["interest", "consent", "public task"]
PICTURES: Final[tuple[Pictures, ...]] = get_args(Pictures)
BASES: Final[tuple[Basis, ...]] = get_args(Basis)

# Where the GDPR holds beside the EU: the European Economic Area, and the United Kingdom's own of the same articles.
_GDPR_TOO: Final = frozenset({"GB", "IS", "LI", "NO"})
_RECOGNISING: Final[dict[Purpose, str]] = {"register": "register", "welcome desk": "desk", "search": "search"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeDetails:
    """What only the operator knows. What is "" is a line to fill in by pen.

    Attributes:
        responsible: name of whoever is responsible for the data.
        contact: how to reach them.
        out_of_view: where to sit to be out of view; "" tells people to ask at the entrance.
        address: where there is more to read, as a QR code; "" for none.
        basis: the legal basis; None to fill it in by pen.
        pictures: "none" where cameras are scored on the device and nothing is kept of their pictures; "cloud" where
            Amazon Rekognition scores them; "recorded" where the audience is filmed and scored later.
        windows_days, faces_days: for how long figures, and entries about single faces, are kept.
        purposes: of the rosters whose people may be recognised there.
    """

    responsible: str = ""
    contact: str = ""
    out_of_view: str = ""
    address: str = ""
    basis: Basis | None = None
    pictures: Pictures = "none"
    windows_days: int = 730
    faces_days: int = 30
    purposes: tuple[Purpose, ...] = ()

    def __post_init__(self) -> None:
        for what in ("responsible", "contact", "out_of_view", "address"):
            check_title(what.replace("_", " "), getattr(self, what))
        if self.address and not self.address.startswith(("https://", "http://")):
            raise InvalidValue(f"address {self.address!r} does not begin with https://: give the whole address")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice in one language.

    Attributes:
        language: its code; `name` is what the language calls itself.
        title: the heading.
        lines: what the cameras do, a sentence or two each: what is to be read from two metres.
        choice: how to be out of view.
        heading: of the details.
        details: label and text of each; "" for one to fill in by pen.
        more: the label of the QR code.
    """

    language: str
    name: str
    title: str
    lines: tuple[str, ...]
    choice: str
    heading: str
    details: tuple[tuple[str, str], ...]
    more: str


def notice_of(session: Session, details: NoticeDetails, language: str) -> Notice:
    """The notice of a session.

    Args:
        session: what it measures and where decides what is said.
        details: from the operator.
        language: one of `LANGUAGES`.

    Raises:
        InvalidValue: the language is not there.
    """
    words = words_in(language)
    choice = words["choice.seats"].format(where=details.out_of_view) if details.out_of_view else words["choice.ask"]
    return Notice(
        language=language,
        name=words["name"],
        title=words["title"],
        lines=tuple(" ".join(words[key] for key in keys) for keys in _lines(session, details)),
        choice=choice,
        heading=words["details.heading"],
        details=tuple(_details(session, details, language)),
        more=words["details.more"],
    )


def says_gdpr(session: Session) -> bool:
    """Whether the notice names articles of EU law: where it holds, and where the country is not known."""
    return session.country is None or is_in_eu(session.country) or session.country in _GDPR_TOO


def _lines(session: Session, details: NoticeDetails) -> Iterable[list[str]]:
    """The keys of each line."""
    scored = session.mode == "expressions"
    what = ["what.expressions" if scored else "what.heads"]
    if measures_facing(session.setting):
        what.append("what.facing")
    yield what
    if session.kind == "panel":
        yield ["what.household"]
    elif recognised := [f"what.{_RECOGNISING[purpose]}" for purpose in details.purposes if purpose in _RECOGNISING]:
        yield recognised
    else:
        yield ["what.nobody"]
    yield [f"pictures.{details.pictures}"]
    if session.kind != "panel":
        yield ["what.group", *(["what.not_feeling"] if scored else [])]
    elif scored:
        yield ["what.not_feeling"]


def _details(session: Session, details: NoticeDetails, language: str) -> Iterable[tuple[str, str]]:
    words = words_in(language)
    yield words["details.responsible"], details.responsible
    yield words["details.contact"], details.contact
    yield (
        words["details.kept"],
        words["details.kept_text"].format(
            windows=days_text(language, details.windows_days), faces=days_text(language, details.faces_days)
        ),
    )
    gdpr = says_gdpr(session)
    if gdpr:
        basis = "" if details.basis is None else words[f"details.{details.basis.replace(' ', '_')}"]
        yield words["details.basis"], basis
        if session.kind == "panel" or set(details.purposes) & {"register", "welcome desk"}:
            yield "", words["details.explicit"]
    yield words["details.rights"], words["details.rights_text"]
    # Article 50 asks for it where expressions are read; where EU law does not hold nobody is told that it does.
    if session.mode == "expressions" and (session.country is None or is_in_eu(session.country)):
        yield "", words["details.ai_act"]
