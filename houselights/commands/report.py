"""`houselights report`: writes a stage's report as one HTML page, PDF or PowerPoint file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from audience.errors import InvalidValue
from audience.faces import EXPRESSIONS, LEAD_EXPRESSION
from houselights.commands.extras import needing_extra
from houselights.commands.options import store_at, store_option
from houselights.commands.output_file import write_output
from houselights.commands.stage_choice import chosen_stage


@click.command(short_help="Write a session's report as HTML, PDF or PowerPoint.")
@click.argument("session_id", metavar="SESSION")
@click.option("--stage", "stage_id", metavar="ID", help="[default: the session's only stage]")
@click.option("--expression", type=click.Choice(EXPRESSIONS), default=LEAD_EXPRESSION, show_default=True)
@click.option(
    "--to",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="FILE.html, FILE.pdf or FILE.pptx  [default: ID.html]",
)
@click.option(
    "--slides",
    "folder",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Pictures of the slides, PNG or JPEG, one for each part of the timeline.  [default: those of the deck]",
)
@store_option
def report(
    session_id: str,
    stage_id: str | None,
    expression: str,
    file: Path | None,
    folder: Path | None,
    store_url: str | None,
) -> None:
    """Write the report of SESSION as one self-contained file: one number, three findings, curve, moments and parts,
    and how they were measured.

    The ending says which kind: a page, a tagged PDF, or slides whose charts and tables can be edited. It contains no
    picture of the audience. Times are those of this machine's time zone.
    """
    from houselights.stored_reviews import stored_reviews

    with needing_extra("report"):
        from dashboard.clock import machine_zone
        from dashboard.report.contents import report_of
        from dashboard.report.kinds import REPORT_KINDS
        from dashboard.report.slide_pictures import slide_pictures, stored_pictures
    file = Path(f"{session_id}.html") if file is None else file
    kind = REPORT_KINDS.get(file.suffix.lower())
    if kind is None:
        raise InvalidValue(f"{file} is none of {', '.join(REPORT_KINDS)}: give a file of one of these kinds with --to")
    with store_at(store_url) as store:
        session = store.session(session_id)
        stage = chosen_stage(store.stages(session_id), session_id, stage_id)
        (review,) = stored_reviews(store, session, [stage], expression)
        kept = store.slide_pictures(session_id, stage.stage_id) if folder is None else {}
    pictures = stored_pictures(stage, kept)
    if folder is not None:
        pictures = slide_pictures(folder, sum(len(one.segments) for one in stage.timelines[:1]))
    made = report_of(review, pictures=pictures, made_at=datetime.now(UTC), zone=machine_zone())
    with needing_extra("report"):
        content = kind.write(made)
    write_output(file, content)
    click.echo(file)
