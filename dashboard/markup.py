"""HTML of pages. Text from a store is escaped here: it is data, never markup."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape

from audience.language import gettext, ngettext
from dashboard.wording import NOT_FEELING

_SPARK_WIDTH, _SPARK_HEIGHT = 144, 30
_NAMED = 12


def header(title: str, labels: Iterable[str], facts: Iterable[str], lead: str) -> str:
    """The head of a session's page: title, labels, facts and headline, if there is one."""
    said = f'<p class="hl-lead">{escape(units_kept(lead))}</p>' if lead else ""
    return (
        f'<div class="hl-header"><h1>{escape(title)}</h1>{_labels(labels)}'
        f'<p class="hl-facts">{" · ".join(escape(fact) for fact in facts)}</p>{said}</div>'
    )


def page_title(title: str, lead: str = "") -> str:
    """The head of any other page."""
    said = f'<p class="hl-facts">{escape(lead)}</p>' if lead else ""
    return f'<div class="hl-header"><h1>{escape(title)}</h1>{said}</div>'


def listed(labels: Iterable[str], facts: Iterable[str]) -> str:
    """What stands under a session's title in the list."""
    return f'{_labels(labels)}<span class="hl-facts">{" · ".join(escape(fact) for fact in facts)}</span>'


def listed_film(film: str, labels: Iterable[str], facts: Iterable[str]) -> str:
    """The line of a list that stands for all sessions of a film."""
    return f'<h2 class="hl-film">{escape(film)}</h2>{listed(labels, facts)}'


def list_heading(text: str) -> str:
    """Stands over some rows of a list."""
    return f'<h3 class="hl-list-heading">{escape(text)}</h3>'


def named(names: Iterable[str]) -> str:
    """Some names in a line; of many the first, and how many more there are."""
    every = [*names]
    names = ", ".join(every[:_NAMED])
    if len(every) > _NAMED:
        names = ngettext("{names} and {count} more", "{names} and {count} more", len(every) - _NAMED, names=names)
    return escape(names)


def facts(items: Iterable[str]) -> str:
    """Facts in small print."""
    return f'<p class="hl-facts">{" · ".join(escape(fact) for fact in items)}</p>'


def lead(line: str) -> str:
    """The first sentence of a page."""
    return f'<p class="hl-lead">{escape(units_kept(line))}</p>'


def numbered(lines: Iterable[str]) -> str:
    """A numbered list; empty where there is nothing in it."""
    items = "".join(f"<li>{escape(units_kept(line))}</li>" for line in lines)
    return f'<ol class="hl-numbered">{items}</ol>' if items else ""


def note(*sentences: str) -> str:
    """Small print under a chart."""
    return f'<p class="hl-note">{" ".join(escape(sentence) for sentence in sentences if sentence)}</p>'


def figures(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of figures that can be read out and copied; the first cell of a row names it."""
    columns = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    lines = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    return (
        f'<div class="hl-figures" role="region" tabindex="0" aria-label="{escape(caption)}"><table>'
        f"<thead><tr>{columns}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def listing(title: str, lines: Iterable[str]) -> str:
    """Some lines under a small heading."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<div class="hl-listing"><h2>{escape(title)}</h2><ul>{items}</ul></div>'


def trouble(line: str) -> str:
    """An error in one line that says what to do."""
    return f'<p class="hl-trouble" role="alert">{escape(line)}</p>'


def empty(line: str, *commands: str) -> str:
    """A placeholder for missing data, with the command that adds some."""
    shown = "".join(f"<pre><code>{escape(command)}</code></pre>" for command in commands)
    return f'<div class="hl-empty"><p>{escape(line)}</p>{shown}</div>'


def footer() -> str:
    """The footer of every page."""
    return f'<p class="hl-note hl-footer">{escape(gettext(NOT_FEELING))}</p>'


def sparkline(shape: Sequence[float | None], what: str, colour: str) -> str:
    """A small picture of a curve, broken where there is no figure.

    Args:
        shape: 0..1, None where there is no figure; empty gives no picture.
        what: says to those who cannot see it what it shows.
        colour: as CSS writes it; read on light and dark pages alike.
    """
    if not shape:
        return '<span class="hl-spark hl-spark-none">' + escape(gettext("no figure")) + "</span>"
    return f'<img class="hl-spark" alt="{escape(what)}" src="{sparkline_source(shape, colour)}">'


def sparkline_source(shape: Sequence[float | None], colour: str, *, stroke: float = 1.6) -> str:
    """The picture of `sparkline` as an address: as a picture, because inline SVG is taken out of pages' HTML.

    Args:
        shape, colour: as of `sparkline`.
        stroke: how wide the line is, of a picture 30 high.
    """
    runs: list[list[str]] = [[]]
    for place, value in enumerate(shape):
        if value is None:
            runs.append([])
            continue
        x = place / max(1, len(shape) - 1) * (_SPARK_WIDTH - 4) + 2
        y = (1 - value) * (_SPARK_HEIGHT - 4) + 2
        runs[-1].append(f"{x:.1f},{y:.1f}")
    # A run of one point gets a second one, beside it, so that it can be seen.
    lines = "".join(f'<polyline points="{" ".join(run * 2 if len(run) == 1 else run)}"/>' for run in runs if run)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SPARK_WIDTH} {_SPARK_HEIGHT}" fill="none" '
        f'stroke="{colour}" stroke-width="{stroke:g}" stroke-linejoin="round" stroke-linecap="round">{lines}</svg>'
    )
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"


def qr_picture(text: str) -> str:
    """The text as a QR code: an SVG picture as an address of its own."""
    import segno

    return str(segno.make(text, error="m", micro=False).svg_data_uri(scale=4, border=4, dark="#000", light="#fff"))


def units_kept(text: str) -> str:
    """Text whose numbers are never parted from their units by the end of a line."""
    return re.sub(r"(?<=\d) (?=%|s\b|min\b)", "\N{NO-BREAK SPACE}", text)


def _labels(labels: Iterable[str]) -> str:
    return f'<span class="hl-labels">{"".join(f"<span>{escape(label)}</span>" for label in labels)}</span>'
