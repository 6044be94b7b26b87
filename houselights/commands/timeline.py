"""`houselights timeline`: adds slides, chapters or scenes to a session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from audience.errors import InvalidValue
from audience.time import clock_text
from houselights.commands.options import Instant, store_at, store_option
from houselights.commands.stage_choice import chosen_stage

if TYPE_CHECKING:
    from audience.sessions import Session, Stage
    from audience.store import Store
    from audience.timelines import Cue
    from audience.transcripts import Transcript
    from timeline_files.aligning import Proposal
    from timeline_files.reading import FileRead
    from timeline_files.slide_matching import SlideMatch

OnPosition = Callable[[str, float, float | None], None]


@click.command(short_help="Set what was shown and when: slides, chapters, scenes.")
@click.argument("session_id", metavar="SESSION")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--stage", "stage_id", metavar="ID", help="[default: the session's only stage]")
@click.option("--title", help="What people call the timeline.  [default: the file's name]")
@click.option("--scenes", is_flag=True, help="Find the scenes of FILE, a film, by its shot changes.")
@click.option(
    "--read-as",
    "read_as",
    multiple=True,
    metavar="ANSWER",
    help="What an unclear file means, as its refusal names it: 29.97fps, clock, ms, from=01:00:00:00 …; repeatable.",
)
@click.option(
    "--match",
    "recording",
    type=click.Path(path_type=Path),
    metavar="RECORDING",
    help="Find when each slide of FILE, a deck, was shown in the talk's own recording.",
)
@click.option(
    "--offset", "offset_s", type=float, metavar="S", help="It began S seconds after the session's start (-S: before)."
)
@click.option("--starts-at", type=Instant(), help="It began at this time, such as 2026-05-04T19:30:00+02:00.")
@click.option("--pause", "pauses", multiple=True, metavar="AT+LENGTH", help="A break, such as 31:00+10:00; repeatable.")
@click.option("--restart", "restarts", multiple=True, metavar="AT", help="At AT it restarted from 0; repeatable.")
@click.option(
    "--align-audio",
    "sounds",
    nargs=2,
    type=click.Path(path_type=Path),
    metavar="AUDIENCE ORIGINAL",
    help="Find the start from the sound of two recordings.",
)
@click.option("--camera", "camera_id", metavar="ID", help="The camera that recorded AUDIENCE.")
@click.option(
    "--align-reaction", "other_id", metavar="SESSION", help="Find the start from another audience's reaction."
)
@click.option("--yes", is_flag=True, help="Accept the proposed alignment without asking.")
@click.option("--remove", "unwanted", metavar="TITLE", help="Remove a timeline.")
@click.option(
    "--transcript",
    "transcript_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Show the words of FILE (WebVTT, SRT, or text with times) at each moment.",
)
@click.option("--remove-transcript", is_flag=True, help="Delete the words that were said.")
@store_option
def timeline(
    session_id: str,
    file: Path | None,
    stage_id: str | None,
    title: str | None,
    scenes: bool,
    read_as: tuple[str, ...],
    recording: Path | None,
    offset_s: float | None,
    starts_at: datetime | None,
    pauses: tuple[str, ...],
    restarts: tuple[str, ...],
    sounds: tuple[Path, Path] | None,
    camera_id: str | None,
    other_id: str | None,
    yes: bool,
    unwanted: str | None,
    transcript_file: Path | None,
    remove_transcript: bool,
    store_url: str | None,
) -> int:
    """Add the timeline FILE to SESSION: slides, a table (Excel, or CSV of title,start[,end]), pasted chapters, markers
    or an edit (Premiere, Resolve, Final Cut, Avid, OpenTimelineIO), subtitles, or a film's chapters. Without FILE:
    change the start, or list the timelines.

    Slides without rehearsed times come in as a draft, evenly spaced, unless --match finds when they were shown.

    A timeline with the same title is replaced. The first timeline is the main one. A transcript has the seconds of the
    timelines, and replaces the one before.
    """
    from audience.sessions import Stage
    from audience.slide_pictures import keep_pictures
    from audience.timelines import start_cues, with_timeline
    from timeline_files.length import shown_length_s

    if sum(given is not None for given in (offset_s, starts_at, sounds, other_id)) > 1:
        raise InvalidValue("give one of --offset, --starts-at, --align-audio and --align-reaction")
    if (scenes or title or recording or read_as) and file is None:
        raise InvalidValue("--scenes, --match, --title and --read-as apply to a file: also give FILE")
    if scenes and recording:
        raise InvalidValue("give --scenes for a film or --match for a deck of slides")
    if transcript_file and remove_transcript:
        raise InvalidValue("give either --transcript or --remove-transcript")
    said = _read_transcript(transcript_file) if transcript_file else None
    with store_at(store_url) as store, _Bar() as bar:
        session = store.session(session_id)
        stages = store.stages(session_id)
        # A timeline may be added before anybody was recorded.
        stage = chosen_stage(stages, session_id, stage_id) if stages else Stage(stage_id=stage_id or "main")
        begin = _start_cues(session, offset_s, starts_at)
        if sounds or other_id:
            proposal = _proposed(store, session, stage, sounds, camera_id, other_id, bar.show)
            bar.stop()
            if not _confirmed(session, proposal, yes):
                return 1
            assert proposal is not None
            begin = start_cues(proposal.zero_at)
        cues = _cues(session, stage, begin, pauses, restarts)
        read: FileRead | SlideMatch | None = None
        if file is not None:
            recordings = [one for one in store.recordings(session_id) if one.stage_id == stage.stage_id]
            length_s = shown_length_s(session, cues, recordings)
            read = _matched(file, recording, bar) if recording else _read(file, scenes, length_s, read_as, bar.show)
        # Reading a film, or the user's answer, may take minutes: read the stage again to keep others' changes.
        stage = next((one for one in store.stages(session_id) if one.stage_id == stage.stage_id), stage)
        cues = _cues(session, stage, begin, pauses, restarts)
        timelines = stage.timelines
        if unwanted is not None:
            timelines = tuple(one for one in timelines if one.title != unwanted)
            if timelines == stage.timelines:
                raise InvalidValue(f"stage {stage.stage_id!r} has no timeline {unwanted!r}")
        if read is not None:
            timelines = with_timeline(timelines, replace(read.timeline, title=title or read.timeline.title))
        changed = replace(stage, timelines=timelines, cues=cues)
        if changed != stage or (said is not None and not stages):
            store.put_stage(session_id, changed)
        if read is not None or unwanted is not None:
            keep_pictures(store, session_id, changed, read.pictures if read is not None else {})
        if said is not None:
            store.put_transcript(session_id, stage.stage_id, said)
        elif remove_transcript and not store.delete_transcript(session_id, stage.stage_id):
            raise InvalidValue(f"stage {stage.stage_id!r} has no transcript")
        said = store.transcript(session_id, stage.stage_id)
    _print_timelines(session, changed)
    if said is not None:
        click.echo(f"  transcript {said.title}: {len(said.lines)} lines, until {clock_text(said.lines[-1].end_s)}")
    return 0


def _start_cues(session: Session, offset_s: float | None, starts_at: datetime | None) -> tuple[Cue, ...]:
    from audience.timelines import start_cues

    if starts_at is not None:
        return start_cues(starts_at)
    if offset_s is None:
        return ()
    if not abs(offset_s) < timedelta(days=11).total_seconds():
        raise InvalidValue(f"offset {offset_s:g} s is out of range: give the seconds from the session's start")
    return start_cues(session.started_at, offset_s)


def _cues(
    session: Session, stage: Stage, begin: tuple[Cue, ...], pauses: Sequence[str], restarts: Sequence[str]
) -> tuple[Cue, ...]:
    """The stage's cues, or those of a new start, with added breaks and restarts."""
    from audience.timelines import paused, restarted, start_cues
    from timeline_files.times import time_s

    cues = begin or stage.cues
    if (pauses or restarts) and not cues:
        cues = start_cues(session.started_at)
    for pause in pauses:
        at, plus, length = pause.partition("+")
        if not plus:
            raise InvalidValue(f"pause {pause!r} has no length: write it as 31:00+10:00")
        cues = paused(cues, time_s(at), time_s(length))
    for at in restarts:
        cues = restarted(cues, time_s(at))
    return cues


