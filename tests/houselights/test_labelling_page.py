"""The labelling page: its routes over real HTTP, and a person at a real browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from houselights.labelling.dataset import DataSet
from houselights.labelling.labels import said_by
from houselights.labelling.page.routes import serving_page
from houselights.labelling.rating import Rating
from tests.houselights.labelled import a_data_set, say
from tests.routes_server import Answer

FILES = [f"{number}.jpg" for number in range(4)]


@pytest.fixture
def dataset(tmp_path: Path) -> DataSet:
    return a_data_set(tmp_path / "set", FILES)


def served(dataset: DataSet, rater: str = "ada"):
    return serving_page(dataset, Rating(dataset, rater, [face.id for face in dataset.faces()]), port=None)


@pytest.fixture
def address(dataset: DataSet) -> Iterator[str]:
    with served(dataset) as address:
        yield address


def ask(address: str, path: str = "", method: str = "GET", **headers: str) -> Answer:
    parts = urlsplit(address)
    return Answer((str(parts.hostname), int(parts.port or 0)), parts.path + path, method, **headers)


class TestRoutes:
    def test_the_address_is_all_that_lets_somebody_in(self, dataset, address):
        (face, *_) = dataset.faces()
        for path in ("", "/state", f"/faces/{face.id}"):
            assert ask(address, path).status == 200
            assert ask(address[:-1] + ("A" if address[-1] != "A" else "B"), path).status == 404
            assert ask(address, path, Host="evil.example").status == 400
        assert ask(address, "/undo", "POST", Host="evil.example").status == 400

    def test_the_page_runs_its_own_script_alone_and_is_kept_nowhere(self, dataset, address):
        page = ask(address)
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["Cache-Control"] == "no-store"
        assert ask(address, f"/faces/{dataset.faces()[0].id}").headers["Cache-Control"] == "no-store"

    def test_nothing_of_files_people_or_other_raters_is_sent(self, dataset, address):
        say(dataset, "bob", dict.fromkeys(FILES, "fear"))
        state = json.loads(ask(address, "/state").body)
        assert (state["done"], state["total"], state["agreements"]) == (0, 4, [])
        assert ".jpg" not in json.dumps(state)
        assert "bob" not in json.dumps(state)

    @pytest.mark.parametrize("path", ["/faces/..%2f..%2fsources.jsonl", "/faces/" + "0" * 16, "/faces/"])
    def test_no_other_file_is_sent(self, address, path):
        assert ask(address, path).status == 404

    def test_a_face_whose_picture_is_gone_is_said_in_one_line(self, dataset, address):
        face = dataset.faces()[0].id
        dataset.picture_file(face).unlink()
        answer = ask(address, f"/faces/{face}")
        assert answer.status == 404
        assert "run `houselights dataset label` again" in json.loads(answer.body)["problem"]


@pytest.mark.browser
class TestInABrowser:
    def test_keys_label_one_face_after_the_other_and_undo(self, dataset, address, browser: Browser):
        with browser.new_page() as page:
            ids = _opened(page, address)
            page.keyboard.press("1")
            expect(page.locator("#count")).to_contain_text("1 of 4")
            page.keyboard.press("x")
            expect(page.locator("#count")).to_contain_text("2 of 4")
            page.keyboard.press("u")
            expect(page.locator("#count")).to_contain_text("1 of 4")
            assert str(page.locator("#face").get_attribute("src")).endswith(ids[1])
            page.keyboard.press("0")
            expect(page.locator("#count")).to_contain_text("2 of 4")
        assert said_by(dataset, "ada") == {ids[0]: "happy", ids[1]: "unclear"}

    def test_two_raters_are_shown_how_far_they_agree_once_all_is_labelled(self, dataset, address, browser: Browser):
        ids = [face.id for face in dataset.faces()]
        with browser.new_page() as page:
            _opened(page, address)
            for number in range(4):
                page.get_by_role("button", name="Calm").click()
                expect(page.locator("#count")).to_contain_text(f"{number + 1} of 4")
            expect(page.locator("#done")).to_be_visible()
        with served(dataset, "bob") as other, browser.new_page() as page:
            _opened(page, other)
            for number, key in enumerate("3314"):
                page.keyboard.press(key)
                expect(page.locator("#count")).to_contain_text(f"{number + 1} of 4")
            agreement = page.locator("#agreements")
            expect(agreement).to_contain_text("2 of 4")
            expect(agreement.locator("li")).to_have_count(2)
            sources = [str(image.get_attribute("src")) for image in agreement.locator("img").all()]
            assert {source.rpartition("/")[2] for source in sources} == {ids[2], ids[3]}
            page.keyboard.press("u")
            expect(page.locator("#rate")).to_be_visible()
            expect(agreement).to_be_hidden()

    def test_a_label_that_cannot_be_kept_is_not_counted(self, dataset, browser: Browser):
        with served(dataset) as address, browser.new_page() as page:
            _opened(page, address)
            (dataset.folder / "labels").write_text("in the way")
            page.keyboard.press("1")
            expect(page.get_by_role("alert")).to_be_visible()
            expect(page.locator("#count")).to_contain_text("0 of 4")
            (dataset.folder / "labels").unlink()
            page.keyboard.press("1")
            expect(page.locator("#count")).to_contain_text("1 of 4")
            expect(page.get_by_role("alert")).to_be_hidden()

    def test_a_phone_shows_face_and_buttons_at_once(self, address, browser: Browser):
        with browser.new_page(viewport={"width": 375, "height": 667}) as page:
            _opened(page, address)
            for part in ("#face", "#choices", "#undo"):
                expect(page.locator(part)).to_be_in_viewport(ratio=1)
            assert page.evaluate("document.documentElement.scrollWidth") <= 375


def _opened(page: Page, address: str) -> list[str]:
    page.goto(address)
    expect(page.locator("#rate")).to_be_visible()
    return [*page.evaluate("state.next")]
