"""The piece of a page that offers a stage's report; nothing is built before somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import streamlit as st

from audience.reaction.baseline import BaselineChoice
from audience.reaction.review import Review
from dashboard.access.identity import asked_as, permit
from dashboard.clock import viewer_zone
from dashboard.data import slide_pictures
from dashboard.report.contents import Report, report_of
from dashboard.report.slide_pictures import stored_pictures

PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"


def offer_report(review: Review, *, smoothing_s: float | None = None, against: BaselineChoice = "whole talk") -> None:
    """Three buttons that download what the page shows, side by side in whatever container they are put into.

    Args:
        review: of the stage that is shown.
        smoothing_s: what the page averages the curve over; None for what suits its length.
        against: what the page compares segments with.
    """
    zone = viewer_zone(st.context.timezone)
    session, stage = review.windows.session, review.windows.stage
    # A report is made in a thread that Streamlit does not know, so what the viewer may see is looked up now.
    kept = asked_as(permit(), slide_pictures)

    def report() -> Report:
        pictures = stored_pictures(stage, kept(session.session_id, stage.stage_id))
        return report_of(
            review,
            smoothing_s=smoothing_s,
            against=against,
            pictures=pictures,
            made_at=datetime.now(UTC),
            zone=zone,
        )

    def page() -> str:
        from dashboard.report.html_page import html_of

        return html_of(report())

    def pdf() -> bytes:
        from dashboard.report.pdf import pdf_of

        return pdf_of(report())

    def slides() -> bytes:
        from dashboard.report.powerpoint import pptx_of

        return pptx_of(report())

    name = f"{session.session_id}-{stage.stage_id}"
    _button("Report (HTML)", f"{name}.html", "text/html", page)
    _button("Report (PDF)", f"{name}.pdf", "application/pdf", pdf)
    _button("Slides (PowerPoint)", f"{name}.pptx", PPTX, slides)


def _button(label: str, file_name: str, mime: str, data: Callable[[], str] | Callable[[], bytes]) -> None:
    st.download_button(
        label, data, file_name, mime, key=f"report-{mime}", on_click="ignore", icon=":material/download:"
    )
