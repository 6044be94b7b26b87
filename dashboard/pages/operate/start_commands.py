"""The lines that start a camera or a watcher, and cards to print with the lines of cameras as QR codes."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import segno

from audience.language import gettext, language

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
body { font: 11pt/1.4 "Source Sans Pro", "Source Sans 3", system-ui, sans-serif; color: #000; background: #fff;
  margin: 1rem; overflow-wrap: anywhere }
h1 { font: 600 15pt/1.2 "Source Serif Pro", "Source Serif 4", Georgia, serif; margin: 0 0 .8rem }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); gap: .6rem }
section { border: 1px dashed #555; padding: .8rem; break-inside: avoid; display: grid; gap: .2rem .8rem;
  grid-template-columns: auto minmax(0, 1fr); align-items: start }
h2 { font-size: 17pt; line-height: 1.15; margin: 0 }
p { margin: .2rem 0 0 }
code { grid-column: 1 / -1; font: 8.5pt/1.35 ui-monospace, monospace }
svg { width: 38mm; height: 38mm; display: block }
@media print { body { margin: 0 } @page { margin: 12mm } }
"""


def watch_command(*, session_id: str, stage_id: str, camera_id: str, source: str, store_url: str) -> str:
    """What starts a camera on this machine, with a preview at a free port, faces made unrecognisable.

    Args:
        session_id, stage_id, camera_id: whose.
        source: the camera, as `houselights watch` takes it.
        store_url: "" for the one that is used unasked.
    """
    words = ["houselights", "watch", source, "--session", session_id, "--stage", stage_id, "--camera", camera_id]
    return _in_store([*words, "--preview-port", "0", "--blur"], store_url)


def alerts_command(*, store_url: str) -> str:
    """What starts a watcher of the rules.

    Args:
        store_url: "" for the one that is used unasked.
    """
    return _in_store(["houselights", "alerts"], store_url)


def device_command(environment: Mapping[str, str], *, source: str, deliver_to: str) -> str:
    """What starts a camera on a computer of its own, which delivers to a bucket.

    Args:
        environment: the environment variables of the device.
        source: the camera, as `HOUSELIGHTS_SOURCE` takes it.
        deliver_to: the name of a bucket in S3, or `dir:` and a folder.
    """
    settings = {**environment, "HOUSELIGHTS_SOURCE": source, "HOUSELIGHTS_BUCKET": deliver_to}
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items()) + " python -m edge_lambda"


@dataclass(frozen=True, slots=True)
class StartCard:
    """What a card says: what the stage is called, the camera's id, and the line that starts it."""

    stage: str
    camera_id: str
    command: str


def cards_html(cards: Sequence[StartCard], *, session: str) -> str:
    """The cards as one page, which holds everything and asks for nothing.

    Args:
        cards: one at least.
        session: what the session is called.
    """
    sections = "".join(
        f"<section>{_code(card.command)}<div><h2>{escape(card.stage)}</h2><p>{escape(card.camera_id)}</p></div>"
        f"<code>{escape(card.command)}</code></section>"
        for card in cards
    )
    title = gettext("Cameras: {session}", session=session)
    return (
        f'<!DOCTYPE html><html lang="{language()}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(session)}</h1><main>{sections}</main></body></html>"
    )


def _code(command: str) -> str:
    made = segno.make(command, error="m", micro=False)
    return str(
        made.svg_inline(omitsize=True, border=4, dark="#000", light="#fff", title=gettext("The line as a QR code"))
    )


def _in_store(words: list[str], store_url: str) -> str:
    return shlex.join([*words, *(["--store", store_url] if store_url else [])])
