"""`houselights notice`: makes the sheet that tells people what a session's cameras do."""

from __future__ import annotations

import getpass
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audience.errors import InvalidValue
from audience.session_setup import record_notice_up, record_sheet
from houselights.commands.extras import needing_extra
from houselights.commands.options import Count, store_at, store_option
from houselights.commands.output_file import write_output

if TYPE_CHECKING:
    from audience.identity.records import Purpose
    from audience.sessions import Session
    from audience.store import Store
    from dashboard.notice.contents import Basis, Pictures
    from dashboard.notice.pdf import Paper


def untold(session: Session) -> str | None:
    """One line for whoever runs a session in which nobody said that the people in view are informed; else None."""
    if session.notice_given or session.simulated:
        return None
    return (
        f"Nobody said that the people in view are informed: `houselights notice {session.session_id}` makes the sheet, "
        "and --up records that it is up."
    )


@click.command(short_help="Make the room notice: what the cameras do, to print, in ten languages.")
@click.argument("session_id", metavar="SESSION")
@click.option("--languages", default="en", show_default=True, metavar="CODES", help="Such as de,en.")
@click.option(
    "--to",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="FILE.pdf or FILE.html  [default: SESSION-notice.pdf]",
)
@click.option("--paper", type=click.Choice(["a4", "letter"]), default="a4", show_default=True)
@click.option(
    "--responsible",
    default="",
    envvar="HOUSELIGHTS_RESPONSIBLE",
    help="Who is responsible. Also from HOUSELIGHTS_RESPONSIBLE; left out, a line to write on.",
)
@click.option(
    "--contact",
    default="",
    envvar="HOUSELIGHTS_CONTACT",
    help="How to reach them. Also from HOUSELIGHTS_CONTACT; left out, a line to write on.",
)
@click.option("--out-of-view", default="", metavar="SEATS", help="Where the camera does not see people.")
@click.option("--address", default="", metavar="URL", help="Where there is more to read, as a QR code.")
@click.option(
    "--basis",
    type=click.Choice(["interest", "consent", "public task"]),
    help="Legal basis (GDPR, article 6). Left out, a line to write on.",
)
@click.option(
    "--pictures",
    type=click.Choice(["none", "cloud", "recorded"]),
    help="What happens to pictures: nothing is kept, Amazon Rekognition scores them, or the audience is filmed.  "
    "[default: recorded, if a recording was scored; else none]",
)
@click.option("--keep-windows-days", "windows_days", type=Count(min=1), default=730, show_default=True, metavar="N")
@click.option("--keep-faces-days", "faces_days", type=Count(min=1), default=30, show_default=True, metavar="N")
@click.option("--up", is_flag=True, help="Make no sheet: record that it is up, so that people are informed.")
@click.option("--by", help="Who put it up.  [default: your user name]")
@store_option
def notice(
    session_id: str,
    languages: str,
    file: Path | None,
    paper: Paper,
    responsible: str,
    contact: str,
    out_of_view: str,
    address: str,
    basis: Basis | None,
    pictures: Pictures | None,
    windows_days: int,
    faces_days: int,
    up: bool,
    by: str | None,
    store_url: str | None,
) -> None:
    """Make the room notice of SESSION: what its cameras do, who is responsible, and how to be out of view.

    What it says follows from what the session measures, and from the people who may be recognised there. The store
    keeps when it was made and, with --up, when it was put up and by whom. It is not legal advice.
    """
    now = datetime.now(UTC)
    if up:
        with store_at(store_url) as store:
            session = record_notice_up(store, session_id, by or _user(), now)
        click.echo(f"Recorded: the notice of {session.name} is up, so the people in view are informed.")
        return
    with needing_extra("dashboard"), needing_extra("report"):
        from dashboard.notice.contents import NoticeDetails, notice_of
        from dashboard.notice.html_page import html_of
        from dashboard.notice.pdf import pdf_of
        from dashboard.notice.words import languages_of

    codes = languages_of(languages)
    file = Path(f"{session_id}-notice.pdf") if file is None else file
    if file.suffix.lower() not in (".pdf", ".html"):
        raise InvalidValue(f"{file} is neither .pdf nor .html: give a file of either kind with --to")
    with store_at(store_url) as store:
        session = store.session(session_id)
        usual: Pictures = "recorded" if store.recordings(session_id) else "none"
        details = NoticeDetails(
            responsible=responsible,
            contact=contact,
            out_of_view=out_of_view,
            address=address,
            basis=basis,
            pictures=pictures or usual,
            windows_days=windows_days,
            faces_days=faces_days,
            purposes=_purposes(store, session_id),
        )
        notices = [notice_of(session, details, code) for code in codes]
        if file.suffix.lower() == ".pdf":
            write_output(file, pdf_of(notices, session=session.name, address=address, paper=paper))
        else:
            write_output(file, html_of(notices, session=session.name, address=address).encode())
        record_sheet(store, session_id, codes, now)
    click.echo(file)
    click.echo(f"When it is up: houselights notice {session_id} --up", err=True)


def _purposes(store: Store, session_id: str) -> tuple[Purpose, ...]:
    """The purposes of the rosters whose people may be recognised in a session."""
    from audience.stores import has_identity

    if not has_identity(store.url):
        return ()
    with needing_extra("people"):
        from audience.identity.people import People
        from audience.stores import open_identity
    with open_identity(store.url) as identity:
        people = People(identity, actor="", now=lambda: datetime.now(UTC))
        return people.purposes_for(session_id, [stage.stage_id for stage in store.stages(session_id)])


def _user() -> str:
    with suppress(OSError, KeyError):
        return getpass.getuser()
    return ""
