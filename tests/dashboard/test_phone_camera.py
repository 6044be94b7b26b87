"""A phone as a camera, over real HTTP: its pictures become windows, and nobody but the holder of the link sends any."""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from audience.errors import AccessRefused
from audience.phone_camera import LARGEST_PICTURE, PhonePicture, check_picture, read_framing, read_picture
from audience.session_setup import SessionSetup, prepare_session
from audience.store import Heartbeat
from audience.stores import open_store
from dashboard import camera_links_data as links
from dashboard.access.identity import asked_as
from dashboard.access.permits import Permit
from dashboard.pages.camera import routes
from dashboard.pages.camera.routes import PICTURES_AT_ONCE, camera_routes
from dashboard.phone_listener import Listening, PhoneListener
from dashboard.phone_process import PhoneProcess, phones
from tests.dashboard.conftest import Pages, text_of
from tests.phone_pictures import asked, picture, sent
from tests.routes_server import serving
from tests.ticking import limit_s, until

TALK = SessionSetup(session_id="talk", setting="event", country="US", title="Why bridges hum")


class Taken(PhoneProcess):
    """Keeps what the routes hand over, and looks at nothing."""

    def __init__(self) -> None:
        super().__init__([])
        self.pictures: list[PhonePicture] = []

    def put(self, picture: PhonePicture) -> None:
        self.pictures.append(picture)


@pytest.fixture
def session(store_url: str) -> Iterator[str]:
    links._sessions.clear()
    routes.senders.cache_clear()
    phones.cache_clear()
    with open_store(store_url) as store:
        prepare_session(store, TALK, None, datetime.now(UTC), device=False)
    yield store_url
    links._sessions.clear()
    phones.cache_clear()


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Taken:
    kept = Taken()
    monkeypatch.setattr(routes, "phones", lambda: kept)
    return kept


def beat_of(url: str) -> Heartbeat | None:
    with open_store(url) as store:
        return next(iter(store.heartbeats("talk")), None)


def test_pictures_become_windows_with_their_faces_and_a_camera_like_any_other(session: str, tmp_path: Path):
    token = links.make_link("talk", "main", "cam-1")
    before = {path.name for path in tmp_path.iterdir()}
    with serving(camera_routes([])) as address, phones().running():
        assert asked(address, "GET", f"/camera/{token}/about")[1]["title"] == "Why bridges hum"
        framings = list[dict[str, object]]()

        def has_counted() -> bool:
            status, answer = sent(address, token, picture(3))
            assert status in (200, 429), answer
            framings.append(answer)
            time.sleep(0.5)  # as often as a phone may
            return answer.get("faces") == 3 and getattr(beat_of(session), "faces", 0) == 3

        until(has_counted)
        assert framings[-1]["hints"] == []
        beat = beat_of(session)
        assert beat is not None
        assert (beat.camera_id, beat.state) == ("cam-1", "running")
        asked(address, "POST", f"/camera/{token}/stop?page=0123456789abcdef")
        until(lambda: getattr(beat_of(session), "state", "") == "stopped")
    with open_store(session) as store:
        windows = store.windows("talk", "main")
        assert 3 in windows.faces.tolist()
        assert store.session("talk").ended_at is None, "a phone that stops does not end the session"
    new = {path.name for path in tmp_path.iterdir()} - before
    assert not {name for name in new if name.lower().endswith((".jpg", ".jpeg", ".png"))}


def test_a_link_of_another_camera_or_session_or_by_another_hand_opens_nothing(session: str, taken: Taken):
    token = links.make_link("talk", "main", "cam-1")
    head, signature = token.split(".")
    with serving(camera_routes([])) as address:
        for wrong in ("x", f"{head}.{signature[:-2]}AA", f"{head}x.{signature}", head, "." + signature):
            assert sent(address, wrong, picture(0))[0] == 404
        sent(address, token, picture(0))
    assert [one.place for one in taken.pictures] == [("talk", "main", "cam-1")], "the place is the link's own"


