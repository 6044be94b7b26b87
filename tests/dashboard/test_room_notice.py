"""The room notice: whole in every language, true of its session, and legible from two metres."""

from __future__ import annotations

import io
import re
import string
from collections import Counter
from itertools import combinations
from pathlib import Path

import pypdfium2
import pytest

from audience.errors import InvalidValue
from audience.sessions import Session
from dashboard.notice.contents import NoticeDetails, notice_of
from dashboard.notice.html_page import html_of
from dashboard.notice.pdf import PAPERS, READ_AT_2_M_PT, Paper, pdf_of
from dashboard.notice.words import LANGUAGES, days_text, languages_of, words_in
from dashboard.report.typefaces import lacks
from tests.builders import a_session

TEXTS = Path(__file__).parents[2] / "dashboard" / "notice" / "texts"
FULL = NoticeDetails(
    responsible="Kulturverein Hafen e. V.",
    contact="daten@hafen.example",
    out_of_view="Balcony, left",
    address="https://hafen.example/camera",
    basis="interest",
)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_each_language_has_a_file_with_the_keys_and_placeholders_of_english_and_letters_that_are_drawn() -> None:
    assert {path.stem for path in TEXTS.iterdir()} == set(LANGUAGES)
    english = words_in("en")
    for code in LANGUAGES:
        words = words_in(code)
        assert words.keys() == english.keys(), code
        assert all(text.strip() == text and text for text in words.values()), code
        assert {key: placeholders(text) for key, text in words.items()} == {
            key: placeholders(text) for key, text in english.items()
        }, code
        assert not any(map(lacks, words.values())), code


def test_no_sentence_was_left_in_another_language() -> None:
    for one, other in combinations(LANGUAGES, 2):
        same = {key for key, text in words_in(one).items() if text == words_in(other)[key]}
        # Some words are alike: "Contact", and a day of a few.
        assert not {key for key in same if len(words_in(one)[key].split()) > 3}, (one, other)


def test_days_are_counted_as_each_language_counts() -> None:
    assert [days_text("cs", days) for days in (1, 3, 30)] == ["1 den", "3 dny", "30 dní"]
    assert [days_text("pl", days) for days in (1, 22, 730)] == ["1 dzień", "22 dni", "730 dni"]
    assert [days_text("en", days) for days in (1, 2)] == ["1 day", "2 days"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_what_the_session_measures_and_nothing_else(language: str) -> None:
    words = words_in(language)
    smiles, heads = words["what.expressions"], words["what.heads"]

    def said(session: Session, details: NoticeDetails = FULL) -> str:
        notice = notice_of(session, details, language)
        return " ".join([*notice.lines, notice.choice, *(text for _, text in notice.details)])

    talk = said(a_session(country="DE"))
    assert smiles in talk
    assert heads not in talk
    assert words["what.nobody"] in talk
    assert words["pictures.none"] in talk
    assert words["what.not_feeling"] in talk
    assert words["details.ai_act"] in talk
    assert words["details.interest"] in talk
    assert "Balcony, left" in talk
    counted = said(a_session(country="DE", setting="workplace", mode="head count"))
    assert heads in counted
    for absent in ("what.expressions", "what.facing", "what.not_feeling", "details.ai_act"):
        assert words[absent] not in counted
    abroad = said(a_session(country="US"))
    assert words["details.interest"] not in abroad
    assert words["details.ai_act"] not in abroad
    desk = said(a_session(), NoticeDetails(purposes=("welcome desk",), pictures="recorded"))
    assert words["what.desk"] in desk
    assert words["details.explicit"] in desk
    assert words["pictures.recorded"] in desk
    assert words["what.nobody"] not in desk
    assert words["pictures.none"] not in desk
    home = said(Session(session_id="home", kind="panel", started_at=a_session().started_at))
    assert words["what.household"] in home
    assert words["what.nobody"] not in home


def letters(content: bytes, page: int) -> Counter[int]:
    """How many letters of each size, points, a page has."""
    text = pypdfium2.PdfDocument(content)[page].get_textpage()
    return Counter(
        round(pypdfium2.raw.FPDFText_GetFontSize(text, place))
        for place in range(text.count_chars())
        if text.get_text_range(place, 1).strip()
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("paper", PAPERS)
def test_one_language_is_one_page_whose_lines_are_read_from_two_metres(language: str, paper: Paper) -> None:
    notice = notice_of(a_session(title="Bridges", country="DE"), FULL, language)
    content = pdf_of([notice], session="Bridges", address=FULL.address, paper=paper)
    document = pypdfium2.PdfDocument(content)
    assert len(document) == 1
    assert document[0].get_size() == pytest.approx(PAPERS[paper], abs=1)
    large = sum(count for size, count in letters(content, 0).items() if size >= READ_AT_2_M_PT)
    assert large >= sum(len(re.sub(r"\s", "", line)) for line in (notice.title, *notice.lines, notice.choice))


def test_ten_languages_are_on_one_sheet_each_with_its_details() -> None:
    notices = [notice_of(a_session(), FULL, code) for code in LANGUAGES]
    document = pypdfium2.PdfDocument(pdf_of(notices, session="Bridges"))
    text = re.sub(r"\s+", " ", " ".join(page.get_textpage().get_text_range() for page in document))
    assert len(document) <= 12
    for notice in notices:
        assert notice.title in text
        assert notice.details[0][0] in text


def test_the_page_holds_each_language_as_such_and_asks_for_nothing() -> None:
    notices = [notice_of(a_session(), NoticeDetails(address=FULL.address), code) for code in ("de", "tr")]
    page = html_of(notices, session="<Bridges>", address=FULL.address)
    assert '<section id="tr" lang="tr">' in page
    assert "<Bridges>" not in page
    assert page.count('class="blank"') == 6  # responsible, contact and basis, to fill in by pen
    assert re.findall(r'(?:src|href)="([^"#]+)"', page) == [FULL.address]


def test_the_qr_code_leads_to_the_address(tmp_path: Path) -> None:
    import cv2
    import numpy as np

    notice = notice_of(a_session(), FULL, "en")
    page = pypdfium2.PdfDocument(pdf_of([notice], session="Bridges", address=FULL.address))[0]
    image = np.asarray(page.render(scale=3).to_pil().convert("RGB"))
    read, *_ = cv2.QRCodeDetector().detectAndDecode(image[-700:, -700:])
    assert read == FULL.address


def test_what_is_not_there_is_refused_in_a_line() -> None:
    assert languages_of(" DE,en,de ") == ("de", "en")
    for wrong in ("xx", ",", "de,xx"):
        with pytest.raises(InvalidValue, match="choose from"):
            languages_of(wrong)
    with pytest.raises(InvalidValue, match="https://"):
        NoticeDetails(address="javascript:alert(1)")
    assert io.BytesIO(pdf_of([notice_of(a_session(), NoticeDetails(), "en")], session="")).read(4) == b"%PDF"
