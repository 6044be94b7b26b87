"""`houselights convert`: makes a copy of a recording that every browser plays."""

from __future__ import annotations

from pathlib import Path

import click

from audience.errors import ExportFailed
from houselights.commands.extras import needing_extra


@click.command(short_help="Make a copy of a recording that every browser plays.")
@click.argument("recording", type=click.Path(path_type=Path), metavar="FILE")
def convert(recording: Path) -> None:
    """Make a copy of FILE beside it that every browser plays; the session page shows it instead.

    FILE itself stays as it is, and so does what was scored of it. Delete the copy like any recording of people.
    """
    with needing_extra("edge"):
        from houselights.browser_copy import make_browser_copy
    try:
        made = make_browser_copy(recording)
    except OSError as problem:
        raise ExportFailed(f"the copy of {recording} cannot be written: {problem.strerror or problem}") from None
    click.echo(f"Wrote {made}. Open the session page again to see it.")