def test_a_link_ends_when_it_was_ended_and_when_its_time_is_over(
    session: str, taken: Taken, monkeypatch: pytest.MonkeyPatch
):
    first, other = links.make_link("talk", "main", "cam-1"), links.make_link("talk", "main", "cam-2")
    links.end_links("talk", "main", "cam-1")
    again = links.make_link("talk", "main", "cam-1")
    monkeypatch.setattr(links, "LASTS", timedelta(seconds=-1))
    late = links.make_link("talk", "main", "cam-1")
    with serving(camera_routes([])) as address:
        answers = [asked(address, "GET", f"/camera/{token}/about")[0] for token in (first, other, again, late)]
    assert answers == [404, 200, 200, 404]


def test_the_end_of_the_session_ends_its_phones(session: str, taken: Taken):
    token = links.make_link("talk", "main", "cam-1")
    with open_store(session) as store:
        store.change_session(replace(store.session("talk"), ended_at=datetime.now(UTC) + timedelta(seconds=1)))
    with serving(camera_routes([])) as address:
        status, answer = sent(address, token, picture(0))
    assert (status, taken.pictures) == (410, [])
    assert "ended" in answer["problem"]


def test_only_operators_let_phones_in(session: str):
    with pytest.raises(AccessRefused):
        asked_as(Permit(role="analyst"), links.make_link)("talk", "main", "cam-1")
    with pytest.raises(AccessRefused):
        asked_as(Permit(role="analyst"), links.end_links)("talk", "main", "cam-1")
    assert asked_as(Permit(role="operator"), links.make_link)("talk", "main", "cam-1")


