"""People enrol themselves by a phone's camera, and withdraw: a real browser, a real server, a real store.

The photos are really measured; only the template comes from a stand-in, because the model that makes it is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from audience.identity import thresholds
from audience.identity.gate import CONDITIONS
from audience.identity.links import Links
from audience.identity.people import People
from audience.identity.records import Roster
from audience.stores import open_identity
from dashboard.pages.join.routes import join_routes
from dashboard.photos import MeasuredPhoto, PhotoProcess
from tests.axe import violations
from tests.portraits import portrait
from tests.routes_server import Answer, serving

pytestmark = pytest.mark.browser


def now() -> datetime:
    return datetime.now(UTC)


MODEL = "none-0"


@pytest.fixture(autouse=True)
def thresholds_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if thresholds had been measured for the stand-in."""
    monkeypatch.setattr(thresholds, "TABLE", {MODEL: {(1, 1, 40): (0.5,) * len(thresholds.ROSTERS)}})


class RealPhotos:
    """Photos that are really measured, with a template of no model."""

    def __init__(self) -> None:
        self.process = PhotoProcess()

    def read(self, photo: bytes, *, template: bool) -> MeasuredPhoto:
        measured = self.process.read(photo, template=False)
        if template and not measured.problem:
            ones = np.full(4, 0.5, np.float32)
            away = np.array([[0.5, -0.5, 0.5, -0.5]], np.float32)
            return replace(measured, vector=ones, recogniser=MODEL, strangers=away)
        return measured


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    monkeypatch.setenv("HOUSELIGHTS_STORE", url)
    return url


@pytest.fixture
def token(url: str) -> str:
    with open_identity(url) as store:
        People(store, actor="ada", now=now).set_up(
            Roster(
                roster_id="members",
                title="Members' evening",
                purpose="welcome desk",
                country="CH",
                accepted=tuple(CONDITIONS),
                created_at=now(),
                created_by="ada",
            )
        )
        return Links(store, now=now).make("members", "join", valid_for=timedelta(days=1))


@pytest.fixture
def address(url: str) -> Iterator[tuple[str, int]]:
    photos = RealPhotos()
    with serving(join_routes(photos, [])) as served:
        yield served
    photos.process.close()


@pytest.fixture
def phone(with_camera: Callable[..., Page]) -> Page:
    """A phone whose camera sees somebody."""
    return with_camera(cv2.imencode(".jpg", portrait(480))[1].tobytes(), width=390, height=844)


def test_somebody_enrols_by_the_camera_checks_in_and_withdraws(
    phone: Page, address: tuple[str, int], token: str, url: str
) -> None:
    phone.goto(f"http://127.0.0.1:{address[1]}/join/{token}")
    expect(phone.get_by_role("heading", name="Members' evening")).to_be_visible()
    send = phone.get_by_role("button", name="Put me on the list")
    expect(send).to_be_disabled()
    phone.get_by_label("I agree").check()
    phone.get_by_label("One of my photos").check()
    phone.get_by_label("I am of age").check()
    phone.get_by_label("What shall we call you?").fill("Grace")
    expect(send).to_be_disabled()  # no photo yet
    phone.get_by_role("button", name="Use the camera").click()
    take = phone.get_by_role("button", name="Take a photo")
    for taken in (1, 2):
        expect(take).to_be_enabled()
        take.click()
        expect(phone.get_by_role("list", name="Your photos").get_by_role("listitem")).to_have_count(taken)
    expect(send).to_be_enabled()
    assert violations(phone) == []
    send.click()
    link = phone.get_by_role("link")
    expect(link).to_be_visible()
    with open_identity(url) as store:
        people = People(store, actor="ada", now=now)
        (person,) = people.people("members")
        assert people.profile(person.person_id).name == "Grace"  # type: ignore[union-attr]
        assert people.photo(person.person_id) is not None
        consent, enrolment = people.consent(person), people.enrolment(person)
        assert consent is not None
        assert consent.how == "the enrolment page"
        assert consent.recorded_by == ""
        assert enrolment is not None
        assert len(enrolment.photos) == 2

    phone.goto(link.get_attribute("href") or "")
    phone.get_by_role("button", name="Check in").click()
    expect(phone.get_by_role("status").filter(has_text="checked in")).to_be_visible()
    assert violations(phone) == []
    phone.get_by_role("button", name="Withdraw and erase").click()
    expect(phone.get_by_role("heading", name="You are off the list")).to_be_visible()
    expect(phone.get_by_text("this store: erased")).to_be_visible()
    with open_identity(url) as store:
        assert People(store, actor="ada", now=now).people("members") == []
        assert store.sealed_names(person.person_id) == []


def test_a_photo_that_cannot_be_used_is_said_why_and_is_not_taken(
    phone: Page, address: tuple[str, int], token: str, tmp_path: Path
) -> None:
    phone.goto(f"http://127.0.0.1:{address[1]}/join/{token}")
    blank, text = tmp_path / "wall.png", tmp_path / "notes.jpg"
    import cv2

    cv2.imwrite(str(blank), np.full((300, 300, 3), 128, np.uint8))
    text.write_text("no photo")
    expect(phone.get_by_text("Choose photos")).to_be_visible()  # only then does the page listen to it
    phone.get_by_label("Choose photos").set_input_files([blank, text])
    said = phone.locator("#picked")
    expect(said).to_contain_text("wall.png: No face")
    expect(said).to_contain_text("notes.jpg: This is no photo")
    expect(phone.get_by_role("list", name="Your photos").get_by_role("listitem")).to_have_count(0)


@pytest.mark.parametrize("path", ["/join/{}", "/withdraw/{}"])
def test_an_address_that_is_guessed_tells_nothing(address: tuple[str, int], token: str, path: str) -> None:
    wrong = path.format(token[:-2] + "xx")
    assert Answer(address, f"{wrong}/about").status == 404
    assert b"Members" not in Answer(address, f"{wrong}/about").body
    assert Answer(address, wrong, "POST").status in (404, 422)


def test_the_page_may_use_the_camera_and_nothing_of_other_sites(address: tuple[str, int], token: str) -> None:
    page = Answer(address, f"/join/{token}")
    assert "camera=(self)" in page.headers["permissions-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert "set-cookie" not in page.headers


def test_where_nobody_ever_enrolled_no_store_of_people_is_made(
    address: tuple[str, int], url: str, tmp_path: Path
) -> None:
    assert Answer(address, "/join/a~b~c/about").status == 404
    assert list(tmp_path.iterdir()) == []
