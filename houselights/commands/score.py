"""`houselights score`: scores a recording into a session."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from audience.errors import InvalidValue
from audience.time import clock_text
from houselights.commands.extras import needing_extra
from houselights.commands.notice import untold
from houselights.commands.options import (
    Instant,
    Number,
    Zone,
    scoring_options,
    setup_from,
    setup_options,
    store_at,
    store_option,
)
from houselights.wording import counted

if TYPE_CHECKING:
    from edge_lambda.facing import HeadPose
    from houselights.scoring.score import Position
    from houselights.scoring.summary import Summary


@click.command(short_help="Score a recording of an audience.")
@click.argument("video", type=click.Path(path_type=Path))
@setup_options
@click.option("--started-at", type=Instant(), help="Time of the first frame, such as 2026-05-04T19:30:00+02:00.")
@click.option(
    "--timezone",
    "zone",
    type=Zone(),
    metavar="ZONE",
    help="Time zone of the camera's clock, such as Europe/Berlin or +02:00, if the file has local time.",
)
@click.option(
    "--frame-rate",
    type=Number(min=0.01, max=1000),
    metavar="N",
    help="Frames per second of a file without timestamps (.h264, .hevc, .mjpeg).",
)
@click.option(
    "--overlaps",
    multiple=True,
    metavar="CAMERA",
    help="Another camera of the stage that sees some of the same people, who then count once; repeatable.",
)
@click.option("--different-people", is_flag=True, help="The cameras of the stage see different people.")
@scoring_options
@click.option(
    "--preview", type=click.Path(path_type=Path), metavar="OUT.mp4", help="Write the video with marked faces."
)
@click.option("--blur", is_flag=True, help="Make faces in the preview unrecognisable.")
@click.option("--replace-preview", is_flag=True, help="Overwrite a file that is not a preview.")
@click.option("--again", is_flag=True, help="Delete this camera's earlier scores and score again.")
@store_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@needing_extra("edge")
def score(
    video: Path,
    started_at: datetime | None,
    zone: tzinfo | None,
    frame_rate: float | None,
    overlaps: tuple[str, ...],
    different_people: bool,
    every_s: float,
    detector: str,
    yunet_model: Path | None,
    facing_axis: HeadPose | None,
    scorer: str,
    model: Path | None,
    keep_windows_days: int,
    keep_faces_days: int,
    preview: Path | None,
    blur: bool,
    replace_preview: bool,
    again: bool,
    store_url: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Score VIDEO, a recording of an audience, into a session.

    Ctrl-C keeps what is done; the same command continues from there.
    """
    from edge_lambda.detectors.load import load_detector
    from edge_lambda.scorers import load_scorer
    from houselights.scoring.score import ScoringPlan, score_recording

    setup = setup_from(options)
    if blur and preview is None:
        raise InvalidValue("--blur applies to the preview: also give --preview OUT.mp4")
    plan = ScoringPlan(
        started_at=started_at,
        every_s=every_s,
        facing_axis=facing_axis,
        again=again,
        preview=preview,
        blur=blur,
        replace_preview=replace_preview,
        zone=zone,
        frame_rate=frame_rate,
        overlaps=frozenset(overlaps),
        different_people=different_people,
        windows_kept_days=keep_windows_days,
        faces_kept_days=keep_faces_days,
    )
    console = Console(stderr=True)
    with store_at(store_url) as store, _ProgressBar(console, video.name) as bar:
        try:
            summary = score_recording(
                video,
                setup,
                plan,
                store=store,
                load_detector=lambda: load_detector(detector, yunet_model=yunet_model, doubtful=True),
                load_scorer=lambda: load_scorer(scorer, model=model),
                on_plan=lambda session: bar.print(session.mode_reason),
                on_position=bar.show,
            )
            hint = untold(store.session(setup.session_id))
        except KeyboardInterrupt:
            bar.stop()
            if bar.done_s:
                click.echo(f"Stopped at {clock_text(bar.done_s)}. Run the same command again to continue.", err=True)
            raise
    if as_json:
        click.echo(json.dumps(_as_json(summary)))
    else:
        _print_summary(summary, store_url)
        if hint:
            click.echo(hint)


_CERTAINTY_NOTES = {
    "": "",
    "sure": "",
    "likely": "; likely",
    "doubtful": "; doubtful: if it is wrong, give --timezone, such as Europe/Berlin, or --started-at",
}


class _ProgressBar:
    """Shows position, speed as a multiple of real time, faces in view and time left, on stderr."""

    def __init__(self, console: Console, name: str) -> None:
        self.done_s = 0.0
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[position]}"),
            TextColumn("{task.fields[speed]}"),
            TextColumn("{task.fields[faces]}"),
            TimeRemainingColumn(compact=True),
            console=console,
        )
        self._task = self._progress.add_task(name, total=None, position="opening", speed="", faces="")

    def __enter__(self) -> _ProgressBar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._progress.stop()

    def print(self, line: str) -> None:
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def show(self, position: Position) -> None:
        task = self._progress.tasks[0]
        if not self.done_s:
            # Progress of an earlier run must not count towards this run's speed.
            self._progress.reset(self._task, completed=int(position.done_s))
        self.done_s = position.done_s
        of = f" of {clock_text(position.duration_s)}" if position.duration_s else ""
        self._progress.update(
            self._task,
            total=position.duration_s,
            completed=position.done_s,
            position=f"{clock_text(position.done_s)}{of}",
            speed=f"{task.speed:.1f}x" if task.speed else "",
            faces=f"{position.faces} {'face' if position.faces == 1 else 'faces'}",
        )


def _as_json(summary: Summary) -> dict[str, object]:
    fields = asdict(summary)
    fields["started_at"] = summary.started_at.isoformat()
    fields["notes"] = list(summary.notes)
    return fields


def _print_summary(summary: Summary, store_url: str | None) -> None:
    if summary.realtime_factor is None:
        click.echo(f"Session {summary.session} is already scored; --again scores it again.")
    speed = f", {summary.realtime_factor:.1f} times as fast as real time" if summary.realtime_factor else ""
    click.echo(
        f"Scored {clock_text(summary.seconds)} of {summary.session}{speed}: {counted(summary.frames, 'frame')}, "
        f"{counted(summary.tracks, 'track')}, {counted(summary.faces, 'face score')} in "
        f"{counted(summary.windows, 'window')}"
        + (f", coverage {summary.coverage:.0%}." if summary.coverage is not None else ".")
    )
    click.echo(
        f"It starts at {summary.started_at.isoformat()} "
        f"({summary.started_from}{_CERTAINTY_NOTES[summary.start_certainty]})."
    )
    click.echo(summary.mode_reason)
    for note in summary.notes:
        click.echo(note)
    if not summary.faces:
        click.echo("To see why nobody was found, look at it with --preview OUT.mp4, or try --detector yunet.")
    opens = shlex.join(["houselights", "dashboard", *(["--store", store_url] if store_url else [])])
    click.echo(f"What is measured is visible expression, not feeling. Open it with `{opens}`.")