def _read(
    file: Path, scenes: bool, length_s: float | None, read_as: tuple[str, ...], on_position: OnPosition
) -> FileRead:
    from timeline_files.answers import remark
    from timeline_files.reading import FileRead, read_path

    if scenes:
        from timeline_files.scenes import find_scenes

        return FileRead(timeline=find_scenes(file, on_position=lambda at_s, of_s: on_position(file.name, at_s, of_s)))
    found = read_path(file, length_s=length_s, read_as=read_as)
    for question in found.questions:
        if question.choices and any(answer in read_as for answer, _ in question.choices):
            continue
        click.echo(f"{file.name}: {remark(question)}", err=True)
    return found


def _matched(deck: Path, recording: Path, bar: _Bar) -> SlideMatch:
    """Finds the slides in a recording, and prints which of them are left for a person."""
    from timeline_files.decks import LARGEST_DECK
    from timeline_files.reading import file_bytes
    from timeline_files.slide_matching import match_deck

    data = file_bytes(deck, LARGEST_DECK)
    match = match_deck(deck.name, data, recording, on_position=lambda at_s, of_s: bar.show(recording.name, at_s, of_s))
    bar.stop()
    for segment in match.timeline.segments:
        if segment.guessed:
            click.echo(f"Not certain: {segment.title} at {clock_text(segment.start_s)}")
    for slide in match.unseen:
        click.echo(f"Not seen: slide {slide.number}, {slide.title}")
    return match


