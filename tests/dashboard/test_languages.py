"""Every sentence of the pages has a translation in every language, and a page speaks the language of its viewer."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from audience.language import (
    ENGLISH,
    LANGUAGES,
    best_language,
    decimal,
    gettext,
    ngettext,
    text_direction,
    using,
    whole,
)
from dashboard import page_routes
from dashboard.clock import date_text, day_text
from dashboard.pages.household.routes import household_routes
from tests.architecture.sources import modules
from tests.dashboard.conftest import Pages, text_of
from tests.dashboard.page_texts import english_on
from tests.routes_server import Answer, serving

ROOT = Path(__file__).parents[2]
CATALOGUES = ROOT / "audience" / "catalogues"
METHODS = [("**/runtime/**", "ignore"), ("**.py", "python"), ("**.html", "jinja2"), ("**.js", "javascript")]
FUNCTIONS = {"gettext", "ngettext", "pgettext", "N_"}


def catalogue(code: str) -> Catalog:
    with (CATALOGUES / f"{code}.po").open("rb") as file:
        return read_po(file, locale=code)


def fields(text: str) -> set[str]:
    """The names that a sentence is filled in with."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.fixture(scope="module")
def sentences() -> set[str | tuple[str, ...]]:
    """What the code says."""
    return {
        message
        for room in ("audience", "dashboard", "edge_lambda")
        for _, _, message, _, _ in extract_from_dir(ROOT / room, METHODS)
    }


OTHERS = sorted(set(LANGUAGES) - {ENGLISH})


def test_there_is_a_catalogue_for_each_language_and_none_more() -> None:
    assert {path.stem for path in CATALOGUES.iterdir()} == set(OTHERS)


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_has_every_sentence_of_the_code_whole(code: str, sentences: set[str | tuple[str, ...]]) -> None:
    translated = catalogue(code)
    found = {message.id: message for message in translated if message.id}
    assert set(found) == sentences, "run `make messages`, and translate what is new"
    for source, message in found.items():
        forms = [message.string] if isinstance(source, str) else [*message.string]
        originals = [source] if isinstance(source, str) else [*source]
        assert all(forms), f"{source!r} is not translated"
        assert not message.fuzzy
        needed, allowed = fields(originals[-1]) - {"count"}, fields(originals[-1]) | {"count"}
        for form in forms:
            assert needed <= fields(form) <= allowed, f"{form!r} is filled in with other words than {source!r}"
        if not isinstance(source, str):
            assert len(forms) == translated.num_plurals


def test_sentences_can_be_found_in_the_code() -> None:
    """Catalogues are made from the source, so a sentence must be a literal, and not lie within an f-string."""
    lost = []
    for module in modules("audience", "dashboard", "edge_lambda"):
        if module.path == "audience/language.py":
            continue
        inside = {
            id(call)
            for text in ast.walk(module.tree)
            if isinstance(text, ast.JoinedStr)
            for call in ast.walk(text)
            if isinstance(call, ast.Call)
        }
        for call in ast.walk(module.tree):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in FUNCTIONS):
                continue
            literal = isinstance(call.args[0], ast.Constant)
            # A constant's or a table's sentence is marked with `N_` where it stands.
            looked_up = call.func.id == "gettext" and isinstance(
                call.args[0], ast.Name | ast.Subscript | ast.Attribute | ast.Call
            )
            if (literal and id(call) in inside) or not (literal or looked_up):
                lost.append(f"{module.path}:{call.lineno}")
    assert lost == []


def test_a_sentence_is_read_in_the_language_in_use() -> None:
    assert gettext("Sessions") == "Sessions"
    with using("de"):
        assert gettext("Sessions") == "Veranstaltungen"
        with using("en"):
            assert gettext("Sessions") == "Sessions"
        assert gettext("Nothing of this is in a catalogue: {x}", x=3) == "Nothing of this is in a catalogue: 3"
    assert gettext("Sessions") == "Sessions"


def test_a_language_has_as_many_plurals_as_it_has() -> None:
    with using("pl"):
        said = [ngettext("{count} stage", "{count} stages", count) for count in (1, 2, 5, 22)]
    assert said == ["1 scena", "2 sceny", "5 scen", "22 sceny"]


