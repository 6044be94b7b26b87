"""`houselights sessions`, `describe`, `delete` and `prune`: list, describe and delete the sessions of a store."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from audience.errors import InvalidValue, SessionNotFound
from audience.incoming import UNFINISHED_MS, IncomingRecordings
from audience.session_setup import with_description
from audience.sessions import Session
from audience.stores import default_store_url, recordings_folder
from audience.time import clock_text, to_ms
from houselights.commands.options import description_options, store_at, store_option

_PIPE_WIDTH = 400


@click.command(short_help="List all sessions.")
@store_option
def sessions(store_url: str | None) -> None:
    """List all sessions, the latest first."""
    with store_at(store_url) as store:
        listed = store.sessions()
        if not listed:
            click.echo("No sessions yet: score a recording with `houselights score VIDEO --session ID`.")
            return
        table = Table(box=None, pad_edge=False)
        # Columns that would be empty are left out, as in most stores no film was shown twice.
        shown = [name for name in ("film", "cut", "city", "tags") if any(getattr(session, name) for session in listed)]
        for heading in ("session", "title", *shown, "kind", "started (UTC)", "length", "stages", "measures"):
            table.add_column(heading, overflow="fold")
        for session in listed:
            length = (session.ended_at - session.started_at).total_seconds() if session.ended_at else None
            table.add_row(
                session.session_id,
                Text(session.title),
                *(Text(_description(session, name)) for name in shown),
                session.kind,
                f"{session.started_at:%Y-%m-%d %H:%M}",
                clock_text(length) if length is not None else "",
                str(len(store.stages(session.session_id))),
                session.mode + (", simulated" if session.simulated else ""),
            )
    # Programs that read a pipe need unwrapped lines.
    Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(table)


def _description(session: Session, name: str) -> str:
    return ", ".join(session.tags) if name == "tags" else getattr(session, name)


@click.command(short_help="Set a session's film, cut, city and audience tags.")
@click.argument("session_id", metavar="SESSION")
@click.option("--title", help="What people call the session.")
@description_options
@click.option("--no-tags", is_flag=True, help="Remove the audience's tags.")
@click.option(
    "--directions",
    "directions",
    metavar="STAGE=TEXT",
    multiple=True,
    help="How to get to a stage, for the public board: words such as '6 min from the gate', or a map's https address.",
)
@store_option
def describe(
    session_id: str,
    title: str | None,
    film: str | None,
    cut: str | None,
    city: str | None,
    tags: tuple[str, ...],
    no_tags: bool,
    directions: tuple[str, ...],
    store_url: str | None,
) -> None:
    """Set title, film, cut, city and tags of SESSION, and the way to its stages; without options, show them.

    Values not given are unchanged; "" removes one. Tags replace the existing ones.
    """
    if tags and no_tags:
        raise InvalidValue("give --tag or --no-tags, not both")
    with store_at(store_url) as store:
        there = store.session(session_id)
        session = with_description(
            there, title=title, film=film, cut=cut, city=city, tags=tags if tags or no_tags else None
        )
        if session != there:
            store.change_session(session)
        stages = {stage.stage_id: stage for stage in store.stages(session_id)}
        for stage_id, text in map(_stage_and_text, directions):
            if stage_id not in stages:
                raise InvalidValue(f"{session_id} has no stage {stage_id!r}: it has {', '.join(stages) or 'none'}")
            stages[stage_id] = replace(stages[stage_id], directions=text)
            store.put_stage(session_id, stages[stage_id])
    click.echo(f"Session {session.session_id}:")
    for name in ("title", "film", "cut", "city", "tags"):
        click.echo(f"  {name}: {_description(session, name) or 'not set'}")
    for stage in stages.values():
        if stage.directions:
            click.echo(f"  way to {stage.name}: {stage.directions}")


def _stage_and_text(given: str) -> tuple[str, str]:
    stage_id, equals, text = given.partition("=")
    if not equals:
        raise InvalidValue(
            f"--directions {given!r} names no stage: write STAGE=TEXT, such as barn='6 min from the gate'"
        )
    return stage_id.strip(), text.strip()


@click.command(short_help="Delete a session and everything recorded under it.")
@click.argument("session_id", metavar="SESSION")
@click.option("--yes", is_flag=True, help="Do not ask.")
@store_option
def delete(session_id: str, yes: bool, store_url: str | None) -> int:
    """Delete SESSION with its windows, faces, timelines and cues. This cannot be undone.

    Cameras that still record into it are then refused. The same command completes an interrupted deletion; a session
    that does not exist is not an error.
    """
    console = Console(stderr=True)
    with store_at(store_url) as store:
        try:
            name = store.session(session_id).name
        except SessionNotFound:
            name = ""
        if name and not yes and not click.confirm(f"Delete {name!r} and everything recorded under it?"):
            click.echo("Nothing was deleted.")
            return 0
        with console.status(f"Deleting {session_id}"):
            removed = store.delete_session(session_id)
            recordings = _incoming(store_url).remove_session(session_id)
        has_pending_erasure = store.has_pending_erasure
    if name:
        click.echo(f"Deleted {session_id}.")
    elif removed:
        click.echo(f"Deleted what was left of {session_id}, which was no longer listed.")
    else:
        click.echo(f"There is no session {session_id} in {store.url}, and no records of it.")
    if recordings:
        click.echo("The recording that was uploaded for it was removed, too.")
    _print_forgetting_notice(has_pending_erasure)
    if name or removed:
        _print_backup_notice(store.url)
    return 0


def _incoming(store_url: str | None) -> IncomingRecordings:
    return IncomingRecordings(recordings_folder(store_url or default_store_url()))


def _print_backup_notice(store_url: str) -> None:
    if store_url.startswith("dynamodb://"):
        from audience.stores.dynamo_table import LONGEST_RECOVERY_DAYS

        click.echo(
            "The owner of the AWS account can restore deleted items by the table's point-in-time recovery, for up to "
            f"{LONGEST_RECOVERY_DAYS} days; docs/privacy.md explains how to prevent that at once."
        )


def _print_forgetting_notice(has_pending_erasure: bool) -> None:
    if has_pending_erasure:
        click.echo(
            "The store's write-ahead log still contains the deleted data, because another program is reading "
            "the store: the first use after it stops clears the log."
        )


@click.command(short_help="Remove records that have expired.")
@store_option
def prune(store_url: str | None) -> None:
    """Remove expired windows and single faces (kept for two years and 30 days unless set otherwise), and recordings
    that were uploaded for less time or never arrived."""
    now_ms = to_ms(datetime.now(UTC))
    _incoming(store_url).tidy(now_ms, UNFINISHED_MS)
    with store_at(store_url) as store:
        removed = store.prune(now_ms)
        has_pending_erasure = store.has_pending_erasure
    click.echo(f"Removed {removed} expired records.")
    _print_forgetting_notice(has_pending_erasure)
