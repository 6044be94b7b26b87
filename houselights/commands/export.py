"""`houselights export`: a session's curve, tracks and their meaning, as files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from audience.errors import InvalidValue
from houselights.commands.options import store_at, store_option


@click.command(short_help="Write a session out as CSV or Parquet.")
@click.argument("session_id", metavar="SESSION")
@click.option("--out", "folder", required=True, type=click.Path(path_type=Path), metavar="DIR")
@click.option("--format", "formats", default="csv", show_default=True, metavar="LIST", help="csv, parquet, or both.")
@click.option(
    "--min-faces",
    type=click.IntRange(min=1),
    metavar="N",
    help="Withhold figures over fewer faces.  [default: 5; 1 for an audience of one]",
)
@store_option
def export(session_id: str, folder: Path, formats: str, min_faces: int | None, store_url: str | None) -> None:
    """Write SESSION into DIR: curve, tracks, notes, dictionary, manifest."""
    from houselights.exporting import FORMATS, export_session

    wanted = [name.strip() for name in formats.split(",")]
    unknown = [name for name in wanted if name not in FORMATS]
    if unknown:
        raise InvalidValue(f"format {unknown[0]!r} is unknown: use {', '.join(FORMATS)}, or both with a comma")
    with store_at(store_url) as store:
        exported = export_session(
            store, session_id, folder, formats=wanted, min_faces=min_faces, exported_at=datetime.now(UTC)
        )
    for file in exported.files:
        click.echo(file)
    if exported.withheld:
        fewest = exported.min_faces[-1]
        click.echo(
            f"{exported.withheld} of {exported.windows} windows held fewer than {fewest} faces: they carry the count "
            "and no figure.",
            err=True,
        )
