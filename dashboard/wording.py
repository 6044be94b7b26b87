"""Sentences that several pages share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import tzinfo
from math import isnan

from audience.disclosure import SMALL_ROOM
from audience.faces import FACING
from audience.language import N_, gettext
from audience.percents import percent_text
from audience.reaction.baseline import BaselineChoice
from audience.reaction.curve import EXCLUDED, FEW, NO_PICTURE, NOBODY, Allowance, StageWindows, states
from audience.reaction.prominence import NoMomentsReason
from audience.reaction.review import Review
from audience.sessions import Kind, Session, Stage
from dashboard.clock import date_text, length_text

NOT_FEELING = N_("Houselights measures visible expression, not feeling: a smile can be seen; what it means cannot.")
ABOUT_SUGGESTIONS = (
    "Said only where chance alone would hardly ever make it: at most once in twenty talks in which nothing differs. It "
    "may come from the audience, not from what was shown."
)
GAPS = "Gaps in the line mean that there is no figure."
HOW_TO_SEE_SAMPLES = "houselights demo"


def band_words(allows_for: Collection[Allowance]) -> str:
    """Explains the band around a share."""
    if "scorer's errors" in allows_for:
        return "The band is a 95 % interval: it allows for how many faces were seen, and for how often the scorer errs."
    return "The band is a 95 % interval: it allows for which faces happened to be seen, not for scorer errors."


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

# Said of a face: what it shows, as far as it can be seen.
_SHOW = {
    "smile": "that smile",
    "happy": "that look happy",
    "surprised": "that look surprised",
    "calm": "that look calm",
    "sad": "that look sad",
    "angry": "that look angry",
    "confused": "that look confused",
    "disgusted": "that look disgusted",
    "fear": "that look afraid",
    "contempt": "that look contemptuous",
    FACING: "that face the front",
}


def expression_name(expression: str, *, experimental: bool = False) -> str:
    """The label of an expression; experimental ones say so."""
    name = "Facing the front" if expression == FACING else expression.capitalize()
    return name + (" (experimental)" if experimental else "")


def about_facing() -> tuple[str, ...]:
    """What a curve of faces turned to the front says, and what it does not."""
    return (
        f"{share_of(FACING, 0).removesuffix(', second by second')}: turned by less than 30° from where the room looks.",
        "That is where heads turn, neither attention nor interest. Faces turned far away are often not found, and then "
        "count neither way.",
        band_words(()),
    )


def share_of(expression: str, smoothing_s: float, *, corrected: bool = False) -> str:
    """The label of a curve, with what it is averaged over, and whether the scorer's errors are corrected."""
    averaged = f", averaged over {smoothing_s:g} s" if smoothing_s else ", second by second"
    return f"{'Corrected share' if corrected else 'Share'} of faces {_SHOW[expression]}{averaged}"


def doing(expression: str) -> str:
    """What the faces do that are counted, as in "43 % of 61 faces smile"."""
    return _SHOW[expression].removeprefix("that ")


# What a share is compared with, by choice of baseline.
AGAINST: dict[BaselineChoice, str] = {
    "whole talk": "The whole session",
    "moving median": "The minutes around",
    "pre-roll": "Before the start",
}


def compared_with(against: BaselineChoice) -> str:
    """The heading of changes against a baseline."""
    return f"Compared with {AGAINST[against].lower()}"


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
    are = "1 window lies" if count == 1 else f"{count:,} windows lie"
    return (
        f"{are} far outside the session and {'is' if count == 1 else 'are'} left out ({', '.join(windows.outside)}): "
        "the camera's clock or the session's times are wrong."
    )


def faces_text(faces: float) -> str:
    """How many faces, as "1 face" or "12 faces"."""
    return "1 face" if round(faces) == 1 else f"{faces:.0f} faces"


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
        facts.append(f"up to {faces_text(review.most_faces)}")
    if not isnan(review.coverage):
        facts.append(f"coverage {percent_text(review.coverage)}")
    return facts


def plain(text: str) -> str:
    """Escapes text for Markdown."""
    return "".join(f"\\{character}" if character in _MARKDOWN else character for character in text)


_MARKDOWN = frozenset("\\`*_{}[]()<>#+-.!|~$:&=^@/\"'")


ABOUT = (
    "Each moment stands out more than chance explains: if nobody in an audience of this size reacted to anything, "
    "fewer than 1 in 20 sessions would show a moment at all, and fewer than 1 in 100 one that is very sure. Shares are "
    "averaged over {stretch_s:g} s."
)
NOTHING = "Nothing stood out more than chance explains: the reaction was much the same throughout."
LATER = "Key moments appear when the session ends."
SO_FAR = (
    "So far, looked for twice a minute: who looks that often finds more by chance, and what stands out now may not at "
    "the end. The moments of the whole session appear when it ends."
)
NONE_SO_FAR = "Nothing has stood out more than chance explains so far."
LACKS: dict[NoMomentsReason, str] = {
    "too short": "Not enough data for moments: they need 45 seconds of figures.",
    "too few faces": (
        "Too few faces for moments: people hold expressions for so long that even a reaction of all at once could "
        "be chance."
    ),
    "": NOTHING,
}


def about_moments(review: Review) -> str:
    """How to read the moments of a review with an expression; where there are none, why."""
    if review.live:
        return LATER
    if review.moments:
        return ABOUT.format(stretch_s=review.moments[0].stretch_s)
    return LACKS[review.no_moments_reason]


def state_names(windows: StageWindows) -> dict[int, str]:
    """The labels of time ranges without a figure."""
    return {
        NOBODY: "nobody in view",
        NO_PICTURE: "no picture",
        FEW: _why_few(windows),
        EXCLUDED: "left out",
    }


def _why_few(windows: StageWindows) -> str:
    withheld = windows.faces[windows.withheld]
    if len(withheld) and (withheld >= windows.min_faces).all():
        return f"not the usual number of faces (a room of at most {SMALL_ROOM} shows a share at that number only)"
    return f"too few faces to show a share ({windows.why_withheld})"


def few_faces_note(windows: StageWindows) -> str:
    """What the curve of a small room does not show; empty for others."""
    scored, spans = windows.table.scored, windows.table.scored_spans
    if windows.min_faces <= 1 or not ((scored > 0) & (scored <= SMALL_ROOM * spans)).any():
        return ""
    return (
        f"With {SMALL_ROOM} faces or fewer, shares are drawn only from 1 in 5 to 4 in 5: closer to none or all "
        "would reveal what each person did."
    )


def legend(windows: StageWindows) -> str:
    """What the shading of a curve means, for those who cannot read its labels; empty without shading."""
    state = states(windows)
    unseen = [name for kind, name in state_names(windows).items() if kind != FEW and (state == kind).any()]
    lines = [f"Grey: {' or '.join(unseen)}."] if unseen else []
    if (state == FEW).any():
        lines.append(f"Blue-grey: {state_names(windows)[FEW]}.")
    return " ".join(lines)
