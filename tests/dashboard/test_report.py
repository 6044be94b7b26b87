"""A report: the pages' figures in one file that needs nothing else; what every kind of file says."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from html.parser import HTMLParser
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pypdfium2
import pytest
from streamlit.testing.v1 import AppTest

from audience.language import gettext, using
from audience.percents import percent, percent_text
from audience.privacy import decide
from audience.reaction.curve import StageWindows, smoothed_curve, stage_windows
from audience.reaction.headline import headline
from audience.reaction.moments import moments
from audience.reaction.review import review_of
from audience.reaction.segments import segment_rows
from audience.window_table import WindowTable
from audience.windows import WindowRecord
from dashboard.charts.reaction import reaction_chart
from dashboard.charts.render import svgs
from dashboard.charts.theme import LIGHT
from dashboard.report.contents import SIMULATED, Report, report_of
from dashboard.report.html_page import html_of
from dashboard.report.kinds import REPORT_KINDS
from dashboard.report.pdf import pdf_of
from dashboard.report.table import rows
from dashboard.report.typefaces import MISSING, NOT_DRAWN
from dashboard.wording import NOT_FEELING
from tests.builders import (
    SCORER,
    a_camera,
    a_cue,
    a_head_count,
    a_progress,
    a_scorer,
    a_session,
    a_stage,
    a_timeline,
    a_window,
    after,
    an_annotation,
    an_exclusion,
)
from tests.dashboard.charts import datasets, labels_at

HOSTILE = '<script>alert("1")</script> & <img src=x onerror=alert(1)> </title></style> ]]> \'"'
RTL, EMOJI = "\u202eשלום עולם مرحبا", "Love 👩‍👩‍👧 ❤️"
EUROPEAN = "Ångström, Łódź, Ελληνικά, Щедрий, Đặng"
TALK = a_timeline(("Opening", 0, 120), ("Demo", 120, 300), ("A word", 300, 305), ("Questions", 305, 595))

SOME_MISSING = NOT_DRAWN.format(sign=MISSING)


def a_talk(*, faces: int = 40, session=None, stage=None, until: int = 600) -> StageWindows:
    """Ten minutes in which a fifth of the faces smile, and four fifths from 4:00 to 4:25; nobody at 6:00 for 20 s."""
    random = np.random.default_rng(1)
    records = []
    for at in range(until):
        of = 0 if 360 <= at < 380 else faces
        records.append(a_window(at, smiling=int(random.binomial(of, 0.8 if 240 <= at < 265 else 0.2)), of=of))
    return laid(records, session or a_session(title="Why bridges hum", ended_at=after(600)), stage)


def laid(records: Sequence[WindowRecord], session, stage=None) -> StageWindows:
    stage = stage or a_stage(title="Hall", audience_size=50, timelines=[TALK], cues=[a_cue(5, 0)])
    return stage_windows(session, stage, [a_camera()], WindowTable.of(records))


def report(windows: StageWindows, **given) -> Report:
    shown = {name: given.pop(name) for name in ("smoothing_s", "against") if name in given}
    known = {"scorers": {SCORER: a_scorer()}, "recordings": [a_progress()], "heartbeats": [], "live": False} | given
    return report_of(review_of(windows, **known), made_at=after(900), zone=UTC, **shown)


def text_of(pdf: bytes) -> str:
    """What a reader of the PDF finds in it, lines joined."""
    with pypdfium2.PdfDocument(pdf) as document:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    return " ".join(" ".join(pages).split()).replace("\N{NO-BREAK SPACE}", " ")


def words_of(html: str) -> str:
    """What a reader of the page finds in it."""
    found: list[str] = []
    parser = HTMLParser()
    parser.handle_data = found.append  # type: ignore[method-assign]
    parser.feed(html.partition("<body>")[2])
    return " ".join(" ".join(found).split()).replace("\N{NO-BREAK SPACE}", " ")


def test_its_figures_are_those_of_the_functions_the_pages_draw_from() -> None:
    windows = a_talk()
    told = report(windows)
    assert told.lead == headline(windows, "smile", peak=False)
    assert told.moments == moments(windows, "smile")
    assert [moment.kind for moment in told.moments] == ["peak"]
    assert repr(told.segments) == repr(segment_rows(windows, "smile"))
    assert told.curve is not None
    np.testing.assert_array_equal(told.curve.share, smoothed_curve(windows, "smile", 15).share)


def test_it_says_whose_windows_lie_far_outside_the_session_and_leaves_them_out() -> None:
    session = a_session(ended_at=after(600))
    windows = laid([a_window(0, of=9), a_window(start_ms=5000, of=9, camera_id="cam-9")], session)
    assert any("cam-9" in line for line in report(windows).measured)
    assert not any("cam-9" in line for line in report(laid([a_window(0, of=9)], session)).measured)


def test_both_files_say_every_figure_and_what_it_rests_on() -> None:
    told = report(a_talk())
    demo = told.segments[1]
    for said in (words_of(html_of(told)), text_of(pdf_of(told))):
        assert told.lead in said
        assert told.moments[0].sentence in said
        assert f"{percent_text(demo.share)} ({percent(demo.share_low)} to {percent_text(demo.share_high)})" in said
        assert "3 A word 5:00 to 5:05 not enough data" in said
        assert f"Scored by {SCORER}, which counts faces at confidence 0.5 or more." in said
        assert "Faces found by centerface 1." in said
        assert "Coverage: on average 80 % of the audience size that was stated." in said
        assert NOT_FEELING in said
        assert "95 % Wilson interval" in said
        assert "Made on Mon 4 May 2026, 19:45 UTC by Houselights" in said


def test_segments_are_compared_with_what_the_page_compares_them_with() -> None:
    windows = a_talk()
    told = report(windows, against="moving median")
    assert repr(told.segments) == repr(segment_rows(windows, "smile", against="moving median"))
    for said in (words_of(html_of(told)), text_of(pdf_of(told))):
        assert "Compared with the minutes around" in said
        assert "its share less the usual share in the five minutes around" in said
    assert "Compared with before the start" in words_of(html_of(report(windows, against="pre-roll")))


def test_its_table_rounds_as_the_sentences_do_and_says_where_data_are_too_few() -> None:
    told = report(a_talk())
    row = replace(told.segments[1], share=0.575, share_low=0.575, share_high=0.675, change=0.575, change_low=-0.575)
    (cells,) = [one.cells for one in rows(replace(told, segments=(replace(row, change_high=0.585),)))]
    assert cells[:2] == ("58 % (58 to 68 %)", "+58 points (\N{MINUS SIGN}58 to +58)")
    # Five seconds before it began are none to compare with.
    (_, before, _) = rows(report(a_talk(), against="pre-roll"))[1].cells
    assert before == "not enough data"
    short = a_stage(timelines=[a_timeline(("Brief", 0, 30))])
    (_, brief, _) = rows(report(a_talk(stage=short)))[0].cells
    assert re.fullmatch(r"[+\N{MINUS SIGN}]?\d+ points \(too short for a range\)", brief)


def test_the_page_is_well_formed_and_needs_nothing_else() -> None:
    html = html_of(report(a_talk()))
    ElementTree.fromstring(html.partition("\n")[2])
    assert "<script" not in html
    assert not re.search(r"""(src=|href|url\((?!data:font/)|@import|https?:|<link|<iframe|<object|\son\w+=)""", html)
    assert "default-src 'none'" in html


@pytest.mark.parametrize("title", [HOSTILE, RTL, EMOJI, EUROPEAN, "x" * 200, "{title} %s \\n $x$ &amp; &lt;"])
def test_titles_are_text_whatever_they_hold(title: str) -> None:
    stage = a_stage(
        title=title,
        timelines=[a_timeline((title, 0, 300), title=title)],
        exclusions=[replace(an_exclusion(10, 20), title=title, by=title, reason=title)],
        annotations=[an_annotation(30, title)],
    )
    told = report(a_talk(session=a_session(title=title, ended_at=after(600)), stage=stage))
    html = html_of(told)
    ElementTree.fromstring(html.partition("\n")[2])
    assert words_of(html).count(title.lstrip("\u202e")) >= 4
    assert "\u202e" not in html  # it would turn the words after it round
    assert "<script" not in html
    assert "<img" not in html
    assert pdf_of(told).startswith(b"%PDF-")


def test_a_pdf_has_the_letters_of_europe_and_says_which_it_lacks() -> None:
    european = text_of(pdf_of(report(a_talk(session=a_session(title=EUROPEAN, ended_at=after(600))))))
    assert EUROPEAN in european
    assert SOME_MISSING not in european
    others = text_of(pdf_of(report(a_talk(session=a_session(title="On 日本語 again?", ended_at=after(600))))))
    assert "On ? again?" in others
    assert SOME_MISSING in others
    # An accent of its own joins its letter, and marks of direction are nothing to see.
    joined = text_of(pdf_of(report(a_talk(session=a_session(title="e\u0301te\u0301\u200f", ended_at=after(600))))))
    assert "été Talk" in joined


def test_what_a_pdf_lacks_after_a_question_mark_is_not_taken_for_one() -> None:
    asked = text_of(pdf_of(report(a_talk(session=a_session(title="Why?日本", ended_at=after(600))))))
    assert "Why??" in asked
    assert SOME_MISSING in asked


def test_no_picture_of_anybody_is_in_it() -> None:
    told = report(a_talk())
    assert "<img" not in html_of(told)
    assert "data:image" not in html_of(told)
    with pypdfium2.PdfDocument(pdf_of(told)) as document:
        for page in document:
            assert list(page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])) == []


def test_the_same_report_makes_the_same_files() -> None:
    told = report(a_talk())
    assert pdf_of(told) == pdf_of(told)
    assert html_of(told) == html_of(told)


def test_what_is_simulated_or_experimental_is_said_in_both() -> None:
    windows = a_talk(session=replace(a_session(ended_at=after(600)), simulated=True))
    told = report(windows, scorers={SCORER: replace(a_scorer(), experimental=frozenset({"smile"}))})
    for said in (words_of(html_of(told)), text_of(pdf_of(told))):
        assert SIMULATED in said
        assert "Experimental: how well this scorer tells the expression “Smile” is not established." in said


def test_what_was_left_out_and_what_was_noted_stand_in_it_with_names() -> None:
    stage = a_stage(exclusions=[an_exclusion(60, 90)], annotations=[an_annotation(125)])
    for said in (words_of(html_of(report(a_talk(stage=stage)))), text_of(pdf_of(report(a_talk(stage=stage))))):
        assert "1:00 to 1:30 Projector failed: Nothing to see (Ada)" in said
        assert "2:05 Door slammed (Ada)" in said
        assert "0:30 of it is excluded from every figure" in said


def test_notes_stand_where_the_chart_and_the_moments_have_them() -> None:
    """In the time of what was shown, which began five seconds after the session."""
    stage = a_stage(
        timelines=[TALK], cues=[a_cue(5, 0)], exclusions=[an_exclusion(60, 90)], annotations=[an_annotation(2)]
    )
    told = report(a_talk(stage=stage))
    assert [note.when for note in (*told.left_out, *told.notes)] == ["0:55 to 1:25", "0:02 of the session"]
    nothing = report(laid([], a_session(), stage))
    assert [note.when for note in nothing.notes] == ["0:02"]


def test_the_axis_counts_what_was_shown_also_after_a_pause() -> None:
    """It begins a minute into the session, and stands still from 4:00 to 6:00 of it."""
    stage = a_stage(timelines=[TALK], cues=[a_cue(60, 0), a_cue(360, 180)])
    windows = a_talk(stage=stage)
    told = {label: at for at, label in labels_at(reaction_chart(windows, None, (), LIGHT))}
    assert list(told) == ["-1:00", "0:00", "1:00", "2:00", "3:00", "4:00", "5:00", "6:00", "7:00"]
    minute = told["1:00"] - told["0:00"]
    assert told["4:00"] - told["3:00"] == pytest.approx(minute)
    assert told["3:00"] - told["2:00"] == pytest.approx(3 * minute)
    assert "time of what was shown" in words_of(html_of(report(windows)))


def test_where_nothing_stands_out_that_is_said() -> None:
    still = [a_window(at, smiling=8, of=40) for at in range(600)]
    assert "Nothing stood out" in words_of(html_of(report(laid(still, a_session(ended_at=after(600))))))
    short = [a_window(at, smiling=8, of=40) for at in range(30)]
    assert "Not enough data for moments" in words_of(html_of(report(laid(short, a_session(ended_at=after(30))))))


def test_moments_of_a_session_that_runs_are_told_later() -> None:
    told = report(a_talk(), live=True)
    assert told.moments == ()
    assert "Key moments appear when the session ends." in words_of(html_of(told))


def test_figures_over_too_few_faces_are_in_neither_file() -> None:
    told = report(a_talk(faces=4))
    assert told.curve is None
    for said in (words_of(html_of(told)), text_of(pdf_of(told))):
        assert "Too few people in view" in said
        assert "no expression was scored" not in said
        # What is left are the facts' coverage, the table's, and the intervals' names.
        assert set(re.findall(r"\d+ %", said)) <= {"7 %", "8 %", "95 %"}


def test_a_head_count_has_faces_and_no_share() -> None:
    decision = decide("workplace", "DE")
    session = a_session(setting="workplace", country="DE", mode=decision.mode, ended_at=after(300))
    told = report(laid([a_head_count(at, heads=30) for at in range(300)], session))
    for said in (words_of(html_of(told)), text_of(pdf_of(told))):
        assert "About 30 faces in view on average" in said
        assert "Head count only" in said
        assert "Compared with the whole" not in said
        assert "Moments" not in said


def test_the_shades_of_a_chart_without_a_curve_are_explained_too() -> None:
    nobody = [a_head_count(at, heads=0 if at > 200 else 30) for at in range(300)]
    heads = report(laid(nobody, a_session(mode="head count", ended_at=after(300))))
    assert "Grey: nobody in view." in heads.chart_says
    assert "Blue-grey: too few faces to show a share (fewer than 5)." in " ".join(report(a_talk(faces=4)).chart_says)


def test_a_session_without_a_record_makes_a_report_that_says_so() -> None:
    told = report(laid([], a_session()))
    for said in (words_of(html_of(told)), text_of(pdf_of(told))):
        assert "Nothing has been recorded here yet." in said


def curve_of(chart) -> pd.DataFrame:
    (frame,) = [frame for frame in datasets(chart) if "low" in frame]
    return frame


def numbers_of(chart) -> pd.DataFrame:
    (frame,) = [frame for frame in datasets(chart) if list(frame.columns) == ["at_s", "share", "number"]]
    return frame


def test_the_curve_breaks_where_there_is_no_figure_and_its_moments_are_numbered() -> None:
    told = report(a_talk())
    chart = reaction_chart(told.windows, told.curve, told.moments, LIGHT)
    curve = curve_of(chart)
    gap = curve["at_s"][curve["share"].isna()]
    assert 360 < gap.min() < gap.max() < 380
    assert numbers_of(chart)["number"].tolist() == ["1"]
    assert 240 < numbers_of(chart)["at_s"].item() < 265


@pytest.mark.parametrize("width", [960, 400])
def test_times_under_the_chart_never_run_into_each_other(width: int) -> None:
    """A figure is half as wide as it is high, twelve pixels."""
    lengths = [round(days * 86_400) for days in (1 / 86_400, 0.1, 1, 11)]
    charts = [
        reaction_chart(laid([a_window(0, of=9), a_window(end, of=9)], a_session(), a_stage()), None, (), LIGHT)
        for end in lengths
    ]
    for drawn in svgs(charts, [width] * len(charts), ""):
        texts = ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")
        ticks = [text for text in texts if re.fullmatch(r"[\d:]+", text.text or "") and text.get("opacity") != "0"]
        ends = []
        for text in ticks:
            (at,) = re.findall(r"translate\(([\d.-]+),", text.attrib["transform"])
            half = 6 * len(text.text or "") / 2
            ends.append((float(at) - half, float(at) + half))
        assert all(after[0] > before[1] for before, after in pairwise(sorted(ends)))


def test_a_turn_is_numbered_on_the_curve_though_its_share_is_that_of_after_it() -> None:
    told = report(a_talk())
    turn = replace(told.moments[0], share=told.moments[0].share / 2)
    chart = reaction_chart(told.windows, told.curve, [turn], LIGHT)
    (number,) = numbers_of(chart)[["at_s", "share"]].values.tolist()
    assert number in curve_of(chart)[["at_s", "share"]].values.tolist()


def test_an_evening_of_windows_makes_a_small_picture() -> None:
    random = np.random.default_rng(1)
    evening = [a_window(at, smiling=int(random.binomial(20, 0.2)), of=20) for at in range(12_000)]
    told = report(laid(evening, a_session(ended_at=after(12_000)), a_stage()))
    assert len(html_of(told)) < 300_000


def test_nothing_is_built_before_somebody_asks_for_it(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def page() -> None:
        from dashboard import data
        from dashboard.report.offer import offer_report

        with data.reader() as reader:
            file = reader.file("talk-1")
            offer_report(reader.review(file, file.stages[0]))

    def never(*_: object, **__: object) -> None:
        pytest.fail("a report was built")

    monkeypatch.setattr("dashboard.report.offer.report_of", never)
    app = AppTest.from_function(page).run()
    assert [error.message for error in app.exception] == []
    assert [button.proto.label for button in app.get("download_button")] == [
        "Report (HTML)",
        "Report (PDF)",
        "Slides (PowerPoint)",
    ]


def test_a_report_is_made_without_streamlit() -> None:
    """So that the command line writes one where no page is ever served."""
    modules = "dashboard.report.html_page, dashboard.report.pdf, dashboard.report.powerpoint"
    made = f"import sys, {modules}; sys.exit('streamlit' in sys.modules)"
    subprocess.run([sys.executable, "-c", made], check=True)


def test_a_report_is_written_in_the_language_it_was_made_in() -> None:
    with using("de"):
        german = report(a_talk())
    for kind in REPORT_KINDS.values():
        assert kind.write(german)
    page = REPORT_KINDS[".html"].write(german).decode()
    assert '<html lang="de">' in page
    with using("de"):
        assert gettext(NOT_FEELING) in page
    assert NOT_FEELING not in page
    assert '<html lang="en">' in REPORT_KINDS[".html"].write(report(a_talk())).decode()