def test_what_is_no_picture_or_too_much_is_refused_in_one_line(
    session: str, taken: Taken, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(routes, "PICTURES_A_SECOND", 0.0)
    token = links.make_link("talk", "main", "cam-1")
    small = picture(0)
    with serving(camera_routes([])) as address:
        assert sent(address, token, b"\x89PNG no JPEG")[0] == 415
        assert sent(address, token, small + bytes(LARGEST_PICTURE))[0] == 413
        assert sent(address, token, small, page="nobody")[0] == 422
        statuses = [sent(address, token, small)[0] for _ in range(int(PICTURES_AT_ONCE))]
    assert statuses == [200] * 4 + [429] * 2
    assert len(taken.pictures) == statuses.count(200)
    huge = bytearray(small)
    at = huge.index(b"\xff\xc0")
    huge[at + 5 : at + 9] = b"\xff\xff\xff\xff"
    with pytest.raises(ValueError, match="65535"):
        check_picture(bytes(huge))


def test_the_phone_that_starts_last_is_the_camera(session: str, taken: Taken):
    token = links.make_link("talk", "main", "cam-1")
    old, new = "a" * 16, "b" * 16
    with serving(camera_routes([])) as address:
        assert sent(address, token, picture(0), page=old, began=True)[0] == 200
        assert sent(address, token, picture(0), page=new, began=True)[0] == 200
        assert sent(address, token, picture(0), page=old)[0] == 409
        assert sent(address, token, picture(0), page=new)[0] == 200


def test_a_picture_is_as_old_as_the_phone_says_and_half_the_way_here(session: str, taken: Taken):
    token = links.make_link("talk", "main", "cam-1")
    body = picture(0)
    with serving(camera_routes([])) as address:
        for spans in ("", "&age_ms=300&trip_ms=400", "&age_ms=1e9", "&age_ms=nan&trip_ms=-5"):
            before_ms = time.time() * 1000
            asked(address, "POST", f"/camera/{token}/picture?page={'a' * 16}{spans}", body)
            late_ms = {"": 0, "&age_ms=300&trip_ms=400": 500, "&age_ms=1e9": routes.OLDEST_MS}.get(spans, 0)
            at_ms = taken.pictures[-1].at_ms + late_ms
            assert before_ms - 1 <= at_ms <= time.time() * 1000 + 1


def test_messages_between_the_two_processes_keep_what_they_hold():
    one = PhonePicture(
        session_id="talk", stage_id="main", camera_id="cam-1", at_ms=5, until_ms=9, jpeg=b"\xff\xd8\xff\n\n"
    )
    assert read_picture(one.packed()) == one
    place, framing = read_framing(json.dumps(["talk", "main", "cam-1", {"faces": 3, "far": True}]).encode())
    assert (place, framing.faces, framing.far, framing.dark) == (one.place, 3, True, False)


def test_phones_are_let_in_by_https_to_their_page_alone(session: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    token = links.make_link("talk", "main", "cam-1")
    listener = PhoneListener()
    try:
        listening = listener.open("127.0.0.1", 0)
        host, port = listening.addresses[0].removeprefix("https://").split(":")
        pem = tmp_path / "houselights" / "phones.pem"
        trusting = ssl.create_default_context(cadata=pem.read_text().partition("-----BEGIN PRIVATE")[0])

        def answered(method: str, path: str) -> tuple[int, str]:
            connection = http.client.HTTPSConnection(host, int(port), timeout=limit_s(), context=trusting)
            connection.request(method, path)
            response = connection.getresponse()
            content = response.read().decode()
            connection.close()
            return response.status, content

        assert answered("GET", f"/camera/{token}/about")[0] == 200
        assert [answered("GET", path)[0] for path in ("/", "/operate", "/live/talk", "/_stcore/health")] == [404] * 4
        assert answered("PUT", f"/camera/{token}/picture")[0] == 405
        with (
            socket.create_connection((host, int(port))) as line,
            trusting.wrap_socket(line, server_hostname=host) as tls,
        ):
            shown = hashlib.sha256(tls.getpeercert(binary_form=True) or b"").hexdigest().upper()
        assert listening.fingerprint.replace(":", "") == shown
        assert pem.stat().st_mode & 0o077 == 0
    finally:
        listener.close()
    assert listener.listening is None
    again = PhoneListener()
    try:
        assert again.open("127.0.0.1", 0).fingerprint == listening.fingerprint, (
            "a phone that trusts it is not asked anew"
        )
    finally:
        again.close()


def test_on_operate_a_link_is_made_shown_and_ended(session: str, pages: Pages, monkeypatch: pytest.MonkeyPatch):
    open_now = Listening(addresses=("https://192.0.2.7:8443",), fingerprint="AB:CD")

    class Listener:
        listening: Listening | None = None

        def open(self) -> None:
            self.listening = open_now

        def close(self) -> None:
            self.listening = None

    letting_in, ended = Listener(), Taken()
    for module in ("dashboard.phone_listener.listener", "dashboard.pages.operate.phone_camera.listener"):
        monkeypatch.setattr(module, lambda: letting_in)
    monkeypatch.setattr("dashboard.pages.operate.phone_camera.phones", lambda: ended)
    app = pages.operate(session="talk", part="Phone camera")
    assert letting_in.listening is None, "nothing is open before somebody asks for it"
    next(button for button in app.button if button.label == "Make a link").click().run()
    (link,) = [code.value for code in app.code if "/camera/" in code.value]
    assert link.startswith("https://192.0.2.7:8443/camera/")
    token = link.rpartition("/")[2]
    assert links.open_link(token).place == ("talk", "main", "cam-1")
    assert "AB:CD" in text_of(app)
    next(button for button in app.button if button.label.startswith("End all links")).click().run()
    assert [one.place for one in ended.pictures if not one.jpeg] == [("talk", "main", "cam-1")]
    with pytest.raises(AccessRefused):
        links.open_link(token)
    assert not [code for code in app.code if "/camera/" in code.value]


def test_the_page_stores_nothing_on_the_phone():
    script = (files("dashboard.pages.camera") / "page.js").read_text("utf-8")
    stores = r"localStorage|sessionStorage|indexedDB|caches\b|serviceWorker|document\.cookie|MediaRecorder|\.download\b"
    assert not re.search(stores, script)
