"""Faces turned to the front: on the session's page, in exports and in reports, with expressions and in head counts."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC

import pypdfium2
import pytest

from audience.export.tables import curve_table, tracks_table
from audience.faces import FACING
from audience.reaction.curve import StageWindows, stage_windows
from audience.reaction.headline import facing_sentence
from audience.reaction.review import review_of
from audience.stores import open_store
from audience.window_table import WindowTable
from audience.windows import WindowRecord
from dashboard.report.contents import report_of
from dashboard.report.html_page import html_of
from dashboard.report.pdf import pdf_of
from tests.builders import (
    SCORER,
    a_camera,
    a_face,
    a_head_count,
    a_scorer,
    a_session,
    a_stage,
    a_window,
    after,
    counted,
    window_faces,
)
from tests.dashboard.conftest import Pages, put, text_of

PEOPLE = 40


def facing_at(second: int) -> int:
    """How many of forty people face the front: thirty, and ten for half a minute."""
    return 10 if 60 <= second < 90 else 30


def records(mode: str, *, seconds: int = 120) -> list[WindowRecord]:
    made = []
    for at in range(seconds):
        window = a_head_count(at, heads=PEOPLE) if mode == "head count" else a_window(at, smiling=10, of=PEOPLE)
        made.append(replace(window, tallies={**window.tallies, FACING: counted(facing_at(at), PEOPLE)}))
    return made


def a_talk(mode: str, windows: list[WindowRecord] | None = None) -> StageWindows:
    session = a_session("talk-1", title="Why bridges hum", mode=mode, ended_at=after(120))
    table = WindowTable.of(records(mode) if windows is None else windows)
    return stage_windows(session, a_stage(), [a_camera()], table)


def a_report(windows: StageWindows):
    review = review_of(windows, scorers={SCORER: a_scorer()}, recordings=[], heartbeats=[], live=False)
    return report_of(review, made_at=after(900), zone=UTC)


@pytest.mark.parametrize("mode", ["expressions", "head count"])
class TestWhereItWasMeasured:
    def test_the_page_says_how_many_face_the_front_and_what_that_is_not(
        self, mode: str, store_url: str, pages: Pages
    ) -> None:
        session = a_session("talk-1", title="Why bridges hum", mode=mode, ended_at=after(120))
        with open_store(store_url) as store:
            store.put_scorer(a_scorer())
            put(store, session, (a_stage(), records(mode)))
        app = pages.session("talk-1")
        assert not app.exception
        assert "Facing the front" in [header.value for header in app.header]
        assert "62 %" in text_of(app) or "63 %" in text_of(app) or "62.5 %" in text_of(app)
        assert "neither attention nor interest" in text_of(app)

    def test_the_curve_is_exported_second_by_second(self, mode: str) -> None:
        table = curve_table([a_talk(mode)])
        cells = dict(zip([column.name for column in table.columns], table.values, strict=True))
        shares = [share for share, name in zip(cells["share"], cells["expression"], strict=True) if name == FACING]
        assert shares == [facing_at(at) / PEOPLE for at in range(120)]

    def test_a_report_has_its_curve_and_says_what_it_is_not(self, mode: str) -> None:
        report = a_report(a_talk(mode))
        page = html_of(report)
        assert page.count("<figure>") == 2
        assert "neither attention nor interest" in page
        document = pypdfium2.PdfDocument(io.BytesIO(pdf_of(report)))
        text = " ".join("".join(one.get_textpage().get_text_range() for one in document).split())
        assert "neither attention nor interest" in text


def test_where_it_was_not_measured_nothing_is_said(store_url: str, pages: Pages) -> None:
    session = a_session("talk-1", ended_at=after(120))
    with open_store(store_url) as store:
        put(store, session, (a_stage(), [a_window(at, smiling=10, of=PEOPLE) for at in range(120)]))
    assert "Facing" not in text_of(pages.session("talk-1"))
    windows = a_talk("expressions", [a_window(at, smiling=10, of=PEOPLE) for at in range(120)])
    assert facing_sentence(windows) == ""
    assert html_of(a_report(windows)).count("<figure>") == 1


def test_the_sentence_names_the_time_when_fewest_faced_the_front() -> None:
    said = facing_sentence(a_talk("head count"))
    assert "at 1:" in said
    assert "25 %" in said


def test_of_few_faces_no_figure_is_given() -> None:
    few = [replace(a_head_count(at, heads=4), tallies={FACING: counted(3, 4)}) for at in range(120)]
    windows = a_talk("head count", few)
    assert facing_sentence(windows) == ""
    table = curve_table([windows])
    shares = table.values[[column.name for column in table.columns].index("share")]
    assert set(shares) == {None}


def test_a_track_has_its_level_only_where_single_faces_may_be_shown() -> None:
    face = a_face("t1", confidences={"smile": 0.2, FACING: 0.75})
    seen = {"main": [window_faces(seen=[face])]}
    shown, hidden = (tracks_table("talk-1", seen, single_faces=single) for single in (True, False))
    names = [column.name for column in shown.columns]
    assert shown.values[names.index("facing_level")] == [0.75]
    assert "facing_level" not in [column.name for column in hidden.columns]
