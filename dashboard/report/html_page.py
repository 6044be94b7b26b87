"""A report as one page of HTML that needs nothing else: no script, no request, pictures and styles inside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

import altair as alt

from dashboard.charts.reaction import reaction_chart
from dashboard.charts.render import svgs
from dashboard.charts.theme import LIGHT
from dashboard.markup import units_kept
from dashboard.report.contents import SIMULATED, Note, Report
from dashboard.report.table import SPARK_PX, headings, highest_of, rows, spark_lines, table_says
from dashboard.wording import doing

_STYLES = Path(__file__).with_name("report.css")
# What a browser holds the page to: nothing is fetched, nothing runs.
_WIDTHS = {"wide": 960, "narrow": 400}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
# Signs that turn the direction of all that follows; letters have a direction without them.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def html_of(report: Report) -> str:
    """The page. Whatever was read from a store is text in it, never markup."""
    sections = [
        _head(report),
        _charts(report),
        _moments(report),
        _segments(report),
        _notes("Excluded from every figure", report.left_out),
        _notes("Notes", report.notes),
        small_print("What was measured", report.measured),
        small_print("How it was worked out", report.method),
    ]
    return document(report.title, "".join(sections), report.made)


def document(title: str, body: str, made: str) -> str:
    """A whole page in the report's style, which needs nothing else: no script, no request.

    Args:
        title: of the page; text.
        body: its sections; HTML.
        made: how and when it was made, for its foot; text.
    """
    page = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>{escape(title)} · Houselights</title>"
        f"<style>{_STYLES.read_text(encoding='utf-8')}</style></head>\n"
        f"<body><main>{body}</main><footer><p>{escape(made)}</p></footer></body></html>\n"
    )
    return _TURNS.sub("", page)


def figure(chart: alt.LayerChart, says: str, caption: Sequence[str]) -> str:
    """A chart as a part of a page, once for a desk and once for a phone.

    Args:
        chart: in light colours.
        says: what it shows, for those who cannot see it.
        caption: sentences under it.
    """
    drawn = svgs([chart] * len(_WIDTHS), list(_WIDTHS.values()), says)
    pictures = [_inline(one.decode(), kind) for one, kind in zip(drawn, _WIDTHS, strict=True)]
    return f"<figure>{''.join(pictures)}<figcaption>{_joined(caption)}</figcaption></figure>\n"


def small_print(title: str, sentences: Sequence[str]) -> str:
    """A section in small letters; empty where there are no sentences."""
    if not sentences:
        return ""
    return f'<section class="small"><h2>{escape(title)}</h2><p>{_joined(sentences)}</p></section>\n'


def _head(report: Report) -> str:
    labels = "".join(f"<li>{escape(label)}</li>" for label in report.labels)
    facts = " · ".join(f'<span dir="auto">{escape(units_kept(fact))}</span>' for fact in report.facts)
    simulated = f'<p class="simulated">{escape(SIMULATED)}</p>' if report.simulated else ""
    return (
        f'<header><h1 dir="auto">{escape(report.title)}</h1><ul class="labels">{labels}</ul>'
        f'<p class="facts">{facts}</p>{simulated}<p class="lead">{escape(units_kept(report.lead))}</p></header>\n'
    )


def _charts(report: Report) -> str:
    if not len(report.windows.start_ms):
        return ""
    chart = reaction_chart(report.windows, report.curve, report.moments, LIGHT)
    first = figure(chart, f"{report.chart_says[0]} {report.lead}", report.chart_says)
    if report.facing is None:
        return first
    facing = reaction_chart(report.windows, report.facing, (), LIGHT)
    return first + figure(facing, " ".join(report.facing_says[:2]), report.facing_says)


def _moments(report: Report) -> str:
    if not report.moments_say:
        return ""
    items = "".join(
        f'<li><span class="number">{moment.number}</span><p>{escape(units_kept(moment.sentence))} '
        f"<em>{escape(moment.sure.capitalize())}.</em></p></li>"
        for moment in report.moments
    )
    listed = f'<ol class="moments">{items}</ol>' if items else ""
    return f"<section><h2>Moments</h2>{listed}<p>{escape(report.moments_say)}</p></section>\n"


def _segments(report: Report) -> str:
    if not report.segments:
        return ""
    columns = headings(report)
    head = "".join(
        f'<th scope="col">{escape(name)}</th>'
        for name in ("Segment", *columns, *(["Shape"] if report.expression else []))
    )
    top = highest_of(report)
    body = []
    for row in rows(report):
        cells = "".join(
            f'<td data-is="{escape(name)}">{escape(cell)}</td>' for name, cell in zip(columns, row.cells, strict=True)
        )
        if report.expression:
            says = f"Share of faces that {doing(report.expression)} along the segment"
            drawn = _spark(spark_lines(row.sparkline, top), says) if row.sparkline else ""
            cells += f'<td class="shape">{drawn}</td>'
        title = f'<th scope="row"><span dir="auto">{escape(row.title)}</span><small>{escape(row.when)}</small></th>'
        body.append(f"<tr>{title}{cells}</tr>")
    return (
        f"<section><h2>Segments</h2><table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
        f"<p>{_joined(table_says(report))}</p></section>\n"
    )


def _inline(drawn: str, kind: str) -> str:
    """An SVG file as a part of the page: on its ground, in its language, with ids of this drawing's own."""
    bare = re.sub(r' xmlns(:\w+)?="[^"]*"|<rect[^>]*fill="#ffffff"/>', "", drawn).replace(
        'class="marks"', f'class="{kind}"', 1
    )
    return re.sub(r'(?<=["#])part(?=\d)', f"{kind}-", bare)


def _spark(lines: Sequence[Sequence[tuple[float, float]]], says: str) -> str:
    """A segment's shares as a small line."""
    drawn = "".join(f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in line)}"/>' for line in lines)
    width, height = SPARK_PX
    floor = f'<path d="M0,{height - 1.5}H{width}" stroke="{LIGHT.rule}"/>'
    return (
        f'<svg class="spark" role="img" aria-label="{escape(says)}" viewBox="0 0 {width:g} {height:g}" fill="none">'
        f'{floor}<g stroke="{LIGHT.curve}" stroke-width="1.4" stroke-linejoin="round">{drawn}</g></svg>'
    )


def _notes(title: str, notes: Sequence[Note]) -> str:
    if not notes:
        return ""
    items = "".join(
        f'<li><b>{escape(note.when)}</b> <span dir="auto">{escape(note.what)}</span></li>' for note in notes
    )
    return f'<section><h2>{escape(title)}</h2><ul class="notes">{items}</ul></section>\n'


def _joined(sentences: Iterable[str]) -> str:
    return " ".join(escape(units_kept(sentence)) for sentence in sentences if sentence)
