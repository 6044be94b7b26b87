"""`houselights migrate`: windows of earlier versions in DynamoDB, rewritten so that other programs read them."""

from __future__ import annotations

import click
from rich.console import Console
from rich.progress import Progress

from audience.monitoring.cost import DYNAMODB_WRITE_UNIT
from audience.stores import default_store_url
from houselights.commands.extras import needing_extra
from houselights.commands.options import store_option


@click.command(short_help="Rewrite windows of earlier versions in DynamoDB.")
@click.option("--dry-run", is_flag=True, help="Only count what is to be rewritten, and say what it costs.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@store_option
def migrate(dry_run: bool, yes: bool, store_url: str | None) -> None:
    """Rewrite windows that earlier versions packed, as numbers under names that other programs read.

    They are read either way. Cameras may go on recording meanwhile. It can be stopped and given again: what was
    rewritten stays.
    """
    url = store_url or default_store_url()
    if not url.startswith("dynamodb://"):
        click.echo(f"There is nothing to rewrite: {url} is not in DynamoDB.")
        return
    with needing_extra("cloud"):
        from audience.stores.dynamo_migration import DynamoMigration
    console = Console(stderr=True)
    with DynamoMigration(url) as migration:
        with console.status("Looking for windows of earlier versions"):
            due = migration.due()
        if not due.windows:
            click.echo("There is nothing to rewrite: every window is of this version.")
            return
        cost = due.write_units * DYNAMODB_WRITE_UNIT
        click.echo(
            f"{due.windows} windows are to be rewritten: {due.write_units} write units, ${cost:.4f} at list price."
        )
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
                click.echo("What was rewritten stays. Give the same command again to go on from there.", err=True)
                raise
    click.echo(f"Rewrote {due.windows} windows.")
