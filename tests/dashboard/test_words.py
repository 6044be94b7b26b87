"""What pages say, and that data is never markup."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime

import pytest

from audience.faces import EXPRESSIONS
from dashboard import markup
from dashboard.clock import date_text, length_text, viewer_zone
from dashboard.wording import band_words, expression_name, faces_text, plain, share_of, stage_names
from tests.builders import a_stage

HTML = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    "page",
    [
        markup.header(HTML, [HTML], [HTML], HTML),
        markup.page_title(HTML, HTML),
        markup.listed([HTML], [HTML]),
        markup.note(HTML),
        markup.trouble(HTML),
        markup.empty(HTML, HTML),
        markup.sparkline([0.5], HTML, "#000000"),
    ],
)
def test_what_comes_from_a_store_is_shown_never_run(page: str) -> None:
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_text_for_a_markdown_label_is_escaped() -> None:
    assert plain("**a** [b](c) $d$ :red[e] <f>") == (r"\*\*a\*\* \[b\]\(c\) \$d\$ \:red\[e\] \<f\>")


def test_one_face_is_no_faces() -> None:
    assert [faces_text(faces) for faces in (0, 1, 1.4, 1.6, 12)] == [
        "0 faces",
        "1 face",
        "1 face",
        "2 faces",
        "12 faces",
    ]


def test_a_sparkline_breaks_where_there_is_no_figure() -> None:
    picture = markup.sparkline([0.1, 0.2, None, 0.4], "Smiles", "#123456")
    svg = b64decode(picture.split("base64,")[1].split('"')[0]).decode()
    assert svg.count("<polyline") == 2


def test_a_number_stays_on_one_line_with_its_unit() -> None:
    page = markup.header("", [], [], "about 70 % of 42 faces, averaged over 15 s. 3 seats")
    assert "70\N{NO-BREAK SPACE}%" in page
    assert "15\N{NO-BREAK SPACE}s." in page
    assert "3 seats" in page


def test_nothing_to_draw_is_said() -> None:
    assert "no figure" in markup.sparkline([], "Smiles", "#123456")


def test_a_band_is_said_to_allow_for_no_more_than_it_does() -> None:
    people, both = band_words(("people seen",)), band_words(("people seen", "scorer's errors"))
    assert "not for scorer errors" in people
    assert "scorer errs" in both
    assert "not for" not in both


def test_stages_of_one_title_are_told_apart() -> None:
    stages = [a_stage("a", title="Tent"), a_stage("b", title="Tent"), a_stage("c", title="Field")]
    assert stage_names(stages) == {"a": "Tent (a)", "b": "Tent (b)", "c": "Field"}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_expression_has_words(expression: str) -> None:
    assert share_of(expression, 15).startswith("Share of faces that ")
    assert "experimental" in expression_name(expression, experimental=True)


def test_dates_are_in_the_viewers_zone_and_name_it() -> None:
    instant = datetime(2026, 5, 14, 17, 25, tzinfo=UTC)
    assert date_text(instant, viewer_zone("Europe/London")) == "Thu 14 May 2026, 18:25 BST"
    assert date_text(instant, viewer_zone("Not/AZone")) == "Thu 14 May 2026, 17:25 UTC"
    assert date_text(instant, viewer_zone(None)) == "Thu 14 May 2026, 17:25 UTC"


@pytest.mark.parametrize(
    ("seconds", "text"), [(42, "42 s"), (330, "6 min"), (3060, "51 min"), (5400, "1 h 30 min"), (10800, "3 h")]
)
def test_lengths_are_said_as_people_say_them(seconds: float, text: str) -> None:
    assert length_text(seconds) == text
