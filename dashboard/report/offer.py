"""The piece of a page that offers a stage's report; nothing is built before somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import streamlit as st

from audience.faces import LEAD_EXPRESSION
from audience.reaction.baseline import BaselineChoice
from audience.reaction.curve import StageWindows
from dashboard.clock import viewer_zone
from dashboard.data import SessionFile
from dashboard.report.contents import Report, report_of
from dashboard.report.html_page import html_of


def offer_report(
    file: SessionFile,
    windows: StageWindows,
    expression: str | None,
    *,
    smoothing_s: float | None = None,
    against: BaselineChoice = "whole talk",
) -> None:
    """Two buttons that download what the page shows, side by side in whatever container they are put into.

    Args:
        file: the session.
        windows: of the stage that is shown.
        expression: which is shown; None where only heads were counted.
        smoothing_s: what the page averages the curve over; None for what suits its length.
        against: what the page compares segments with.
    """
    stage_id = windows.stage.stage_id
    zone = viewer_zone(st.context.timezone)

    def report() -> Report:
        recordings = [one for one in file.recordings if one.stage_id == stage_id]
        return report_of(
            windows,
            expression or LEAD_EXPRESSION,
            scorers=file.scorers,
            recordings=recordings,
            smoothing_s=smoothing_s,
            against=against,
            live=file.live,
            made_at=datetime.now(UTC),
            zone=zone,
        )

    def page() -> str:
        return html_of(report())

    def pdf() -> bytes:
        from dashboard.report.pdf import pdf_of

        return pdf_of(report())

    name = f"{file.session.session_id}-{stage_id}"
    _button("Report (HTML)", f"{name}.html", "text/html", page)
    _button("Report (PDF)", f"{name}.pdf", "application/pdf", pdf)


def _button(label: str, file_name: str, mime: str, data: Callable[[], str] | Callable[[], bytes]) -> None:
    st.download_button(
        label, data, file_name, mime, key=f"report-{mime}", on_click="ignore", icon=":material/download:"
    )
