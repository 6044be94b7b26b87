"""The piece of a page that offers a stage's report; nothing is built before somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import streamlit as st

from audience.language import gettext, language, using
from audience.reaction.baseline import BaselineChoice
from audience.reaction.review import Review
from dashboard.access.identity import asked_as, permit
from dashboard.clock import viewer_zone
from dashboard.data import slide_pictures
from dashboard.report.contents import Report, report_of
from dashboard.report.kinds import REPORT_KINDS, ReportKind
from dashboard.report.slide_pictures import stored_pictures


def offer_report(review: Review, *, smoothing_s: float | None = None, against: BaselineChoice = "whole talk") -> None:
    """Three buttons that download what the page shows, side by side in whatever container they are put into.

    Args:
        review: of the stage that is shown.
        smoothing_s: what the page averages the curve over; None for what suits its length.
        against: what the page compares segments with.
    """
    zone = viewer_zone(st.context.timezone)
    session, stage = review.windows.session, review.windows.stage
    # A report is made in a thread that Streamlit does not know, so what the viewer may see and reads is looked up now.
    code = language()
    kept = asked_as(permit(), slide_pictures)

    def report() -> Report:
        pictures = stored_pictures(stage, kept(session.session_id, stage.stage_id))
        with using(code):
            return report_of(
                review,
                smoothing_s=smoothing_s,
                against=against,
                pictures=pictures,
                made_at=datetime.now(UTC),
                zone=zone,
            )

    name = f"{session.session_id}-{stage.stage_id}"
    for kind in REPORT_KINDS.values():
        st.download_button(
            gettext(kind.label),
            partial(_written, kind, report),
            f"{name}{kind.ending}",
            kind.media_type,
            key=f"report-{kind.media_type}",
            on_click="ignore",
            icon=":material/download:",
        )


def _written(kind: ReportKind, report: Callable[[], Report]) -> bytes:
    return kind.write(report())
