"""What people read who enrol themselves: the notice, by the purpose of the roster."""

from __future__ import annotations

from typing import Any, Final

from audience.identity.records import Purpose, Roster
from audience.language import N_, gettext, ngettext

NOTICE: Final = "2026-3"
"""Version of the notice; a consent names it. Change it with the words below."""

_LEAD: Final[dict[Purpose, str]] = {
    "register": N_("A list of people who are recognised where they said they want to be."),
    "welcome desk": N_("When you check in, whoever welcomes you sees your name and what you wrote."),
    "panel": N_("Your household's panel notes who is in the room while the set is on."),
}
_USED_FOR: Final[dict[Purpose, str]] = {
    "register": N_(
        "From your photos a template is made: some hundred numbers. It is used to see that you were at one of the "
        "stages of this list, and for nothing else."
    ),
    "welcome desk": N_(
        "From your photos a template is made: some hundred numbers. It is used to show your name to whoever welcomes "
        "you, once you have checked in, and for nothing else."
    ),
    "panel": N_(
        "From your photos a template is made: some hundred numbers. It is used to note in which minutes you are in the "
        "room, and for nothing else."
    ),
}


def about(roster: Roster, *, contact: str) -> dict[str, Any]:
    """What the enrolment page says of a roster, as JSON has it.

    Args:
        roster: one that people join by themselves: not for searches.
        contact: whom to ask; "" where nobody is named.
    """
    if roster.stages:
        where = gettext("Cameras look for you at {stages}, and nowhere else.", stages=", ".join(roster.stages))
    else:
        where = gettext("Cameras look for you nowhere yet.")
    rights = gettext(
        "You may ask what is kept of you, have it corrected, and complain to your data protection authority."
    )
    if roster.purpose == "welcome desk":
        photo = gettext("One of my photos may be kept, for the card at the desk.")
    else:
        photo = gettext("One of my photos may be kept, so that people can check what the camera says.")
    joins = gettext(
        "What my face shows, such as a smile, may be noted with me in each minute. Without this it is noted only "
        "whether I am in the room."
    )
    return {
        "title": roster.name,
        "lead": gettext(_LEAD[roster.purpose]),
        "notice": NOTICE,
        "lines": [
            gettext(_USED_FOR[roster.purpose]),
            where,
            gettext(
                "The template is encrypted under a key of your own. The photos are not kept, unless you allow one "
                "below."
            ),
            ngettext(
                "It ends after {count} day, or at once when you withdraw: the key is destroyed, and everything of you "
                "is erased.",
                "It ends after {count} days, or at once when you withdraw: the key is destroyed, and everything of you "
                "is erased.",
                roster.consent_days,
            ),
            gettext(
                "You need not take part, and lose nothing if you do not. Faces of people who are on no list are "
                "compared and forgotten at once."
            ),
            *([rights, gettext("Ask {contact}.", contact=contact)] if contact else [rights]),
        ],
        "consent": gettext("I agree that a template of my face is made and used as said above."),
        "photo": photo,
        "greets": roster.purpose == "welcome desk",
        "joins": joins if roster.purpose == "panel" else "",
    }


def mail_subject(roster: Roster) -> str:
    """The subject of the mail with somebody's own link."""
    if roster.purpose == "welcome desk":
        return gettext("Your link to check in and to withdraw")
    return gettext("Your link to withdraw")


def mail(roster: Roster, link: str) -> str:
    """The mail with somebody's own link."""
    on_list = gettext("You are on the list {name}.", name=roster.name)
    if roster.purpose == "welcome desk":
        use = gettext("You check in by this link, and it takes you off the list again, at any time. It is yours alone:")
    else:
        use = gettext("This link takes you off the list again, at any time. It is yours alone:")
    return f"{on_list}\n\n{use}\n\n{link}\n"


def joined(days: int, mailed: bool | None) -> str:
    """What is said once somebody is on a list; `mailed` is whether their link was mailed, None where not asked."""
    said = ngettext(
        "You are on it for {count} day, or until you withdraw.",
        "You are on it for {count} days, or until you withdraw.",
        days,
    )
    if mailed is None:
        return said
    link = gettext("The link below was mailed to you.") if mailed else gettext("The link below could not be mailed.")
    return f"{said} {link}"


def checked_in() -> str:
    """What is said once somebody has checked in."""
    return gettext("You are checked in: whoever welcomes you will see your name when you come in.")


def leaving(roster: Roster) -> str:
    """What is asked before somebody withdraws."""
    return gettext(
        "You are on the list {name}. When you withdraw, the key to your template is destroyed, and everything that is "
        "kept of you is erased, here and on the cameras.",
        name=roster.name,
    )