def test_numbers_and_dates_are_written_as_the_language_does() -> None:
    at = datetime(2026, 5, 14, 17, 25, tzinfo=UTC)
    assert (whole(1204), decimal(1204.25, 3), day_text(at), date_text(at, UTC)) == (
        "1,204",
        "1,204.25",
        "14 May 2026",
        "Thu 14 May 2026, 17:25 UTC",
    )
    with using("de"):
        assert (whole(1204), decimal(1204.25, 3)) == ("1.204", "1.204,25")
        assert day_text(at) == "14.05.2026"
        assert date_text(at, UTC) == "Do., 14. Mai 2026, 17:25 UTC"
    with using("fr"):
        assert decimal(0.5, 1) == "0,5"
        assert ngettext("{count} stage", "{count} stages", 0) == "0 scène"


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("nl,pl;q=0.4,fr;q=0.8", "fr"),
        ("pl_PL", "pl"),
        ("de;q=0, es", "es"),
        ("ja", "en"),
        ("", "en"),
    ],
)
def test_a_browser_gets_the_first_language_it_asks_for_that_there_is(asked: str, read: str) -> None:
    assert best_language(asked) == read


@given(st.text())
def test_whatever_a_browser_sends_there_is_a_language(asked: str) -> None:
    assert best_language(asked) in LANGUAGES


def test_a_page_speaks_the_language_that_its_address_or_its_list_names(pages: Pages) -> None:
    german = pages.sessions(language="de")
    assert "Veranstaltungen" in text_of(german)
    assert "Houselights misst den sichtbaren Ausdruck" in text_of(german)
    (choice,) = [one for one in german.selectbox if one.key == "language"]
    polish = choice.select("pl").run()
    assert "Wydarzenia" in text_of(polish)
    assert "Sessions" in text_of(choice.select("en").run())


def test_a_language_that_is_not_there_is_english(pages: Pages) -> None:
    assert "Sessions" in text_of(pages.sessions(language="xx"))


@pytest.mark.parametrize(
    "opened",
    [
        lambda pages: pages.compare(language="de"),
        lambda pages: pages.scenes(language="de"),
        lambda pages: pages.planner(language="de"),
        lambda pages: pages.timeline("talk-1", language="de"),
        lambda pages: pages.bring(language="de"),
    ],
    ids=["compare", "scenes", "planner", "timeline", "bring"],
)
def test_no_sentence_of_a_page_stays_english(pages: Pages, filled: str, opened: Callable[[Pages], AppTest]) -> None:
    app = opened(pages)
    assert not app.exception
    assert english_on(app, "de") == []


@pytest.fixture
def served(store_url: str) -> Iterator[tuple[str, int]]:
    """The routes of a page that people without an account open, over an empty store."""
    with serving(household_routes([])) as address:
        yield address


def test_a_page_of_one_file_is_sent_in_the_language_its_browser_asks_for(served: tuple[str, int]) -> None:
    german = Answer(served, "/household/x", accept_language="de-CH,de;q=0.9").body.decode()
    assert '<html lang="de" dir="ltr">' in german
    assert "Wer sieht fern?" in german
    assert "Fernseher ist an" in german, "the words of its script"
    refused = Answer(served, "/household/x/state.json", accept_language="pl")
    assert (refused.status, json.loads(refused.body)["problem"]) == (404, "Ten link już nie działa.")
    english = Answer(served, "/household/x").body.decode()
    assert '<html lang="en" dir="ltr">' in english
    assert "Who is watching?" in english
    assert "{{" not in english


def test_a_language_written_from_the_right_lays_its_pages_out_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [text_direction(code) for code in ("en", "de", "ar", "he", "fa", "ur")] == ["ltr"] * 2 + ["rtl"] * 4
    monkeypatch.setattr(page_routes, "texts_of", lambda path, code: {})
    monkeypatch.setattr(page_routes, "using", lambda code: using("en"))  # nobody translated it yet
    page = page_routes.translated.__wrapped__("dashboard.pages.household", "ar", "'none'", "data:")
    assert '<html lang="ar" dir="rtl">' in page.body.decode()


def page_language(app: AppTest) -> dict[str, str]:
    """What a page of Streamlit sets on its document."""
    (component,) = (one for one in app.get("bidi_component") if one.proto.component_name == "houselights.page_language")
    return dict(json.loads(component.proto.json))


def test_a_page_of_streamlit_says_which_language_it_is_in(filled: str, pages: Pages) -> None:
    assert page_language(pages.sessions()) == {"lang": "en", "dir": "ltr"}
    assert page_language(pages.sessions(language="pl")) == {"lang": "pl", "dir": "ltr"}


def test_a_script_finds_no_end_of_itself_in_a_translation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_routes, "texts_of", lambda *_: {"x": "</script><script>alert(1)</script>"})
    page = page_routes.translated.__wrapped__("dashboard.pages.household", "de", "'none'", "data:")
    assert b"</script><script>alert" not in page.body
