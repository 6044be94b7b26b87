"""`houselights export`: writes a session, or the archive of all sessions, as files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from audience.disclosure import withheld_text
from audience.errors import InvalidValue
from audience.time import to_ms
from houselights.commands.extras import needing_extra
from houselights.commands.options import Count, store_at, store_option
from houselights.wording import counted


@click.command(short_help="Export a session as CSV or Parquet, or all sessions as an archive.")
@click.argument("session_id", required=False, metavar="SESSION")
@click.option("--out", "folder", type=click.Path(path_type=Path), metavar="DIR", help="Output folder.")
@click.option("--format", "formats", metavar="LIST", help="csv, parquet, or both.  [default: csv]")
@click.option(
    "--min-faces",
    type=Count(min=1),
    metavar="N",
    help="Withhold figures over fewer faces.  [default: 5; 1 for an audience of one]",
)
@click.option(
    "--bom/--no-bom",
    default=True,
    help="Begin CSV files with a byte order mark, which Excel needs for letters with accents.  [default: --bom]",
)
@click.option("--units", is_flag=True, help="Add a second heading row with units to CSV files.")
@click.option(
    "--archive",
    "archive_at",
    metavar="s3://BUCKET/PREFIX|DIR",
    help="Create or update an archive of all sessions, as partitioned Parquet.",
)
@store_option
def export(
    session_id: str | None,
    folder: Path | None,
    formats: str | None,
    min_faces: int | None,
    bom: bool,
    units: bool,
    archive_at: str | None,
    store_url: str | None,
) -> int:
    """Write SESSION into DIR: curve, tracks, notes, dictionary, manifest.

    With --archive, write all sessions as partitioned Parquet instead (windows, segments, sessions, scorers). Only
    sessions that changed since the last time are written. Deleted sessions are removed from the archive; what expired
    in the store stays in it.
    """
    if archive_at is not None:
        if session_id or folder or formats or min_faces or units or not bom:
            raise InvalidValue(
                "--archive exports all sessions, with figures over 5 faces or more: only --store can be added"
            )
        return _archive(archive_at, store_url)
    if session_id is None or folder is None:
        raise InvalidValue("give SESSION and --out DIR to write one session, or --archive PLACE to write all")
    _export_one(session_id, folder, formats or "csv", min_faces, store_url, mark=bom, units=units)
    return 0


def _export_one(
    session_id: str,
    folder: Path,
    formats: str,
    min_faces: int | None,
    store_url: str | None,
    *,
    mark: bool,
    units: bool,
) -> None:
    from houselights.exporting import FORMATS, export_session

    wanted = [name.strip() for name in formats.split(",")]
    unknown = [name for name in wanted if name not in FORMATS]
    if unknown:
        raise InvalidValue(f"format {unknown[0]!r} is unknown: use {', '.join(FORMATS)}, or both with a comma")
    with store_at(store_url) as store:
        exported = export_session(
            store,
            session_id,
            folder,
            formats=wanted,
            min_faces=min_faces,
            exported_at=datetime.now(UTC),
            mark=mark,
            units=units,
        )
    for file in exported.files:
        click.echo(file)
    if exported.outside:
        click.echo(
            f"Left out: {counted(exported.outside, 'window')} far outside the session, as the clock of a camera was "
            "wrong, or the times of the session are.",
            err=True,
        )
    if exported.withheld:
        fewest = exported.min_faces[-1]
        click.echo(
            f"Only a face count: {exported.withheld:,} of {counted(exported.windows, 'window')}, as the faces in view "
            f"of a camera were {withheld_text(fewest, as_usual=False)}.",
            err=True,
        )


def _archive(where: str, store_url: str | None) -> int:
    with needing_extra("export"):
        import pyarrow.parquet  # noqa: F401  (fails now, not at the first session)
    with needing_extra("cloud"):
        from houselights.archiving.places import open_place

        place = open_place(where)
    from houselights.archiving.run import archive

    with store_at(store_url) as store, Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("Sessions", total=None)
        try:
            done = archive(
                store,
                place,
                now_ms=to_ms(datetime.now(UTC)),
                on_session=lambda at, of: progress.update(task, completed=at, total=of),
            )
        except KeyboardInterrupt:
            progress.stop()
            click.echo("Written files are kept. Run the same command again to continue.", err=True)
            raise
    click.echo(
        f"{place.name}: {counted(done.sessions, 'changed session')}, {counted(done.written, 'file')} written, "
        f"{done.removed:,} removed."
    )
    for session_id, reason in done.refused.items():
        click.echo(f"Session {session_id} is not up to date in the archive: {reason}", err=True)
    return 1 if done.refused else 0
