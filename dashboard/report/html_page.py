"""A report as one page of HTML that needs nothing else: no script, no request, all inside."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import fields
from html import escape
from pathlib import Path

import altair as alt

from audience.language import gettext, language
from audience.reaction.findings import Finding
from audience.reaction.moments import Moment
from dashboard.charts.reaction import reaction_chart
from dashboard.charts.render import svgs
from dashboard.charts.theme import DARK, LIGHT, Palette
from dashboard.markup import units_kept
from dashboard.report.contents import (
    FRONT,
    LEFT_OUT,
    MOMENTS,
    NOTES,
    SEGMENTS,
    SIMULATED,
    Note,
    Report,
    curve_notes,
    curve_title,
    findings_title,
    legend_of,
    slide_text,
)
from dashboard.report.table import headings, highest_of, rows, spark_lines, spark_svg, spark_text, table_says
from dashboard.report.typefaces import font_faces

_STYLES = Path(__file__).with_name("report.css")
_WIDTHS = {"wide": 960, "narrow": 400}
# What a browser holds the page to: nothing is fetched, nothing runs.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:"
# Signs that turn the direction of all that follows; letters have a direction without them.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def html_of(report: Report) -> str:
    """The page. Whatever was read from a store is text in it, never markup."""
    sections = [
        _head(report),
        _findings(report),
        _curve(report),
        _moments(report),
        _segments(report),
        _facing(report),
        _notes(gettext(LEFT_OUT), report.left_out),
        _notes(gettext(NOTES), report.notes),
        *(small_print(title, sentences) for title, sentences in report.appendix),
    ]
    return document(report.title, "".join(sections), report.made)


def document(title: str, body: str, made: str) -> str:
    """A whole page in the report's style, which needs nothing else: no script, no request.

    Args:
        title: of the page; text.
        body: its sections; HTML.
        made: how and when it was made, for its foot; text.
    """
    styles = font_faces(title + body + made) + _colours() + _STYLES.read_text(encoding="utf-8")
    page = (
        f'<!DOCTYPE html>\n<html lang="{language()}"><head><meta charset="utf-8"/>'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        '<meta name="color-scheme" content="light dark"/>'
        f"<title>{escape(title)} · Houselights</title><style>{styles}</style></head>\n"
        f"<body><main>{body}</main><footer><p>{escape(made)}</p></footer></body></html>\n"
    )
    return _TURNS.sub("", page)


def figure(chart: alt.LayerChart, says: str, caption: Sequence[str], legend: str = "") -> str:
    """A chart as a part of a page, once for a desk and once for a phone.

    Args:
        chart: in light colours.
        says: what it shows, for those who cannot see it.
        caption: sentences under it.
        legend: stands between chart and caption; HTML.
    """
    drawn = svgs([chart] * len(_WIDTHS), list(_WIDTHS.values()), says)
    pictures = [_inline(one.decode(), kind) for one, kind in zip(drawn, _WIDTHS, strict=True)]
    return f"<figure>{''.join(pictures)}<figcaption>{legend}{_joined(caption)}</figcaption></figure>\n"


def small_print(title: str, sentences: Sequence[str]) -> str:
    """A section in small letters; empty where there are no sentences."""
    if not sentences:
        return ""
    return f'<section class="small"><h2>{escape(title)}</h2><p>{_joined(sentences)}</p></section>\n'


def _colours() -> str:
    """The palettes as CSS: names for styles, and what the light colours of charts become on a dark screen."""
    pairs = [
        (name, getattr(LIGHT, name), getattr(DARK, name))
        for name in (one.name for one in fields(Palette))
        if isinstance(getattr(LIGHT, name), str)
    ]
    light = " ".join(f"--{name}: {colour};" for name, colour, _ in pairs)
    dark = " ".join(f"--{name}: {colour};" for name, _, colour in pairs)
    marks = " ".join(
        f'svg [{channel}="{old}"] {{ {channel}: {new}; }}' for _, old, new in pairs for channel in ("fill", "stroke")
    )
    compared = " ".join(
        f'svg [stroke="{old}"] {{ stroke: {new}; }}' for old, new in zip(LIGHT.lines, DARK.lines, strict=True)
    )
    return (
        f":root {{ {light} }}\n@media screen and (prefers-color-scheme: dark) "
        f"{{ :root {{ {dark} }} {compared} {marks} }}\n"
    )


def _head(report: Report) -> str:
    labels = "".join(f"<li>{escape(label)}</li>" for label in report.labels)
    facts = " · ".join(f'<span dir="auto">{escape(units_kept(fact))}</span>' for fact in report.facts)
    simulated = f'<p class="simulated">{escape(gettext(SIMULATED))}</p>' if report.simulated else ""
    number = ""
    if report.number is not None:
        number = (
            f'<p class="number"><strong>{escape(units_kept(report.number.figure))}</strong> '
            f"<span>{escape(report.number.what)}</span></p>"
        )
    lead = f'<p class="lead">{escape(units_kept(report.lead))}</p>'
    between = (
        f'<p class="range">{escape(units_kept(report.number.range))}</p>'
        if report.number is not None and report.number.range
        else ""
    )
    cover = _picture(report.pictures.cover, gettext("What was shown: {title}", title=report.title), "cover")
    return (
        f'<header><h1 dir="auto">{escape(report.title)}</h1><ul class="labels">{labels}</ul>'
        f'<p class="facts">{facts}</p>{simulated}'
        f'<div class="top"><div>{number}{lead}{between}</div>{cover}</div></header>\n'
    )


def _findings(report: Report) -> str:
    if report.expression is None:
        return ""
    if not report.findings:
        return f"<section><h2>{escape(findings_title(report))}</h2><p>{escape(report.moments_say)}</p></section>\n"
    items = "".join(_finding(report, one) for one in report.findings)
    return f'<section><h2>{escape(findings_title(report))}</h2><ul class="findings">{items}</ul></section>\n'


def _finding(report: Report, one: Finding) -> str:
    slide = _picture(report.pictures.segments.get(one.segment), slide_text(report, one.segment), "slide")
    return (
        f"<li>{slide}<h3>{escape(one.title)}</h3><p><strong>{escape(units_kept(one.figure))}</strong></p>"
        f'<p dir="auto">{escape(units_kept(one.sentence))}</p></li>'
    )


def _curve(report: Report) -> str:
    if not report.has_chart:
        return ""
    chart = reaction_chart(report.windows, report.curve, report.moments, LIGHT)
    says = f"{report.chart_says[0]} {report.lead}"
    drawn = figure(chart, says, curve_notes(report, _WIDTHS["wide"]), _legend(report))
    return f"<section><h2>{escape(curve_title(report))}</h2>{drawn}</section>\n"


def _legend(report: Report) -> str:
    """What the numbers in the chart stand for; a phone's chart has room for fewer titles."""
    wide, narrow = (legend_of(report, width) for width in _WIDTHS.values())
    items = "".join(
        f'<li class="{"" if number in wide else "narrow"}"><b>{number}</b> <span dir="auto">{escape(title)}</span></li>'
        for number, title in {**narrow, **wide}.items()
    )
    return f'<ul class="legend">{items}</ul>' if items else ""


