"""Whether people may be recognised for a purpose, at a place, by somebody: asked before anything is set up or enrolled.

The rules are the stricter ones of the European Union's AI Act (Regulation (EU) 2024/1689) and General Data Protection
Regulation (GDPR, Regulation (EU) 2016/679), and of Illinois' Biometric Information Privacy Act (BIPA, 740 ILCS 14).
Some uses are refused everywhere, because no consent makes them fair. Not legal advice: other law may ask for more.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal, get_args

from audience.countries import country_code, country_name
from audience.errors import AccessRefused, InvalidValue
from audience.identity.records import ACTORS, PURPOSES, Actor, Purpose
from audience.language import N_, gettext
from audience.privacy import NOT_LEGAL_ADVICE, SETTINGS, Setting, is_in_eu

Use = Purpose | Literal["attendance", "sex and age"]
USES: Final[tuple[str, ...]] = (*PURPOSES, "attendance", "sex and age")
"""What may be asked for; the last two are always refused, with the reason."""

Subject = Literal["adult", "child"]
SUBJECTS: tuple[str, ...] = get_args(Subject)

PhotosFrom = Literal["the person", "the web", "a camera"]
PHOTOS_FROM: tuple[str, ...] = get_args(PhotosFrom)

Outcome = Literal["allowed", "allowed with conditions", "refused"]

CONDITIONS: Final[dict[str, str]] = {
    "consent": N_(
        "Everybody on the list consented, in writing or on the enrolment page, and may withdraw at any time "
        "(GDPR, articles 7 and 9(2)(a))."
    ),
    "check-in": N_(
        "People are recognised only once they check in, in a marked lane, by a QR code or a badge, with "
        "another way in for whoever does not want it: strangers pass too, and comparing their faces is processing them "
        "(GDPR, article 9(1))."
    ),
    "marked lane": N_(
        "Cameras look at a marked lane, with another way in for whoever does not want to be compared: "
        "strangers pass too, and comparing their faces is processing them (GDPR, article 9(1))."
    ),
    "notice": N_("A notice at the entrance says that faces are compared, for what, and where not (GDPR, article 13)."),
    "impact assessment": N_("A data protection impact assessment was made (GDPR, article 35(3))."),
    "approval": N_(
        "Another person than the one who asks approves each search, two more confirm each sighting, and a "
        "search ends after 72 hours at the latest."
    ),
    "authorisation": N_("A court or an independent authority authorised this search (AI Act, article 5(3))."),
    "signed release": N_("Everybody signed a written release (BIPA, section 15(b))."),
    "retention schedule": N_(
        "A public schedule says when templates are destroyed: when the purpose is met, within three "
        "years at the latest (BIPA, section 15(a))."
    ),
    "guardian": N_("A guardian consented for each child (GDPR, article 8)."),
    "household": N_("Only members of the household are enrolled; guests are counted, not recognised."),
}
"""Conditions by name: what whoever sets a roster up says is met."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What was decided.

    Attributes:
        outcome: "allowed", "allowed with conditions" or "refused".
        article: the law that decides; "" where none does.
        reason: one sentence or two.
        conditions: names of what has to be met, keys of `CONDITIONS`.
    """

    outcome: Outcome
    article: str
    reason: str
    conditions: tuple[str, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Whether it is refused, whatever is met."""
        return self.outcome == "refused"

    def missing(self, accepted: Collection[str]) -> tuple[str, ...]:
        """Names of the conditions that nobody said are met."""
        return tuple(name for name in self.conditions if name not in accepted)


