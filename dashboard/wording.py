"""Sentences that several pages share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import tzinfo
from math import isnan

from audience.disclosure import SMALL_ROOM
from audience.faces import FACING
from audience.language import N_, decimal, gettext, ngettext
from audience.percents import percent_text
from audience.reaction.baseline import BaselineChoice
from audience.reaction.curve import EXCLUDED, FEW, NO_PICTURE, NOBODY, Allowance, StageWindows, states
from audience.reaction.prominence import NoMomentsReason
from audience.reaction.review import Review
from audience.sessions import Kind, Session, Stage
from dashboard.clock import date_text, length_text

NOT_FEELING = N_("Houselights measures visible expression, not feeling: a smile can be seen; what it means cannot.")
ABOUT_SUGGESTIONS = N_(
    "Said only where chance alone would hardly ever make it: at most once in twenty talks in which nothing differs. It "
    "may come from the audience, not from what was shown."
)
GAPS = N_("Gaps in the line mean that there is no figure.")
HOW_TO_SEE_SAMPLES = "houselights demo"


def band_words(allows_for: Collection[Allowance]) -> str:
    """Explains the band around a share."""
    if "scorer's errors" in allows_for:
        return gettext(
            "The band is a 95 % interval: it allows for how many faces were seen, and for how often the scorer errs."
        )
    return gettext("The band is a 95 % interval: it allows for which faces happened to be seen, not for scorer errors.")


def how_to_score(session_id: str = "ID") -> str:
    """The command that scores a recording into a session."""
    return f"houselights score VIDEO --session {session_id}"


def kind_words(session: Session) -> list[str]:
    """The labels of a session: its kind, and what to know before reading its figures."""
    words = [kind_name(session.kind)]
    if session.mode == "head count":
        words.append(gettext("Head count only"))
    if session.simulated:
        words.append(gettext("Simulated"))
    return words


def kind_name(kind: Kind) -> str:
    """The label of a kind of session."""
    return gettext(_KINDS[kind])


_KINDS: dict[Kind, str] = {
    "talk": N_("Talk"),
    "screening": N_("Screening"),
    "festival": N_("Festival"),
    "panel": N_("Panel"),
}

_NAMES = {
    "smile": N_("Smile"),
    "happy": N_("Happy"),
    "surprised": N_("Surprised"),
    "calm": N_("Calm"),
    "sad": N_("Sad"),
    "angry": N_("Angry"),
    "confused": N_("Confused"),
    "disgusted": N_("Disgusted"),
    "fear": N_("Fear"),
    "contempt": N_("Contempt"),
    FACING: N_("Facing the front"),
}

# Said of a face: what it shows, as far as it can be seen.
_SHOW = {
    "smile": N_("that smile"),
    "happy": N_("that look happy"),
    "surprised": N_("that look surprised"),
    "calm": N_("that look calm"),
    "sad": N_("that look sad"),
    "angry": N_("that look angry"),
    "confused": N_("that look confused"),
    "disgusted": N_("that look disgusted"),
    "fear": N_("that look afraid"),
    "contempt": N_("that look contemptuous"),
    FACING: N_("that face the front"),
}
_DO = {
    "smile": N_("smile"),
    "happy": N_("look happy"),
    "surprised": N_("look surprised"),
    "calm": N_("look calm"),
    "sad": N_("look sad"),
    "angry": N_("look angry"),
    "confused": N_("look confused"),
    "disgusted": N_("look disgusted"),
    "fear": N_("look afraid"),
    "contempt": N_("look contemptuous"),
    FACING: N_("face the front"),
}


def expression_name(expression: str, *, experimental: bool = False) -> str:
    """The label of an expression; experimental ones say so."""
    name = gettext(_NAMES[expression]) if expression in _NAMES else expression.capitalize()
    return gettext("{expression} (experimental)", expression=name) if experimental else name


def about_facing() -> tuple[str, ...]:
    """What a curve of faces turned to the front says, and what it does not."""
    return (
        gettext("Share of faces that face the front: turned by less than 30° from where the room looks."),
        gettext(
            "That is where heads turn, neither attention nor interest. Faces turned far away are often not found, and "
            "then count neither way."
        ),
        band_words(()),
    )


def showing(expression: str) -> str:
    """Which faces are counted, as in "share of faces that smile"."""
    return gettext(_SHOW[expression])


def share_of(expression: str, smoothing_s: float, *, corrected: bool = False) -> str:
    """The label of a curve, with what it is averaged over, and whether the scorer's errors are corrected."""
    which = showing(expression)
    if not smoothing_s:
        if corrected:
            return gettext("Corrected share of faces {that_show}, second by second", that_show=which)
        return gettext("Share of faces {that_show}, second by second", that_show=which)
    seconds = decimal(smoothing_s, 1)
    if corrected:
        return gettext(
            "Corrected share of faces {that_show}, averaged over {seconds} s", that_show=which, seconds=seconds
        )
    return gettext("Share of faces {that_show}, averaged over {seconds} s", that_show=which, seconds=seconds)


def doing(expression: str) -> str:
    """What the faces do that are counted, as in "43 % of 61 faces smile"."""
    return gettext(_DO[expression])


# What a share is compared with, by choice of baseline.
AGAINST: dict[BaselineChoice, str] = {
    "whole talk": N_("The whole session"),
    "moving median": N_("The minutes around"),
    "pre-roll": N_("Before the start"),
}
_COMPARED: dict[BaselineChoice, str] = {
    "whole talk": N_("Compared with the whole session"),
    "moving median": N_("Compared with the minutes around"),
    "pre-roll": N_("Compared with before the start"),
}


