"""`houselights migrate`: rewrites windows of earlier versions in DynamoDB, so that other programs can read them."""

from __future__ import annotations

import click
from rich.console import Console
from rich.progress import Progress

from audience.monitoring.prices import DYNAMODB_WRITE_UNIT
from audience.stores import default_store_url
from houselights.commands.extras import needing_extra
from houselights.commands.options import store_option


@click.command(short_help="Rewrite windows of earlier versions in DynamoDB.")
@click.option("--dry-run", is_flag=True, help="Only count the windows to rewrite, and show the cost.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@store_option
def migrate(dry_run: bool, yes: bool, store_url: str | None) -> None:
    """Rewrite windows that earlier versions stored packed, as named numbers that other programs can read.

    Houselights reads both. Cameras may record meanwhile. The command can be stopped and run again: rewritten windows
    are kept.
    """
    url = store_url or default_store_url()
    if not url.startswith("dynamodb://"):
        click.echo(f"Nothing to rewrite: {url} is not in DynamoDB.")
        return
    with needing_extra("cloud"):
        from audience.stores.dynamo_migration import DynamoMigration
    console = Console(stderr=True)
    with DynamoMigration(url) as migration:
        with console.status("Searching for windows of earlier versions"):
            due = migration.due()
        if not due.windows:
            click.echo("Nothing to rewrite: every window has the current format.")
            return
        cost = due.write_units * DYNAMODB_WRITE_UNIT
        click.echo(f"{due.windows} windows to rewrite: {due.write_units} write units, ${cost:.4f} at list price.")
        if dry_run:
            return
        if not yes and not click.confirm("Rewrite them?"):
            click.echo("Nothing was rewritten.")
            return
        with Progress(console=console) as progress:
            task = progress.add_task("Windows", total=due.windows)
            try:
                for done in migration.renew():
                    progress.advance(task, done)
            except KeyboardInterrupt:
                progress.stop()
                click.echo("Rewritten windows are kept. Run the same command again to continue.", err=True)
                raise
    click.echo(f"Rewrote {due.windows} windows.")