def _read_transcript(file: Path) -> Transcript:
    from timeline_files.transcripts import read_transcript_file

    return read_transcript_file(file)


def _proposed(
    store: Store,
    session: Session,
    stage: Stage,
    sounds: tuple[Path, Path] | None,
    camera_id: str | None,
    other_id: str | None,
    on_position: OnPosition,
) -> Proposal | None:
    from houselights.aligning import proposed_from_reaction, proposed_from_sound

    if sounds is not None:
        return proposed_from_sound(store, session, stage, *sounds, camera_id=camera_id, on_position=on_position)
    assert other_id is not None
    return proposed_from_reaction(store, session, stage, other_id)


def _confirmed(session: Session, proposal: Proposal | None, yes: bool) -> bool:
    """Prints the proposal, and asks whether to accept it."""
    from timeline_files.aligning import describe_proposal

    description = describe_proposal(session, proposal)
    if proposal is None or not proposal.alignment.sure:
        click.echo(f"{description} Nothing was changed.")
        return False
    click.echo(description)
    if yes or click.confirm("Accept it?"):
        return True
    click.echo("Nothing was changed.")
    return False


def _print_timelines(session: Session, stage: Stage) -> None:
    click.echo(f"Session {session.session_id}, stage {stage.stage_id}:")
    if not stage.timelines:
        click.echo("  no timeline")
    for place, one in enumerate(stage.timelines):
        summary = f"{len(one.segments)} {'segment' if len(one.segments) == 1 else 'segments'}"
        if one.segments:
            summary += f", {clock_text(one.segments[0].start_s)} to {clock_text(one.segments[-1].end_s)}"
        draft = ", a draft: some times are a guess" if one.is_draft else ""
        main = " (main)" if place == 0 and len(stage.timelines) > 1 else ""
        click.echo(f"  {one.title}: {summary}{draft}{main}")
    if not stage.cues:
        click.echo("  starts with the session")
    for cue in sorted(stage.cues, key=lambda cue: cue.at):
        click.echo(f"  at {_instant(cue.at)}: position {clock_text(cue.timeline_s)}")


def _instant(instant: datetime) -> str:
    return instant.isoformat(sep=" ", timespec="milliseconds")


class _Bar:
    """Shows how far files have been read, on stderr, after the first update."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[position]}"),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        if self._tasks:
            self._progress.stop()

    def show(self, name: str, at_s: float, of_s: float | None) -> None:
        if name not in self._tasks:
            self._progress.start()
            self._tasks[name] = self._progress.add_task(name, total=of_s, position="")
        self._progress.update(self._tasks[name], completed=at_s, position=clock_text(at_s))