def _facing(report: Report) -> str:
    if report.facing is None:
        return ""
    chart = reaction_chart(report.windows, report.facing, (), LIGHT)
    drawn = figure(chart, " ".join(report.facing_says[:2]), report.facing_says)
    return f"<section><h2>{escape(gettext(FRONT))}</h2>{drawn}</section>\n"


def _moments(report: Report) -> str:
    if not report.moments and not report.findings:
        return ""  # that nothing stood out is said in the place of the findings
    items = "".join(_moment(report, *one) for one in zip(report.moments, report.words, strict=True))
    listed = f'<ol class="moments">{items}</ol>' if items else ""
    return f"<section><h2>{escape(gettext(MOMENTS))}</h2>{listed}<p>{escape(report.moments_say)}</p></section>\n"


def _moment(report: Report, moment: Moment, words: tuple[str, str]) -> str:
    segment = int(report.windows.segment[moment.place])
    slide = _picture(report.pictures.segments.get(segment), slide_text(report, segment), "slide")
    sure = gettext(
        "{How_sure}; {time} on the clock.",
        How_sure=moment.sure.capitalize(),
        time=report.time_of_day(moment.session_s),
    )
    said = f"{escape(units_kept(moment.sentence))} <em>{escape(sure)}</em>"
    spoken, notes = words
    below = f'<p class="said" dir="auto"><q>{escape(spoken)}</q></p>' if spoken else ""
    below += f'<p class="said" dir="auto">{escape(gettext(NOTES))}: {escape(notes)}</p>' if notes else ""
    return f'<li><span class="dot">{moment.number}</span><div><p dir="auto">{said}</p>{below}</div>{slide}</li>'


def _picture(picture: bytes | None, says: str, kind: str) -> str:
    if picture is None:
        return ""
    media = "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"
    source = f"data:{media};base64,{b64encode(picture).decode()}"
    return f'<img class="{kind}" alt="{escape(says)}" src="{source}"/>'


def _segments(report: Report) -> str:
    if not report.segments:
        return ""
    columns = headings(report)
    head = "".join(
        f'<th scope="col">{escape(name)}</th>'
        for name in (gettext("Segment"), *columns, *([gettext("Shape")] if report.expression else []))
    )
    top = highest_of(report)
    body = []
    for row in rows(report):
        cells = "".join(
            f'<td data-is="{escape(name)}">{escape(cell)}</td>' for name, cell in zip(columns, row.cells, strict=True)
        )
        if report.expression:
            names = f' class="spark" role="img" aria-label="{escape(spark_text(report, row))}"'
            drawn = spark_svg(spark_lines(row.sparkline, top), names) if row.sparkline else ""
            cells += f'<td class="shape">{drawn}</td>'
        title = f'<th scope="row"><span dir="auto">{escape(row.title)}</span><small>{escape(row.when)}</small></th>'
        body.append(f"<tr>{title}{cells}</tr>")
    return (
        f"<section><h2>{escape(gettext(SEGMENTS))}</h2><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table>"
        f"<p>{_joined(table_says(report))}</p></section>\n"
    )


def _inline(drawn: str, kind: str) -> str:
    """An SVG file as a part of the page: on its ground, in its language, with ids of this drawing's own.

    Of what Vega writes for assistive technology the drawing's own name and text remain.
    """
    bare = re.sub(
        r' xmlns(:\w+)?="[^"]*"|<rect[^>]*fill="#ffffff"/>| aria-roledescription="[^"]*"| role="graphics-[^"]*"',
        "",
        drawn,
    )
    head, rest = bare.split(">", 1)
    rest = re.sub(r' aria-label="[^"]*"', "", rest)
    bare = f"{head}>{rest}".replace('class="marks"', f'class="{kind}"', 1)
    return re.sub(r'(?<=["#])part(?=\d)', f"{kind}-", bare)


def _notes(title: str, notes: Sequence[Note]) -> str:
    if not notes:
        return ""
    items = "".join(
        f'<li><b>{escape(note.when)}</b> <span dir="auto">{escape(note.what)}</span></li>' for note in notes
    )
    return f'<section><h2>{escape(title)}</h2><ul class="notes">{items}</ul></section>\n'


def _joined(sentences: Iterable[str]) -> str:
    return " ".join(escape(units_kept(sentence)) for sentence in sentences if sentence)