def gate(
    purpose: Use,
    setting: Setting,
    country: str | None,
    actor: Actor = "organisation",
    *,
    subject: Subject = "adult",
    photos: PhotosFrom = "the person",
    law: str = "",
) -> Ruling:
    """Decides whether people may be recognised.

    Args:
        purpose: one of `USES`.
        setting: the kind of place.
        country: name or ISO 3166-1 code; None if unknown, which counts as a country of the EU.
        actor: who recognises: "organisation" or "law enforcement".
        subject: "adult", or "child" for anybody under age.
        photos: where the photos to enrol with come from; "a camera" is one that looks at people who did not ask for it.
        law: the national law or the authorisation that it rests on; "" for none.

    Raises:
        InvalidValue: one of them is unknown.
    """
    for what, value, known in (
        ("purpose", purpose, USES),
        ("setting", setting, SETTINGS),
        ("actor", actor, ACTORS),
        ("subject", subject, SUBJECTS),
        ("source of photos", photos, PHOTOS_FROM),
    ):
        if value not in known:
            raise InvalidValue(f"{what} {value!r} is unknown: use one of {', '.join(known)}")
    code = None if country is None else country_code(country)
    in_eu = code is None or is_in_eu(code)
    place = country_name(code) if code else gettext("an unknown country, which counts as one of the EU")

    if purpose == "sex and age":
        return _refused(
            "AI Act, article 5(1)(g)", gettext("Sex and age are typed by people and never inferred from a face.")
        )
    if photos != "the person":
        return _refused(
            "AI Act, article 5(1)(e)",
            gettext(
                "Photos that nobody gave are not enrolled: lists of faces are not filled from the internet or from "
                "cameras."
            ),
        )
    if purpose == "attendance" or setting == "workplace":
        return _refused(
            "GDPR, articles 7(4) and 9; AI Act, annex III, 4(b)",
            gettext("At work nobody is recognised: who depends on an employer cannot consent freely."),
        )
    if setting == "education":
        return _refused(
            "GDPR, articles 7(4) and 9; AI Act, annex III, 3",
            gettext("In education nobody is recognised: who is graded cannot consent freely."),
        )
    if subject == "child" and purpose != "panel":
        return _refused(
            "GDPR, article 8 and recital 38", gettext("Children are not enrolled, but in a household's panel.")
        )
    if purpose == "search":
        return _search(in_eu, place, actor, law)
    if actor == "law enforcement":
        return _refused(
            "Directive (EU) 2016/680, article 10",
            gettext(
                "Law enforcement uses searches, which have a legal basis and two approvals, and no lists of guests."
            ),
        )
    if purpose == "panel" and setting not in ("home", "research"):
        return _refused(
            "GDPR, article 9(2)(a)",
            gettext("A panel recognises its members at home or in a study, nowhere else."),
        )
    conditions = {
        "register": ("consent", "marked lane", "notice"),
        "welcome desk": ("consent", "check-in", "notice"),
        "panel": ("consent", "household"),
    }[purpose]
    if subject == "child":
        conditions += ("guardian",)
    if in_eu:
        conditions += ("impact assessment",)
    if code == "US":
        # States differ, and rosters name no state: the strictest law counts.
        conditions += ("signed release", "retention schedule")
    article = "BIPA, section 15" if code == "US" else "GDPR, article 9(2)(a)"
    return Ruling(
        outcome="allowed with conditions",
        article=article,
        reason=_advised(
            gettext("In {country}, people who consented may be recognised for this, on conditions.", country=place)
        ),
        conditions=conditions,
    )


def check(ruling: Ruling, accepted: Collection[str]) -> None:
    """Refuses what a ruling does not allow.

    Raises:
        AccessRefused: it is refused, or a condition is not met; the line has the article and what is missing.
    """
    if ruling.is_refused:
        raise AccessRefused(f"{ruling.reason} ({ruling.article})")
    if missing := ruling.missing(accepted):
        raise AccessRefused(f"{ruling.reason} Nobody said that these are met: {', '.join(missing)}.")


def _search(in_eu: bool, place: str, actor: Actor, law: str) -> Ruling:
    if actor == "law enforcement":
        if in_eu and not law.strip():
            return _refused(
                "AI Act, article 5(1)(h)",
                gettext(
                    "Searching live for somebody in public places is prohibited to law enforcement in the EU without "
                    "an authorisation under national law: name it."
                ),
            )
        conditions: tuple[str, ...] = ("approval", "authorisation", "notice", "impact assessment")
    else:
        if in_eu and not law.strip():
            return _refused(
                "GDPR, article 9(2)(g)",
                gettext(
                    "Searching for a person who did not consent needs a national law that allows it, in the EU: name "
                    "it."
                ),
            )
        conditions = ("approval", "notice", "impact assessment")
    return Ruling(
        outcome="allowed with conditions",
        article=law.strip() or gettext("no law of this list"),
        reason=_advised(
            gettext("In {country}, a person may be searched for on a legal basis, on conditions.", country=place)
        ),
        conditions=conditions,
    )


def _refused(article: str, reason: str) -> Ruling:
    return Ruling(outcome="refused", article=article, reason=_advised(reason))


def _advised(reason: str) -> str:
    return f"{reason} {gettext(NOT_LEGAL_ADVICE)}"
