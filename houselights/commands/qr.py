"""`houselights qr`: writes a QR code of a festival's public board, for printing."""

from __future__ import annotations

import io
from pathlib import Path

import click

from audience.errors import ExportFailed, InvalidValue
from audience.ids import check_id
from houselights.commands.extras import needing_extra
from houselights.commands.server_address import server_address

KINDS = (".svg", ".png")
# Pixels per module, and the quiet zone in modules that ISO/IEC 18004 requires.
_PNG_SCALE, _QUIET = 16, 4


@click.command(short_help="Write a QR code of a festival's public board, for posters.")
@click.argument("session_id", metavar="SESSION")
@click.option("--at", "server", required=True, metavar="URL", help="Address of the pages, such as https://example.org")
@click.option(
    "--to", "file", type=click.Path(path_type=Path), metavar="FILE", help="FILE.svg or FILE.png  [default: ID.svg]"
)
def qr(session_id: str, server: str, file: Path | None) -> None:
    """Write the QR code of SESSION's public board, and print the address it leads to."""
    address = board_address(server, session_id)
    file = Path(f"{session_id}.svg") if file is None else file
    kind = file.suffix.lower()
    if kind not in KINDS:
        raise InvalidValue(f"{file} is neither .svg nor .png: give a file of either kind with --to")
    with needing_extra("dashboard"):
        import segno
    picture = io.BytesIO()
    # Error correction level Q: readable with a quarter of the code hidden by dirt or a fold.
    segno.make(address, micro=False, error="q").save(
        picture, kind=kind.removeprefix("."), scale=_PNG_SCALE, border=_QUIET
    )
    try:
        file.write_bytes(picture.getvalue())
    except OSError as problem:
        raise ExportFailed(f"{file} cannot be written: {problem.strerror}") from None
    click.echo(f"{file} leads to {address}")


def board_address(server: str, session_id: str) -> str:
    """The address of a session's public board.

    Raises:
        InvalidValue: the server's address or the session id is not valid.
    """
    check_id("session id", session_id)
    return f"{server_address(server)}/live/{session_id}"
