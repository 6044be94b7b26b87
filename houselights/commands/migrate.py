"""`houselights migrate`: brings a table of earlier versions in DynamoDB up to date."""

from __future__ import annotations

import time

import click
from rich.console import Console
from rich.progress import Progress

from audience.monitoring.prices import DYNAMODB_WRITE_UNIT
from audience.sessions import Session
from audience.store import Store
from audience.stores import default_store_url
from houselights.commands.extras import needing_extra
from houselights.commands.options import store_option
from houselights.wording import counted


@click.command(short_help="Bring a table of earlier versions in DynamoDB up to date.")
@click.option("--dry-run", is_flag=True, help="Only count the windows to rewrite, and show the cost.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@store_option
def migrate(dry_run: bool, yes: bool, store_url: str | None) -> None:
    """Bring a table of earlier versions up to date.

    Sessions move to partitions of their own and their cameras to their stages, windows that were stored packed become
    named numbers that other programs can read, and roll-ups are made of sessions that have none. Cameras may record
    meanwhile; what they deliver while sessions move is tried again. The command can be stopped and run again: what is
    done is kept.
    """
    url = store_url or default_store_url()
    if not url.startswith("dynamodb://"):
        click.echo(f"Nothing to rewrite: {url} is not in DynamoDB.")
        return
    with needing_extra("cloud"):
        from audience.stores.dynamo import DynamoStore
        from audience.stores.dynamo_migration import DynamoMigration
        from audience.stores.rollup_renewal import renew_session
    console = Console(stderr=True)
    with DynamoMigration(url) as migration:
        with console.status("Searching for windows of earlier versions"):
            due = migration.due()
        with DynamoStore(url) as store:
            unsummed = [] if due.sessions else sessions_without_rollups(store)
        if not (due.sessions or due.windows or unsummed):
            click.echo("Nothing to rewrite: the table is up to date.")
            return
        cost = due.write_units * DYNAMODB_WRITE_UNIT
        click.echo(
            f"{counted(due.windows, 'window')} to rewrite: {counted(due.write_units, 'write unit')}, "
            f"${cost:.4f} at list price."
        )
        click.echo(f"{counted(due.sessions, 'session')} to move.")
        if unsummed:
            click.echo(f"{counted(len(unsummed), 'session')} to sum up.")
        if dry_run:
            return
        if not yes and not click.confirm("Rewrite them?"):
            click.echo("Nothing was rewritten.")
            return
        moved = migration.move_sessions()
        with Progress(console=console) as progress:
            task = progress.add_task("Windows", total=due.windows)
            try:
                for done in migration.renew():
                    progress.advance(task, done)
            except KeyboardInterrupt:
                progress.stop()
                click.echo("Rewritten windows are kept. Run the same command again to continue.", err=True)
                raise
    with DynamoStore(url) as store, console.status("Making roll-ups"):
        unsummed = sessions_without_rollups(store)
        for session in unsummed:
            renew_session(store, session, time.time_ns() // 1_000_000)
    click.echo(
        f"Moved {counted(moved, 'session')}, rewrote {counted(due.windows, 'window')}, made roll-ups of "
        f"{counted(len(unsummed), 'session')}."
    )


def sessions_without_rollups(store: Store) -> list[Session]:
    """The sessions that no overview was made of."""
    found: list[Session] = []
    after: str | None = None
    while True:
        page = store.session_page(after=after, limit=200)
        found += [one.session for one in page.sessions if one.overview is None]
        after = page.after
        if after is None:
            return found
