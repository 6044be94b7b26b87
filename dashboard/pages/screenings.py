"""The screenings of a comparison: stages with their windows, all of one scorer, and what was left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from audience.comparing.cuts import one_scorer
from audience.faces import EXPRESSIONS
from audience.language import gettext, ngettext
from audience.reaction.curve import StageWindows
from audience.sessions import Camera, Session, Stage
from audience.time import clock_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """One stage of a session: one audience that saw something.

    Attributes:
        session: the session.
        stage: the stage.
        cameras: the stage's.
        windows: the stage's windows on its axis; empty where nothing was recorded.
        experimental: expressions whose accuracy its scorer does not establish.
        stages: how many stages the session has.
    """

    session: Session
    stage: Stage
    cameras: tuple[Camera, ...]
    windows: StageWindows
    experimental: frozenset[str] = frozenset()
    stages: int = 1

    @property
    def key(self) -> str:
        """What tells it from all others, for tables and addresses: ids hold no slash."""
        return f"{self.session.session_id}/{self.stage.stage_id}"

    @property
    def name(self) -> str:
        """What to call it: the session, with its stage where there are several."""
        return self.session.name if self.stages == 1 else f"{self.session.name} · {self.stage.name}"

    @property
    def scorers(self) -> tuple[str, ...]:
        """Who made its figures."""
        return self.windows.table.scorers

    @property
    def marks(self) -> str:
        """Changes whenever its windows do, so that what is worked out of them can be kept under it."""
        table = self.windows.table
        sums = (len(table), table.scored.sum(), table.over.sum(), table.scorers)
        return repr((self.session, self.stage, self.cameras, *sums))


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A stage that cannot be compared, and why, in a few words."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is compared.

    Attributes:
        screenings: those with figures, all of one scorer, in the order of their beginning.
        left_out: those that were chosen too and cannot be compared.

    Raises:
        InvalidValue: several scorers made the figures.
    """

    screenings: tuple[Screening, ...]
    left_out: tuple[LeftOut, ...] = ()

    def __post_init__(self) -> None:
        one_scorer(screening.windows for screening in self.screenings)

    @property
    def expressions(self) -> tuple[str, ...]:
        """The expressions any of them has figures for, in the order of `EXPRESSIONS`."""
        return expressions_of(self.screenings)

    @property
    def experimental(self) -> frozenset[str]:
        """Those of them whose accuracy is not established."""
        return frozenset(name for screening in self.screenings for name in screening.experimental)


def expressions_of(screenings: Iterable[Screening]) -> tuple[str, ...]:
    """The expressions that any of some screenings has figures for, in the order of `EXPRESSIONS`."""
    scored = {name for screening in screenings for name in screening.windows.expressions}
    return tuple(name for name in EXPRESSIONS if name in scored)


def names_of(screenings: Iterable[Screening]) -> dict[str, str]:
    """The label of each screening, by its key; screenings of one name also show their ids."""
    screenings = list(screenings)
    names = Counter(one.name for one in screenings)
    ids = {one.key: one.session.session_id if one.stages == 1 else one.key for one in screenings}
    return {one.key: one.name if names[one.name] == 1 else f"{one.name} ({ids[one.key]})" for one in screenings}


def by_scorer(screenings: Iterable[Screening]) -> Mapping[str, tuple[Screening, ...]]:
    """The screenings that have figures, by their scorer, that with the most screenings first.

    Those of which two scorers made parts are in none.
    """
    found: dict[str, list[Screening]] = {}
    for screening in screenings:
        if not _why_not(screening):
            found.setdefault(screening.scorers[0], []).append(screening)
    return {name: tuple(found[name]) for name in sorted(found, key=lambda name: (-len(found[name]), name))}


def selected(screenings: Sequence[Screening], scorer: str) -> Selection:
    """The screenings of one scorer; the others are left out, each with the reason.

    Args:
        screenings: those that were chosen.
        scorer: whose figures to compare.
    """
    kept, left_out = [], []
    for screening in sorted(screenings, key=lambda one: (one.session.started_at, one.key)):
        why = _why_not(screening)
        if not why and screening.scorers != (scorer,):
            why = gettext("scored by {scorer}", scorer=screening.scorers[0])
        if why:
            left_out.append(LeftOut(name=screening.name, why=why))
        else:
            kept.append(screening)
    return Selection(screenings=tuple(kept), left_out=tuple(left_out))


def _why_not(screening: Screening) -> str:
    """Why a screening cannot be compared with any other; empty where it can."""
    windows = screening.windows
    if screening.session.mode == "head count":
        return gettext("only heads were counted")
    if not len(windows.place):
        return gettext("nothing recorded")
    if len(screening.scorers) > 1:
        return gettext("scored in parts by {scorers}", scorers=", ".join(screening.scorers))
    if not windows.table.scored.any():
        if not windows.withheld.any():
            return gettext("no figures")
        return gettext("fewer than {least} faces throughout", least=windows.min_faces)
    return ""


_MOST_NAMED = 3


def left_out_text(selection: Selection) -> str:
    """Which chosen screenings are in no figure, and why, in a sentence."""
    reasons = [f"{one.name} ({one.why})" for one in selection.left_out[:_MOST_NAMED]]
    if (more := len(selection.left_out) - _MOST_NAMED) > 0:
        reasons.append(ngettext("{count} more", "{count} more", more))
    return gettext("Left out of every figure: {screenings}.", screenings=", ".join(reasons))


def lines_set_down(screenings: Iterable[Screening]) -> list[str]:
    """A line for each, in the order of the screenings and of the instants they begin at."""
    lines = []
    for screening in screenings:
        found: list[tuple[datetime, str]] = []
        for one in screening.stage.exclusions:
            by = f"{one.by}: {one.reason}" if one.reason else one.by
            line = gettext(
                "Left out, {begin} to {end} of the session: “{title}” ({by})",
                begin=_at(screening, one.from_at),
                end=_at(screening, one.until_at),
                title=one.title,
                by=by,
            )
            found.append((one.from_at, line))
        for note in screening.stage.annotations:
            line = gettext(
                "{time} of the session: “{title}” ({by})", time=_at(screening, note.at), title=note.title, by=note.by
            )
            found.append((note.at, line))
        lines += [f"{screening.name} · {line}" for _, line in sorted(found)]
    return lines


def _at(screening: Screening, instant: datetime) -> str:
    return clock_text((instant - screening.session.started_at).total_seconds())
