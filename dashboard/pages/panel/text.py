"""What the Panel page says."""

from __future__ import annotations

from math import isnan
from typing import Final

from audience.identity.presence import Agreement, Source
from audience.identity.programmes import LEAST_HOUSEHOLDS, Band, PanelFigures, ProgrammeFigures
from audience.percents import percent, percent_text

LEAD: Final = "Who was there, minute by minute: by the household's buttons, and by a camera where there is one."
NO_PANEL: Final = (
    "There is no session of a panel with a household here. Simulate one, or set a session of kind panel up whose "
    "stages have the households' ids:"
)
ABOUT_LINK: Final = (
    "The household taps who is watching on a page of its own, on a phone or tablet. Its address is shown only now, "
    "ends when another is made, and lets whoever has it tap, and see the family's names."
)
NO_HOUSEHOLD: Final = "None of this session's stages is a household that signed up, or it has not begun."
NONE: Final = "\N{EN DASH}"
SOURCES: Final[dict[Source, str]] = {"button": "By button", "camera": "By camera"}

HOW_VOTED: Final = (
    "A minute belongs to what holds for at least half of it. Between two sightings within 45 s somebody counts as "
    "there.",
    "One face of two people alike says that one of them is there, and not which: both are unsure. A face that is "
    "nobody's leaves open who it is.",
    "Minutes with privacy are gaps: they are in no figure.",
    "Sex and age are as somebody typed them.",
    "Measured are presence and visible expression, not feeling, and not attention: whose face is turned to the screen "
    "need not look at it.",
)


def household_lead(title: str, one: ProgrammeFigures, source: Source, least_minutes: int) -> str:
    """The first sentence on a household."""
    if not one.counted:
        return f"{title}: too few of its minutes are known to say who watched it."
    how = "logged in" if source == "button" else "in the room"
    return (
        f"{title}: {one.average_audience:.1f} of {one.counted} members were {how} at an average minute, "
        f"{one.reach} for at least {_minutes(least_minutes)}."
    )


def panel_lead(title: str, panel: PanelFigures, least_minutes: int) -> str:
    """The first sentence on a whole panel."""
    if isnan(panel.rating.value):
        return f"{title}: too few of its minutes are known to say who watched it."
    return (
        f"{title}: {percent_text(panel.rating.value)} of {panel.members} members watched at an average minute, and "
        f"{percent_text(panel.reach.value)} for at least {_minutes(least_minutes)}."
    )


def band_text(band: Band) -> str:
    """A figure with its band, for a table."""
    if isnan(band.value):
        return NONE
    if isnan(band.low):
        return percent_text(band.value)
    return f"{percent(band.value)} % ({percent(band.low)} to {percent(band.high)})"


def small_panel(panel: PanelFigures) -> str:
    """What a small panel cannot say; "" for a large one."""
    if panel.households < LEAST_HOUSEHOLDS:
        return f"{_households(panel.households)} with figures: under {LEAST_HOUSEHOLDS} there are no bands."
    if panel.is_small:
        return (
            f"A small panel, of {_households(panel.households)} with figures: who happens to be in it decides much, "
            "and the bands are wide."
        )
    return ""


def agreement_text(found: Agreement) -> str:
    """How far buttons and cameras agree."""
    if not found.minutes:
        return "There are no minutes in which both buttons and a camera say something."
    kappa = "" if isnan(found.kappa) else f" (Cohen's kappa {found.kappa:.2f})"
    return (
        f"Buttons and camera agree in {percent_text(found.share)} of {found.minutes:,} member-minutes{kappa}: logged "
        f"in and not seen in {found.button_only}, seen and not logged in in {found.camera_only}."
    )


def number_text(value: float, unit: str = "") -> str:
    """A figure with one digit, or a dash."""
    return NONE if isnan(value) else f"{value:.1f}{unit}"


def _minutes(count: int) -> str:
    return "a minute" if count == 1 else f"{count} minutes"


def _households(count: int) -> str:
    return "one household" if count == 1 else f"{count} households"
