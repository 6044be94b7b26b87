"""The room notice as one HTML page: to show on a screen, to print, and to put where the QR code leads."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import segno

from dashboard.notice.contents import Notice
from dashboard.report.typefaces import font_faces

_STYLE = """
:root { color-scheme: light dark; --ink: #14181c; --quiet: #4c545c; --accent: #1c4e80; --paper: #fff; --rule: #b9bfc5 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #f1f3f5; --quiet: #b6bec6; --accent: #8fc1f0; --paper: #15181b; --rule: #565e66 }
}
@media print { :root { --ink: #000; --quiet: #333; --accent: #1c4e80; --paper: #fff } section { break-inside: avoid }
  nav { display: none } }
body { font: 1.25rem/1.45 "Source Sans Pro", system-ui, sans-serif; color: var(--ink);
  background: var(--paper); max-width: 46rem; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; overflow-wrap: anywhere }
h1 { font: 600 2.1rem/1.2 "Source Serif Pro", Georgia, serif; margin: 0 0 1rem }
h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem }
p { margin: 0 0 .8rem }
.choice { color: var(--accent); font-weight: 600 }
section + section { border-top: 1px solid var(--rule); margin-top: 2.5rem; padding-top: 2rem }
dl { font-size: 1rem; display: grid; grid-template-columns: minmax(9rem, auto) 1fr; gap: .35rem 1rem; margin: 0 }
dt { font-weight: 600; overflow-wrap: normal } dd { margin: 0 }
.blank { border-bottom: 1px solid var(--rule); min-height: 1.4em }
nav { margin-bottom: 2rem; font-size: 1rem } nav a { color: var(--accent); margin-right: 1rem; white-space: nowrap }
footer { margin-top: 2.5rem; color: var(--quiet); font-size: .95rem } footer a { color: var(--accent) }
svg { background: #fff; padding: 8px; display: block; margin-top: .8rem }
@media (max-width: 34rem) { dl { grid-template-columns: 1fr } dd { margin-bottom: .6rem } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'"


def html_of(notices: Sequence[Notice], *, session: str, address: str = "") -> str:
    """The page; it holds everything, and asks for nothing.

    Args:
        notices: a language each, one at least.
        session: its name.
        address: what the QR code leads to; "" for none.
    """
    links = "".join(f'<a href="#{one.language}" lang="{one.language}">{escape(one.name)}</a>' for one in notices)
    nav = f"<nav>{links}</nav>" if len(notices) > 1 else ""
    body = (
        f"{nav}<main>{''.join(map(_section, notices))}</main>"
        f"<footer>{escape(session)}{_leads_to(notices, address)}</footer>"
    )
    return (
        f'<!DOCTYPE html><html lang="{notices[0].language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(notices[0].title)}: {escape(session)}</title><style>{font_faces(body)}{_STYLE}</style></head>"
        f"<body>{body}</body></html>"
    )


def _section(notice: Notice) -> str:
    lines = "".join(f"<p>{escape(line)}</p>" for line in notice.lines)
    rows = "".join(
        f"<dt>{escape(label)}</dt>" + (f"<dd>{escape(text)}</dd>" if text else '<dd class="blank"></dd>')
        for label, text in notice.details
    )
    return (
        f'<section id="{notice.language}" lang="{notice.language}"><h1>{escape(notice.title)}</h1>{lines}'
        f'<p class="choice">{escape(notice.choice)}</p><h2>{escape(notice.heading)}</h2><dl>{rows}</dl></section>'
    )


def _leads_to(notices: Sequence[Notice], address: str) -> str:
    if not address:
        return ""
    more = " · ".join(dict.fromkeys(notice.more for notice in notices))
    code = segno.make(address, micro=False, error="m").svg_inline(scale=4, border=2)
    return f'<p>{escape(more)}: <a href="{escape(address)}">{escape(address)}</a></p>{code}'
