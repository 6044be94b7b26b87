"""How fast an archive of a thousand screenings answers, and how long exports take."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from audience.faces import EXPRESSIONS
from audience.reaction.curve import StageWindows, stage_windows
from audience.sessions import Session, Stage
from audience.stores import open_store
from audience.time import to_ms
from audience.timelines import Segment, Timeline
from audience.window_table import WindowTable
from bench.figures import Figure
from bench.review_parts.long_session import SESSION, put_long_session
from houselights.archiving.catalog import Catalog, SessionEntry
from houselights.archiving.packs import MOST_STAGES, PackReader, SessionChange, StageRows, changed_month
from houselights.archiving.places import FolderPlace
from houselights.archiving.run import archive, month_of
from houselights.archiving.tables import changed_scorers, digest, segments_table, sessions_table, windows_table
from houselights.exporting import export_session
from sample_data.generate import SCORER, load_samples
from tests.houselights.archives import QUERY, opened

SCREENINGS: Final = 1000
SECONDS: Final = 5000
FILMS: Final = 40
SCENES: Final = 10
ASKED: Final = 3
"""How often the query is asked, each time of an archive that is opened anew."""

_BEGAN: Final = datetime(2024, 1, 5, 19, tzinfo=UTC)


def answers() -> list[Figure]:
    """The query of `infra/archive.sql` over five million windows, by DuckDB on two threads."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_screenings(FolderPlace(folder))
        took = []
        for _ in range(ASKED):
            began_s = time.perf_counter()
            with opened(folder) as archived:
                rows = archived.execute(QUERY.read_text()).fetchall()
            took.append(time.perf_counter() - began_s)
        with opened(folder) as archived:
            ((windows,),) = archived.execute("SELECT COUNT(*) FROM windows").fetchall()
        size_mb = sum(path.stat().st_size for path in folder.rglob("*.parquet")) / 1e6
    assert len(rows) == FILMS * 2 * SCENES
    return [
        Figure(name="archive: windows", value=windows, reach=5_000_000),
        Figure(name="archive: size", value=size_mb, unit="MB"),
        Figure(
            name="archive: every scene's share and standing, from opening it, slowest of 3",
            value=max(took),
            unit="s",
            reach=2,
            direction="at most",
        ),
    ]


def exports() -> list[Figure]:
    """A session of 3 hours as files, and the sample sessions as an archive, anew and with nothing changed."""
    with tempfile.TemporaryDirectory() as name, open_store(f"sqlite:///{name}/bench.db") as store:
        put_long_session(store)
        one = _seconds(
            lambda: export_session(
                store,
                SESSION,
                Path(name) / "one",
                formats=("csv", "parquet"),
                min_faces=None,
                exported_at=datetime.now(UTC),
            )
        )
    with tempfile.TemporaryDirectory() as name, open_store(f"sqlite:///{name}/bench.db") as store:
        load_samples(store)
        windows = sum(
            len(store.windows(session.session_id, stage.stage_id))
            for session in store.sessions()
            for stage in store.stages(session.session_id)
        )
        place = FolderPlace(Path(name) / "all")
        anew = _seconds(lambda: archive(store, place, now_ms=0, on_session=lambda at, of: None))
        again = _seconds(lambda: archive(store, place, now_ms=0, on_session=lambda at, of: None))
    return [
        Figure(name="export of 3 hours, 4 cameras, as CSV and Parquet", value=one, unit="s"),
        Figure(name="archive of the samples: windows a second, written anew", value=windows / anew, unit="1/s"),
        Figure(name="archive of the samples: windows a second, nothing changed", value=windows / again, unit="1/s"),
    ]


def write_screenings(place: FolderPlace) -> None:
    """Writes an archive of screenings as `houselights export --archive` would, but past a store: that takes longer."""
    rng = np.random.default_rng(1)
    catalog = Catalog(place, "sqlite:///screenings.db", 0)
    month, changes = "", dict[str, SessionChange | None]()
    for number in range(SCREENINGS + 1):
        windows = _screening(number, rng)
        if number == SCREENINGS or month_of(windows.session) != month or len(changes) == MOST_STAGES:
            if changes:
                catalog.put({month: changed_month(catalog, PackReader(catalog), month, changes)})
            month, changes = month_of(windows.session), {}
        row, of_windows, of_segments = (
            sessions_table([windows.session]),
            windows_table(windows),
            segments_table(windows),
        )
        changes[windows.session.session_id] = SessionChange(
            entry=SessionEntry(digest=digest(row), read_ms=0, set_up_ms=None, stages={}),
            row=row,
            stages={"screen": StageRows(windows=of_windows, segments=of_segments, recordings="", digest="")},
        )
    scorers = changed_scorers(None, [SCORER])
    assert scorers is not None
    catalog.put_scorers(scorers)
    catalog.finish([])


def _screening(number: int, rng: np.random.Generator) -> StageWindows:
    """A screening of 83 minutes in which as many smile by chance in every second."""
    began = _BEGAN + timedelta(hours=17 * number)
    film = number % FILMS
    session = Session(
        session_id=f"screening-{number:04}",
        started_at=began,
        ended_at=began + timedelta(seconds=SECONDS),
        kind="screening",
        film=f"Film {film}",
        cut="AB"[number // FILMS % 2],
        city=f"City {number % 7}",
        simulated=True,
    )
    edges = np.linspace(0, SECONDS, SCENES + 1).tolist()
    segments = tuple(
        Segment(title=f"Film {film}, scene {place}", start_s=edges[place], end_s=edges[place + 1])
        for place in range(SCENES)
    )
    stage = Stage(stage_id="screen", timelines=(Timeline(title="Scenes", segments=segments),))
    return stage_windows(session, stage, [], _table(to_ms(began), tuple(SCORER.thresholds), rng))


def _table(began_ms: int, expressions: Sequence[str], rng: np.random.Generator) -> WindowTable:
    people = int(rng.integers(20, 200))
    faces = rng.binomial(people, 0.9, SECONDS).astype(np.int64)
    ordered = tuple(sorted(expressions, key=EXPRESSIONS.index))
    over = rng.binomial(faces[:, None], rng.uniform(0.02, 0.4, len(ordered))).astype(np.int64)
    total = over * 0.75 + (faces[:, None] - over) * 0.25 + rng.random(over.shape)
    scored = np.repeat(faces[:, None], len(ordered), axis=1)
    return replace(
        WindowTable.of([]),
        start_ms=began_ms + 1000 * np.arange(SECONDS, dtype=np.int64),
        camera=np.zeros(SECONDS, dtype=np.int64),
        cameras=("front",),
        faces=faces,
        expected=np.full(SECONDS, people),
        covered=faces,
        measures=ordered,
        scored=scored,
        total=total,
        squares=total,
        over=over,
        estimate=np.full(over.shape, np.nan),
        variance=np.full(over.shape, np.nan),
        spans=np.ones(SECONDS, dtype=np.int64),
        scored_spans=(scored > 0).astype(np.int64),
        scorers=(SCORER.name,),
    )


def _seconds(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s
