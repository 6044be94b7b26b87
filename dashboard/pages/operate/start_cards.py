"""Cards to print, one a camera: the stage, the line that starts it, and the line as a QR code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import segno

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
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Cameras: {escape(session)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(session)}</h1><main>{sections}</main></body></html>"
    )


def _code(command: str) -> str:
    made = segno.make(command, error="m", micro=False)
    return str(made.svg_inline(omitsize=True, border=4, dark="#000", light="#fff", title="The line as a QR code"))
