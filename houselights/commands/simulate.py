"""`houselights simulate`: creates sessions with known ground truth, for testing everything after the camera."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from houselights.commands.options import Count, Instant, Number, store_at, store_option
from houselights.commands.stopping import stopped_by_signal

USUAL_DAY = datetime(2026, 7, 11, 10, tzinfo=UTC)

_seed_option = click.option(
    "--seed",
    type=Count(min=0),
    default=1,
    show_default=True,
    metavar="N",
    help="The same seed gives the same simulation.",
)
_truth_option = click.option(
    "--truth",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Output file of the ground truth, JSON.  [default: SESSION-truth.json]",
)


@click.group(short_help="Create sessions with known ground truth.")
def simulate() -> None:
    """Create sessions with known ground truth. They are always labelled as simulated."""


@simulate.command(short_help="Simulate a festival day with many stages.")
@click.option("--stages", type=Count(1, 40), default=10, show_default=True, metavar="N")
@click.option("--cameras", type=Count(1, 5), default=3, show_default=True, metavar="N", help="Cameras per stage.")
@click.option("--hours", type=Number(0.02, 24), default=8.0, show_default=True, metavar="H")
@_seed_option
@click.option("--session", "session_id", metavar="ID", help="[default: simulated-festival-SEED]")
@click.option("--begins-at", type=Instant(), metavar="ISO", help="[default: 2026-07-11T10:00:00Z; with --live, now]")
@click.option("--live", is_flag=True, help="Write in real time, until the day is over or Ctrl-C.")
@click.option(
    "--speed",
    type=Number(0.1, 600),
    default=1.0,
    metavar="X",
    help="With --live: speed factor. A faster day starts in the past, and ends now.  [default: 1]",
)
@_truth_option
@store_option
def festival(
    stages: int,
    cameras: int,
    hours: float,
    seed: int,
    session_id: str | None,
    begins_at: datetime | None,
    live: bool,
    speed: float,
    truth: Path | None,
    store_url: str | None,
) -> int:
    """Simulate a festival day: 3 to 3,000 people a stage, and cameras that see some of them.

    Cameras fail, lose their network and deliver later, send twice, and have wrong clocks: the ground truth lists these
    events.
    """
    from audience.errors import ExportFailed
    from houselights.simulating import play, set_up, write_at_once
    from sample_data.festival_day.plan import plan_day
    from sample_data.festival_day.truth_file import truth_document

    if speed != 1.0 and not live:
        raise click.UsageError("--speed only applies with --live: give both")
    day = plan_day(
        begins_at=begins_at or (_ends_with_the_run(hours, speed) if live else USUAL_DAY),
        stages=stages,
        cameras=cameras,
        hours=hours,
        seed=seed,
        session_id=session_id,
    )
    truth = truth or Path(f"{day.session.session_id}-truth.json")
    console = Console(stderr=True)

    with store_at(store_url) as store, Progress(console=console) as progress:
        set_up(store, day, running=live)
        try:
            truth.write_text(truth_document(day), encoding="utf-8")
        except OSError as problem:
            raise ExportFailed(
                f"{truth} cannot be written: {problem.strerror}; choose another path with --truth"
            ) from None
        task = progress.add_task(day.session.name, total=day.length_s)

        def on_second(second: int) -> None:
            progress.update(task, completed=second)

        if live:
            began = time.monotonic()
            with stopped_by_signal() as stop:
                written = play(
                    store,
                    day,
                    speed=speed,
                    stop=stop,
                    elapsed_s=lambda: time.monotonic() - began,
                    on_second=on_second,
                )
        else:
            written = write_at_once(store, day, on_second)
        where = store.url
    console.print(
        f"{written} simulated windows of session {day.session.session_id} are in {where}; the ground truth is "
        f"in {truth}.",
        soft_wrap=True,
    )
    return 0


@simulate.command(short_help="Simulate an evening of a household panel.")
@click.option("--households", type=Count(1, 500), default=1, show_default=True, metavar="N")
@_seed_option
@click.option("--session", "session_id", default="simulated-panel", show_default=True, metavar="ID")
@click.option("--begins-at", type=Instant(), metavar="ISO", help="[default: yesterday, 19:00 UTC]")
@_truth_option
@store_option
def household(
    households: int, seed: int, session_id: str, begins_at: datetime | None, truth: Path | None, store_url: str | None
) -> int:
    """Simulate an hour of households before their sets: who is there, what they tap, what a camera sees.

    The first household has five members, two of them alike. All are pretend people, and replace those of an earlier
    simulation.
    """
    from audience.errors import ExportFailed
    from audience.stores import open_identity
    from sample_data.household import load_panel, panel_session, simulate_panel, truth_document

    now = datetime.now(UTC)
    begins_at = begins_at or (now - timedelta(days=1)).replace(hour=19, minute=0, second=0, microsecond=0)
    session = panel_session(session_id, begins_at)
    evening = list(simulate_panel(households, seed=seed, begins_at=begins_at))
    truth = truth or Path(f"{session_id}-truth.json")
    with store_at(store_url) as store, open_identity(store.url) as people:
        load_panel(store, people, session, evening, now=now)
        try:
            truth.write_text(truth_document(session, evening), encoding="utf-8")
        except OSError as problem:
            raise ExportFailed(
                f"{truth} cannot be written: {problem.strerror}; choose another path with --truth"
            ) from None
        where = store.url
    Console(stderr=True).print(
        f"{households} simulated household{'s' * (households > 1)} of session {session_id} are in {where}; the ground "
        f"truth is in {truth}. See the Panel page.",
        soft_wrap=True,
    )
    return 0


def _ends_with_the_run(hours: float, speed: float) -> datetime:
    """Start of a day played from now on: now, or early enough that a faster day never runs ahead of the clock."""
    now = datetime.now(UTC).replace(microsecond=0)
    return now - timedelta(seconds=round(max(0.0, hours * 3600 * (1 - 1 / speed))))
