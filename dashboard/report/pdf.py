"""A report as PDF, for who forwards or prints it: A4, tagged (PDF/UA-1), charts drawn as lines, letters inside."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib.resources import files
from itertools import chain
from typing import Any

import typst

from audience.errors import ExportFailed
from audience.language import gettext, language
from audience.time import to_ms
from dashboard.charts.reaction import reaction_chart
from dashboard.charts.render import svgs
from dashboard.charts.theme import LIGHT
from dashboard.markup import units_kept
from dashboard.report.contents import (
    APPENDIX,
    FRONT,
    LEFT_OUT,
    MOMENTS,
    NOTES,
    SEGMENTS,
    SIMULATED,
    Report,
    curve_notes,
    curve_title,
    findings_title,
    legend_of,
    slide_text,
)
from dashboard.report.table import headings, highest_of, rows, spark_lines, spark_svg, spark_text, table_says
from dashboard.report.typefaces import MISSING, NOT_DRAWN, drawable, folders, lacks
from dashboard.wording import NOT_FEELING

# On A4 letters of 12 pixels are then 8.6 points high.
_CHART_PX = 700


def pdf_of(report: Report) -> bytes:
    """The PDF. The same report makes the same bytes.

    Raises:
        ExportFailed: it cannot be set.
    """
    drawings = _Drawings()
    data = _drawable(_data(report, drawings))
    source = (files("dashboard.report") / "report.typ").read_bytes()
    try:
        made: bytes = typst.compile(  # type: ignore[call-overload]
            {"main.typ": source, "report.json": json.dumps(data).encode(), **drawings.files},
            font_paths=folders(),
            ignore_system_fonts=True,
            pdf_standards="ua-1",
            timestamp=to_ms(report.made_at) // 1000,
        )
    except typst.TypstError as problem:
        raise ExportFailed(f"the PDF could not be set: {problem.message}; the HTML report says the same") from problem
    return made


class _Drawings:
    """The charts of a PDF, as files that its source names."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def add(self, drawn: bytes, says: str) -> dict[str, str]:
        """Adds an SVG file, and what it shows."""
        name = f"drawing-{len(self.files)}.svg"
        self.files[name] = drawn
        return {"file": name, "says": says}


def _picture(content: bytes | None, says: str) -> dict[str, Any] | None:
    """A photo; files that a source names can be text only, so its bytes are numbers in the data."""
    return None if content is None else {"bytes": list(content), "says": says}


def _data(report: Report, drawings: _Drawings) -> dict[str, Any]:
    """All that the pages say, as their source reads it."""
    pictures = report.pictures
    shape = report.expression is not None
    top = highest_of(report)
    curve, facing = _charts(report, drawings)
    return {
        "title": report.title,
        "about": gettext(NOT_FEELING),
        "language": language(),
        "colours": {name: getattr(LIGHT, name) for name in ("ink", "quiet", "rule", "curve")},
        "words": {
            "findings": findings_title(report),
            "curve": curve_title(report),
            "front": gettext(FRONT),
            "moments": gettext(MOMENTS),
            "segments": gettext(SEGMENTS),
            "appendix": gettext(APPENDIX),
        },
        "facts": [*report.labels, *report.facts],
        "simulated": gettext(SIMULATED) if report.simulated else "",
        "lead": report.lead,
        "number": asdict(report.number) if report.number is not None else None,
        "cover": _picture(pictures.cover, gettext("What was shown: {title}", title=report.title)),
        "expression": report.expression is not None,
        "findings": [
            {
                "title": one.title,
                "figure": one.figure,
                "sentence": one.sentence,
                "slide": _picture(pictures.segments.get(one.segment), slide_text(report, one.segment)),
            }
            for one in report.findings
        ],
        "chart": curve,
        "legend": [{"number": str(number), "title": title} for number, title in legend_of(report, _CHART_PX).items()],
        "moments": [
            {
                "sentence": one.sentence,
                "sure": f"{one.sure.capitalize()}; {report.time_of_day(one.session_s)}.",
                "words": [*([f"“{said}”"] if said else []), *([f"{gettext(NOTES)}: {notes}"] if notes else [])],
            }
            for one, (said, notes) in zip(report.moments, report.words, strict=True)
        ],
        "moments_say": report.moments_say,
        "columns": [gettext("Segment"), *headings(report), *([gettext("Shape")] * shape)],
        "sparks": shape,
        "rows": [
            {
                "title": row.title,
                "when": row.when,
                "cells": row.cells,
                "spark": drawings.add(_spark(row.sparkline, top), spark_text(report, row)) if row.sparkline else None,
            }
            for row in rows(report)
        ],
        "segments_say": _joined(table_says(report)),
        "facing": facing,
        "notes": [
            (title, [{"when": one.when, "what": one.what} for one in notes])
            for title, notes in ((gettext(LEFT_OUT), report.left_out), (gettext(NOTES), report.notes))
            if notes
        ],
        "appendix": [(title, sentences) for title, sentences in report.appendix],
        "made": _joined([report.made, *([gettext(NOT_DRAWN, sign=MISSING)] if _some_missing(report) else [])]),
    }


def _charts(report: Report, drawings: _Drawings) -> list[dict[str, str] | None]:
    """The curve, and the faces turned to the front; None where there is none."""
    if not report.has_chart:
        return [None, None]
    caption = curve_notes(report, _CHART_PX)
    shown = [(reaction_chart(report.windows, report.curve, report.moments, LIGHT, written=drawable), caption)]
    if report.facing is not None:
        shown.append((reaction_chart(report.windows, report.facing, (), LIGHT, written=drawable), report.facing_says))
    drawn = svgs([chart for chart, _ in shown], [_CHART_PX] * len(shown), "")
    placed: list[dict[str, str] | None] = []
    for one, (_, says), alt in zip(
        drawn, shown, (report.chart_says[0] + " " + report.lead, gettext(FRONT)), strict=False
    ):
        placed.append({**drawings.add(one, alt), "caption": _joined(says)})
    return placed if len(placed) == 2 else [*placed, None]


def _spark(shares: Sequence[float], top: float) -> bytes:
    """A segment's shares as a small picture."""
    return spark_svg(spark_lines(shares, top), ' xmlns="http://www.w3.org/2000/svg"').encode()


def _joined(sentences: Sequence[str]) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _drawable(said: Any) -> Any:
    """Part of the data, in signs that the typefaces have."""
    if isinstance(said, dict):
        return {name: _drawable(value) for name, value in said.items()}
    if isinstance(said, list | tuple):
        return [_drawable(value) for value in said]
    return drawable(units_kept(said)) if isinstance(said, str) else said


def _some_missing(report: Report) -> bool:
    titles = [report.title, report.windows.stage.name, *(row.title for row in report.segments)]
    said = "".join([*titles, *(note.what for note in (*report.left_out, *report.notes)), *chain(*report.words)])
    return lacks(said)
