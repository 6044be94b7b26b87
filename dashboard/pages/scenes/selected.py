"""What the Scenes page is about: the screenings of one film, and how they were chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from audience.comparing.scenes import work_of
from audience.export.tables import ExportTable, joined, notes_table
from audience.language import language, using
from dashboard.choices import lead_of
from dashboard.download import Chosen, DownloadBundle, Picture
from dashboard.pages.screening_data import scorers
from dashboard.pages.screenings import Screening, expressions_of

PAGE = "scenes"
PICTURE_WIDTH = 1200  # of a picture that is taken away, pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenScenes:
    """Screenings of one work.

    Attributes:
        work: which; see `work_of`.
        screenings: those with figures and a timeline, of one scorer, one at least.
        experimental: expressions whose accuracy is not established.
        address: of the page, with all that was chosen.
        filters: what the address says, by name.
    """

    work: str
    screenings: tuple[Screening, ...]
    experimental: frozenset[str]
    address: str
    filters: Mapping[str, str]

    @property
    def scorer(self) -> str:
        """Whose figures these are."""
        return self.screenings[0].scorers[0]

    @property
    def expressions(self) -> tuple[str, ...]:
        """The expressions any of them has figures for."""
        return expressions_of(self.screenings)

    @property
    def lead(self) -> str:
        """The expression to show where nobody chose one."""
        return lead_of(self.expressions)

    @property
    def simulated(self) -> bool:
        """Whether a program made any of them."""
        return any(screening.session.simulated for screening in self.screenings)

    def bundle(
        self, settings: Chosen, table: Callable[[], ExportTable], picture: Callable[[], Picture]
    ) -> Callable[[], DownloadBundle]:
        """What makes the files of a view, with the notes of all its screenings.

        Args:
            settings: the choices of the view.
            table, picture: make what it shows.
        """
        # Files are made where no page runs, and no viewer is known.
        return partial(_bundle, self, settings, table, picture, language())


def by_work(screenings: Sequence[Screening]) -> dict[str, tuple[Screening, ...]]:
    """Screenings that say what was shown in parts, by what was shown; that with the most first."""
    found: dict[str, list[Screening]] = {}
    for screening in screenings:
        if screening.stage.timelines and screening.stage.timelines[0].segments:
            found.setdefault(work_of(screening.session, screening.stage), []).append(screening)
    return {work: tuple(found[work]) for work in sorted(found, key=lambda work: (-len(found[work]), work))}


def _bundle(
    chosen: ChosenScenes,
    settings: Chosen,
    table: Callable[[], ExportTable],
    picture: Callable[[], Picture],
    viewers: str,
) -> DownloadBundle:
    with using(viewers):
        drawn = picture()
    return DownloadBundle(
        page=PAGE,
        address=chosen.address,
        chosen={"work": chosen.work, "scorer": chosen.scorer, **chosen.filters, **settings},
        tables=[
            table(),
            joined([notes_table(one.session.session_id, [one.stage]) for one in chosen.screenings]),
        ],
        pictures=[drawn],
        stages=[screening.windows for screening in chosen.screenings],
        scorers=scorers(chosen.screenings),
    )