def compared_with(against: BaselineChoice) -> str:
    """The heading of changes against a baseline."""
    return gettext(_COMPARED[against])


def stage_names(stages: list[Stage]) -> dict[str, str]:
    """The label of each stage; stages of one title also show their ids."""
    titles = [stage.name for stage in stages]
    return {
        stage.stage_id: stage.name if titles.count(stage.name) == 1 else f"{stage.name} ({stage.stage_id})"
        for stage in stages
    }


def session_names(sessions: list[Session]) -> dict[str, str]:
    """The label of each session; sessions of one title also show their ids."""
    titles = Counter(session.name for session in sessions)
    return {
        session.session_id: session.name if titles[session.name] == 1 else f"{session.name} ({session.session_id})"
        for session in sessions
    }


def outside_note(windows: StageWindows) -> str:
    """A note on records far outside the session, which are in no figure; empty where there are none."""
    if not (count := sum(windows.outside.values())):
        return ""
    return ngettext(
        "{count} window lies far outside the session and is left out ({cameras}): the camera's clock or the session's "
        "times are wrong.",
        "{count} windows lie far outside the session and are left out ({cameras}): the camera's clock or the session's "
        "times are wrong.",
        count,
        cameras=", ".join(windows.outside),
    )


def faces_text(faces: float) -> str:
    """How many faces, as "1 face" or "12 faces"."""
    return ngettext("{count} face", "{count} faces", round(faces))


def review_facts(review: Review, zone: tzinfo) -> list[str]:
    """When and where a stage was recorded, how long, how many faces, and the coverage.

    Args:
        review: of the stage.
        zone: in which the date is given.
    """
    facts = [date_text(review.windows.session.started_at, zone)]
    if review.length_s:
        facts.append(length_text(review.length_s))
    facts.append(review.windows.stage.name)
    if not isnan(review.most_faces):
        facts.append(ngettext("up to {count} face", "up to {count} faces", round(review.most_faces)))
    if not isnan(review.coverage):
        facts.append(gettext("coverage {share}", share=percent_text(review.coverage)))
    return facts


def plain(text: str) -> str:
    """Escapes text for Markdown."""
    return "".join(f"\\{character}" if character in _MARKDOWN else character for character in text)


_MARKDOWN = frozenset("\\`*_{}[]()<>#+-.!|~$:&=^@/\"'")


ABOUT = N_(
    "Each moment stands out more than chance explains: if nobody in an audience of this size reacted to anything, "
    "fewer than 1 in 20 sessions would show a moment at all, and fewer than 1 in 100 one that is very sure. Shares are "
    "averaged over {seconds} s."
)
NOTHING = N_("Nothing stood out more than chance explains: the reaction was much the same throughout.")
LATER = N_("Key moments appear when the session ends.")
SO_FAR = N_(
    "So far, looked for twice a minute: who looks that often finds more by chance, and what stands out now may not at "
    "the end. The moments of the whole session appear when it ends."
)
NONE_SO_FAR = N_("Nothing has stood out more than chance explains so far.")
LACKS: dict[NoMomentsReason, str] = {
    "too short": N_("Not enough data for moments: they need 45 seconds of figures."),
    "too few faces": N_(
        "Too few faces for moments: people hold expressions for so long that even a reaction of all at once could "
        "be chance."
    ),
    "": NOTHING,
}


def about_moments(review: Review) -> str:
    """How to read the moments of a review with an expression; where there are none, why."""
    if review.live:
        return gettext(LATER)
    if review.moments:
        return gettext(ABOUT, seconds=decimal(review.moments[0].stretch_s, 1))
    return gettext(LACKS[review.no_moments_reason])


def state_names(windows: StageWindows) -> dict[int, str]:
    """The labels of time ranges without a figure."""
    return {
        NOBODY: gettext("nobody in view"),
        NO_PICTURE: gettext("no picture"),
        FEW: _why_few(windows),
        EXCLUDED: gettext("left out"),
    }


def _why_few(windows: StageWindows) -> str:
    withheld = windows.faces[windows.withheld]
    if len(withheld) and (withheld >= windows.min_faces).all():
        return gettext(
            "not the usual number of faces (a room of at most {small_room} shows a share at that number only)",
            small_room=SMALL_ROOM,
        )
    return gettext("too few faces to show a share ({why_withheld})", why_withheld=windows.why_withheld)


def few_faces_note(windows: StageWindows) -> str:
    """What the curve of a small room does not show; empty for others."""
    scored, spans = windows.table.scored, windows.table.scored_spans
    if windows.min_faces <= 1 or not ((scored > 0) & (scored <= SMALL_ROOM * spans)).any():
        return ""
    return gettext(
        "With {small_room} faces or fewer, shares are drawn only from 1 in 5 to 4 in 5: closer to none or all would "
        "reveal what each person did.",
        small_room=SMALL_ROOM,
    )


def legend(windows: StageWindows) -> str:
    """What the shading of a curve means, for those who cannot read its labels; empty without shading."""
    state = states(windows)
    unseen = [name for kind, name in state_names(windows).items() if kind != FEW and (state == kind).any()]
    lines = []
    if unseen:
        first, last = ", ".join(unseen[:-1]), unseen[-1]
        grey = gettext("{names} or {name}", names=first, name=last) if first else last
        lines.append(gettext("Grey: {what}.", what=grey))
    if (state == FEW).any():
        lines.append(gettext("Blue-grey: {what}.", what=state_names(windows)[FEW]))
    return " ".join(lines)
