"""The kinds of file that a report is written as; what writes one is loaded when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from audience.language import N_, using
from dashboard.report.contents import Report

PPTX: Final = "application/vnd.openxmlformats-officedocument.presentationml.presentation"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportKind:
    """A kind of file.

    Attributes:
        label: what a button says, in English.
        ending: of the file's name, with its dot.
        media_type: what browsers call it.
    """

    label: str
    ending: str
    media_type: str

    def write(self, report: Report) -> bytes:
        """The report as a file of this kind, in the report's own language.

        Raises:
            ExportFailed: it cannot be set.
        """
        with using(report.language):
            return self._written(report)

    def _written(self, report: Report) -> bytes:
        if self.ending == ".pdf":
            from dashboard.report.pdf import pdf_of

            return pdf_of(report)
        if self.ending == ".pptx":
            from dashboard.report.powerpoint import pptx_of

            return pptx_of(report)
        from dashboard.report.html_page import html_of

        return html_of(report).encode()


REPORT_KINDS: Final = {
    one.ending: one
    for one in (
        ReportKind(label=N_("Report (HTML)"), ending=".html", media_type="text/html"),
        ReportKind(label=N_("Report (PDF)"), ending=".pdf", media_type="application/pdf"),
        ReportKind(label=N_("Slides (PowerPoint)"), ending=".pptx", media_type=PPTX),
    )
}
"""All of them, by ending."""
