"""The measurement mode of a session: decided once, and followed by every scorer, page and export.

The European Union's AI Act (Regulation (EU) 2024/1689), article 5(1)(f), prohibits inferring the emotions of people at
their workplace and in education. Where that may apply, only heads are counted. This is a safeguard, not legal advice:
other rules (data protection, labour law, house rules) may require more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from audience.countries import country_code, country_name
from audience.errors import InvalidValue
from audience.language import ENGLISH, N_, gettext, language

Setting = Literal["event", "cinema", "research", "home", "workplace", "education"]
Mode = Literal["expressions", "head count"]

SETTINGS: tuple[Setting, ...] = get_args(Setting)
MODES: tuple[str, ...] = get_args(Mode)
NOT_LEGAL_ADVICE = N_("This is a safeguard, not legal advice.")

EU_COUNTRIES = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)
# Parts of the EU with an ISO 3166 code of their own: the outermost regions of France (TFEU, article 349) and Åland.
_EU_ELSEWHERE = frozenset({"AX", "GF", "GP", "MF", "MQ", "RE", "YT"})


# By kind of place: where EU law may hold, where it does, and where it does not.
_NO_COUNTRY = {
    "workplace": N_(
        "Only heads are counted: inferring emotions at a workplace is prohibited in the EU (AI Act, article 5(1)(f)), "
        "and no country was given: give it if it is elsewhere."
    ),
    "education": N_(
        "Only heads are counted: inferring emotions in education is prohibited in the EU (AI Act, article 5(1)(f)), "
        "and no country was given: give it if it is elsewhere."
    ),
}
_IN_THE_EU = {
    "workplace": N_(
        "Only heads are counted: inferring emotions at a workplace is prohibited in the EU (AI Act, article 5(1)(f)). "
        "{country} is in the EU."
    ),
    "education": N_(
        "Only heads are counted: inferring emotions in education is prohibited in the EU (AI Act, article 5(1)(f)). "
        "{country} is in the EU."
    ),
}
_ELSEWHERE = {
    "workplace": N_(
        "Expressions are measured: {country} is outside the EU, whose ban on inferring emotions at a workplace (AI "
        "Act, article 5(1)(f)) does not apply there. Other rules may."
    ),
    "education": N_(
        "Expressions are measured: {country} is outside the EU, whose ban on inferring emotions in education (AI Act, "
        "article 5(1)(f)) does not apply there. Other rules may."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What may be measured, and why.

    Attributes:
        mode: "expressions", or "head count" where only heads are counted.
        setting: the kind of place it was decided for.
        country: its country's ISO 3166-1 code; None if unknown.
        sentences: why, in English, for the person who sets up the session; `{setting}` and `{country}` in them are to
            be filled in with names.
    """

    mode: Mode
    setting: Setting
    country: str | None
    sentences: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Why, in English."""
        country = country_name(self.country) if self.country else ""
        return " ".join(self.sentences).format(setting=self.setting, country=country)


def reason_text(mode: Mode, reason: str) -> str:
    """What a session measures, in the reader's language: the recorded reason, which is English, or what it comes to.

    Args:
        mode, reason: of the session.
    """
    if language() == ENGLISH and reason:
        return reason
    return gettext("Only heads are counted.") if mode == "head count" else gettext("Expressions are measured.")


def is_in_eu(code: str) -> bool:
    """Whether EU law holds in a country or territory, by its ISO 3166-1 code."""
    return code in EU_COUNTRIES or code in _EU_ELSEWHERE


def measures_facing(setting: Setting) -> bool:
    """Whether a session measures which faces are turned to the stage.

    That is no emotion, so head counts may have it. At a workplace and in education it is left out: whether workers or
    pupils look ahead would be a measure of their behaviour (AI Act, annex III, points 3 and 4).
    """
    return setting not in ("workplace", "education")


def decide(setting: Setting, country: str | None, *, heads_only: bool = False) -> Decision:
    """Decides which mode a session may use.

    Args:
        setting: the kind of place people watch in.
        country: name or ISO 3166-1 code of the country they watch in; None if unknown.
        heads_only: whether to count heads only, whatever is allowed.

    Returns:
        The mode and its reason. At work or in education an unknown country counts as an EU country, because measuring
        expressions there may be prohibited.

    Raises:
        InvalidValue: the setting or the country is unknown.
    """
    if setting not in SETTINGS:
        raise InvalidValue(f"setting {setting!r} is unknown: use one of {', '.join(SETTINGS)}")
    code = None if country is None else country_code(country)
    mode: Mode = "expressions"
    sentences: tuple[str, ...]
    if heads_only:
        mode, sentences = "head count", (N_("Only heads are counted, as requested."),)
    elif setting not in ("workplace", "education"):
        sentences = (N_("Expressions are measured (kind of place: {setting})."),)
    elif code is None:
        mode, sentences = "head count", (_NO_COUNTRY[setting], NOT_LEGAL_ADVICE)
    elif is_in_eu(code):
        mode, sentences = "head count", (_IN_THE_EU[setting], NOT_LEGAL_ADVICE)
    else:
        sentences = (_ELSEWHERE[setting], NOT_LEGAL_ADVICE)
    return Decision(mode=mode, setting=setting, country=code, sentences=sentences)
