"""What the Panel page says."""

from __future__ import annotations

from math import isnan
from typing import Final

from audience.identity.presence import Agreement, Source
from audience.identity.programmes import LEAST_HOUSEHOLDS, Band, PanelFigures, ProgrammeFigures
from audience.language import N_, decimal, gettext, ngettext, whole
from audience.percents import percent, percent_text

LEAD: Final = N_("Who was there, minute by minute: by the household's buttons, and by a camera where there is one.")
NO_PANEL: Final = N_(
    "There is no session of a panel with a household here. Simulate one, or set a session of kind panel up whose "
    "stages have the households' ids:"
)
ABOUT_LINK: Final = N_(
    "The household taps who is watching on a page of its own, on a phone or tablet. Its address is shown only now, "
    "ends when another is made, and lets whoever has it tap, and see the family's names."
)
NO_HOUSEHOLD: Final = N_("None of this session's stages is a household that signed up, or it has not begun.")
NONE: Final = "\N{EN DASH}"
SOURCES: Final[dict[Source, str]] = {"button": N_("By button"), "camera": N_("By camera")}

HOW_VOTED: Final = (
    N_(
        "A minute belongs to what holds for at least half of it. Between two sightings within 45 s somebody counts as "
        "there."
    ),
    N_(
        "One face of two people alike says that one of them is there, and not which: both are unsure. A face that is "
        "nobody's leaves open who it is."
    ),
    N_("Minutes with privacy are gaps: they are in no figure."),
    N_("Sex and age are as somebody typed them."),
    N_(
        "Measured are presence and visible expression, not feeling, and not attention: whose face is turned to the "
        "screen need not look at it."
    ),
)


def household_lead(title: str, one: ProgrammeFigures, source: Source, least_minutes: int) -> str:
    """The first sentence on a household."""
    if not one.counted:
        return gettext("{title}: too few of its minutes are known to say who watched it.", title=title)
    values = {"title": title, "average": decimal(one.average_audience, 1), "reach": one.reach}
    if source == "button":
        return ngettext(
            "{title}: {average} of {members} members were logged in at an average minute, {reach} for at least a "
            "minute.",
            "{title}: {average} of {members} members were logged in at an average minute, {reach} for at least {count} "
            "minutes.",
            least_minutes,
            members=one.counted,
            **values,
        )
    return ngettext(
        "{title}: {average} of {members} members were in the room at an average minute, {reach} for at least a minute.",
        "{title}: {average} of {members} members were in the room at an average minute, {reach} for at least {count} "
        "minutes.",
        least_minutes,
        members=one.counted,
        **values,
    )


def panel_lead(title: str, panel: PanelFigures, least_minutes: int) -> str:
    """The first sentence on a whole panel."""
    if isnan(panel.rating.value):
        return gettext("{title}: too few of its minutes are known to say who watched it.", title=title)
    return ngettext(
        "{title}: {rating} of {members} members watched at an average minute, and {reach} for at least a minute.",
        "{title}: {rating} of {members} members watched at an average minute, and {reach} for at least {count} "
        "minutes.",
        least_minutes,
        title=title,
        rating=percent_text(panel.rating.value),
        members=panel.members,
        reach=percent_text(panel.reach.value),
    )


def band_text(band: Band) -> str:
    """A figure with its band, for a table."""
    if isnan(band.value):
        return NONE
    if isnan(band.low):
        return percent_text(band.value)
    return gettext(
        "{value} ({low} to {high})", value=percent_text(band.value), low=percent(band.low), high=percent(band.high)
    )


def small_panel(panel: PanelFigures) -> str:
    """What a small panel cannot say; "" for a large one."""
    if panel.households < LEAST_HOUSEHOLDS:
        return ngettext(
            "One household with figures: under {least} there are no bands.",
            "{count} households with figures: under {least} there are no bands.",
            panel.households,
            least=LEAST_HOUSEHOLDS,
        )
    if panel.is_small:
        return ngettext(
            "A small panel, of one household with figures: who happens to be in it decides much, and the bands are "
            "wide.",
            "A small panel, of {count} households with figures: who happens to be in it decides much, and the bands "
            "are wide.",
            panel.households,
        )
    return ""


def agreement_text(found: Agreement) -> str:
    """How far buttons and cameras agree."""
    if not found.minutes:
        return gettext("There are no minutes in which both buttons and a camera say something.")
    values = {
        "share": percent_text(found.share),
        "only_button": found.button_only,
        "only_camera": found.camera_only,
    }
    if isnan(found.kappa):
        return gettext(
            "Buttons and camera agree in {share} of {minutes} member-minutes: logged in and not seen in {only_button}, "
            "seen and not logged in in {only_camera}.",
            minutes=whole(found.minutes),
            **values,
        )
    return gettext(
        "Buttons and camera agree in {share} of {minutes} member-minutes (Cohen's kappa {kappa}): logged in and not "
        "seen in {only_button}, seen and not logged in in {only_camera}.",
        minutes=whole(found.minutes),
        kappa=decimal(found.kappa, 2),
        **values,
    )


def number_text(value: float) -> str:
    """A figure with one digit, or a dash."""
    return NONE if isnan(value) else decimal(value, 1)
