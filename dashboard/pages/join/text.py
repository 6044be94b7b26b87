"""What people read who enrol themselves: the notice, by the purpose of the roster."""

from __future__ import annotations

from typing import Any, Final

from audience.identity.records import Purpose, Roster

NOTICE: Final = "2026-3"
"""Version of the notice; a consent names it. Change it with the words below."""

_LEAD: Final[dict[Purpose, str]] = {
    "register": "A list of people who are recognised where they said they want to be.",
    "welcome desk": "When you check in, whoever welcomes you sees your name and what you wrote.",
    "panel": "Your household's panel notes who is in the room while the set is on.",
}
_USED_FOR: Final[dict[Purpose, str]] = {
    "register": "to see that you were at one of the stages of this list",
    "welcome desk": "to show your name to whoever welcomes you, once you have checked in",
    "panel": "to note in which minutes you are in the room",
}


_JOINS: Final = (
    "What my face shows, such as a smile, may be noted with me in each minute. Without this it is noted only whether I "
    "am in the room."
)


def about(roster: Roster, *, contact: str) -> dict[str, Any]:
    """What the enrolment page says of a roster, as JSON has it.

    Args:
        roster: one that people join by themselves: not for searches.
        contact: whom to ask; "" where nobody is named.
    """
    where = f"at {', '.join(roster.stages)}, and nowhere else" if roster.stages else "nowhere yet"
    return {
        "title": roster.name,
        "lead": _LEAD[roster.purpose],
        "notice": NOTICE,
        "lines": [
            f"From your photos a template is made: some hundred numbers. It is used {_USED_FOR[roster.purpose]}, and "
            "for nothing else.",
            f"Cameras look for you {where}.",
            "The template is encrypted under a key of your own. The photos are not kept, unless you allow one below.",
            f"It ends after {roster.consent_days} days, or at once when you withdraw: the key is destroyed, and "
            "everything of you is erased.",
            "You need not take part, and lose nothing if you do not. Faces of people who are on no list are compared "
            "and forgotten at once.",
            "You may ask what is kept of you, have it corrected, and complain to your data protection authority."
            + (f" Ask {contact}." if contact else ""),
        ],
        "consent": "I agree that a template of my face is made and used as said above.",
        "photo": {
            "welcome desk": "One of my photos may be kept, for the card at the desk.",
        }.get(roster.purpose, "One of my photos may be kept, so that people can check what the camera says."),
        "greets": roster.purpose == "welcome desk",
        "joins": _JOINS if roster.purpose == "panel" else "",
    }


def mail_subject(roster: Roster) -> str:
    """The subject of the mail with somebody's own link."""
    return f"Your link to {'check in and to ' if roster.purpose == 'welcome desk' else ''}withdraw"


def mail(roster: Roster, link: str) -> str:
    """The mail with somebody's own link."""
    begins = "You check in by this link, and it" if roster.purpose == "welcome desk" else "This link"
    return (
        f"You are on the list {roster.name}.\n\n{begins} takes you off the list again, at any time. It is yours "
        f"alone:\n\n{link}\n"
    )


def joined(days: int, mailed: bool | None) -> str:
    """What is said once somebody is on a list; `mailed` is whether their link was mailed, None where not asked."""
    words = {True: " The link below was mailed to you.", False: " The link below could not be mailed.", None: ""}
    return f"You are on it for {days} days, or until you withdraw.{words[mailed]}"


CHECKED_IN: Final = "You are checked in: whoever welcomes you will see your name when you come in."


def leaving(roster: Roster) -> str:
    """What is asked before somebody withdraws."""
    return (
        f"You are on the list {roster.name}. When you withdraw, the key to your template is destroyed, and everything "
        "that is kept of you is erased, here and on the cameras."
    )
