"""Viewers at home over HTTP: the link, the consent, rows that become windows, taking back, and what is refused."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from audience.errors import AccessRefused, InvalidValue
from audience.recording_files import fingerprint
from audience.remote_audience import CAMERA_ID, STAGE_ID, RemoteAudience
from audience.remote_figures import MOST_ROWS, row_order
from audience.scorers import EXPRESSIONNET
from audience.stores import open_store
from dashboard import remote_data
from dashboard.access.addresses import address_of
from dashboard.access.identity import asked_as
from dashboard.access.permits import Permit
from dashboard.pages.watch import models, text
from dashboard.pages.watch.routes import LARGEST_BODY, watch_routes
from tests.builders import BEGAN, a_cue, a_progress, a_session, a_stage, a_timeline, after_ms
from tests.routes_server import Answer, serving
from tests.ticking import limit_s, until

ORDER = row_order(EXPRESSIONNET)
SMILING = [0.93 if name == "happy" else 0.01 for name in ORDER]
YES: dict[str, Any] = {"notice": text.NOTICE, "consent": True, "adult": True, "home": True}


@dataclass
class Clock:
    """The time."""

    at: datetime = BEGAN

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Served:
    """A remote audience whose page is served."""

    audience: RemoteAudience
    host: tuple[str, int]
    clock: Clock

    @property
    def path(self) -> str:
        return f"/watch/{self.audience.token}"

    def post(self, what: str, form: object) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection(*self.host, timeout=limit_s())
        body = form if isinstance(form, bytes) else json.dumps(form).encode()
        connection.request("POST", f"{self.path}/{what}", body)
        response = connection.getresponse()
        found = response.status, json.loads(response.read())
        connection.close()
        return found

    def join(self) -> str:
        status, said = self.post("join", YES)
        assert status == 200, said
        return str(said["viewer"])


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(remote_data, "now", clock)
    remote_data.recorder.cache_clear()
    # Whether npm was there is another test's matter.
    monkeypatch.setattr("dashboard.pages.watch.routes.can_measure", lambda: True)
    return clock


@pytest.fixture
def film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "films" / "test film.mp4"
    path.parent.mkdir()
    path.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(5000))
    monkeypatch.setenv("HOUSELIGHTS_VIDEOS", str(path.parent))
    return path


@pytest.fixture
def served(store_url: str, film: Path, clock: Clock) -> Iterator[Served]:
    with open_store(store_url) as store:
        store.put_session(a_session(title="Test screening"))
        scenes = a_timeline(("Opening", 0, 100), ("Chase", 100, 200))
        store.put_stage("talk-1", a_stage(title="Hall", timelines=[scenes], cues=[a_cue(90, 0)]))
    audience = remote_data.open_audience("talk-1", valid_for=timedelta(days=1), film=film)
    with serving(watch_routes([], clock)) as host:
        yield Served(audience, host, clock)


def test_viewers_become_one_stage_beside_the_room(served: Served, store_url: str) -> None:
    about = json.loads(Answer(served.host, f"{served.path}/about").body)
    assert (about["title"], about["film"], about["shows_film"]) == ("Test screening", "test film", True)
    viewers = [served.join() for _ in range(6)]
    for viewer in viewers:
        status, said = served.post("figures", {"viewer": viewer, "rows": [[7, SMILING], [8, []]]})
        assert (status, said["counted"]) == (200, 2)
    with open_store(store_url) as store:
        until(lambda: len(store.windows("talk-1", STAGE_ID)) == 2)
        measured, unmeasured = (
            store.windows("talk-1", STAGE_ID, from_ms=at, until_ms=at + 1000) for at in (after_ms(97), after_ms(98))
        )  # the film began 90 s into the session
        assert (measured.faces.tolist(), measured.expected.tolist()) == ([6], [6])
        assert (unmeasured.faces.tolist(), unmeasured.expected.tolist()) == ([0], [6])
        (room, remote) = store.stages("talk-1")
        assert (remote.stage_id, remote.timelines) == (STAGE_ID, room.timelines)
        assert [one.camera_id for one in store.cameras("talk-1", STAGE_ID)] == [CAMERA_ID]
        assert served.post("withdraw", {"viewer": viewers[0]}) == (200, {"rows": 2})
        assert store.windows("talk-1", STAGE_ID, until_ms=after_ms(98)).faces.tolist() == [5]
        until(lambda: any(beat.camera_id == CAMERA_ID for beat in store.heartbeats("talk-1")))
    assert not list(Path(store_url.removeprefix("sqlite:///")).parent.glob("**/*viewer*"))


def test_nobody_is_measured_who_did_not_agree(served: Served) -> None:
    for missing in ("consent", "adult", "home"):
        assert served.post("join", YES | {missing: False})[0] == 422
    assert served.post("join", YES | {"notice": "2020-01-01"})[0] == 422
    assert remote_data.recorder().count(served.audience).joined == 0


def test_a_viewer_who_loads_the_page_again_is_the_same_one(served: Served) -> None:
    viewer = served.join()
    assert served.post("join", YES | {"viewer": viewer})[1]["viewer"] == viewer
    assert remote_data.recorder().count(served.audience).joined == 1
    assert served.post("figures", {"viewer": "made~up", "rows": []})[0] == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"\xff\xd8\xff\xe0 a picture", 422),
        (b"[" * 5000, 422),
        (b'{"viewer": 1, "rows": []}', 422),
        (b'{"viewer": "VIEWER", "rows": [[1, [NaN]]]}', 422),
        (b'{"viewer": "VIEWER", "rows": [[1, [0.5]]]}', 422),
        (b'{"viewer": "VIEWER", "rows": [["1", []]]}', 422),
        (b'{"viewer": "VIEWER", "rows": [], "picture": "data:"}', 422),
        (json.dumps({"viewer": "VIEWER", "rows": [[at, []] for at in range(MOST_ROWS + 1)]}).encode(), 422),
        (b" " * (LARGEST_BODY + 1), 413),
    ],
)
def test_whatever_is_no_row_of_numbers_is_refused(served: Served, body: bytes, status: int) -> None:
    viewer = served.join()
    answered, said = served.post("figures", body.replace(b"VIEWER", viewer.encode()))
    assert answered == status
    assert said["problem"]
    assert remote_data.recorder().count(served.audience).watching == 0


def test_a_link_that_was_closed_or_has_ended_opens_nothing(served: Served) -> None:
    viewer = served.join()
    assert served.post("figures", {"viewer": viewer, "rows": [[1, []]]})[0] == 200
    served.clock.at = BEGAN + timedelta(days=2)
    assert served.post("figures", {"viewer": viewer, "rows": []})[0] == 404
    served.clock.at = BEGAN
    remote_data.close_audience("talk-1")
    for path in ("about", "film"):
        assert Answer(served.host, f"{served.path}/{path}").status == 404
    assert served.post("join", YES)[0] == 404
    assert b"Test screening" not in Answer(served.host, served.path).body
    # Who took part may still take back.
    assert served.post("withdraw", {"viewer": viewer}) == (200, {"rows": 1})
    remote_data.recorder().write()
    assert served.post("withdraw", {"viewer": viewer})[0] == 404


def test_the_film_is_served_in_parts_and_no_other_file(served: Served) -> None:
    part = Answer(served.host, f"{served.path}/film", Range="bytes=0-99")
    assert (part.status, part.headers["content-type"], len(part.body)) == (206, "video/mp4", 100)
    assert part.headers["cache-control"] == "no-store"


def test_the_page_may_use_the_camera_and_load_its_own_scripts_alone(served: Served) -> None:
    page = Answer(served.host, served.path)
    policy = page.headers["content-security-policy"]
    assert "camera=(self)" in page.headers["permissions-policy"]
    assert "microphone=()" in page.headers["permissions-policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert "set-cookie" not in page.headers
    for name in ("worker.mjs", "scoring.mjs"):
        script = Answer(served.host, f"/watch-files/{name}")
        assert (script.status, script.headers["content-encoding"]) == (200, "gzip")
    assert Answer(served.host, "/watch-files/page.html").status == 404


def test_where_the_runtime_is_missing_the_page_says_so_and_nobody_joins(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.pages.watch.routes.can_measure", lambda: False)
    assert json.loads(Answer(served.host, f"{served.path}/about").body)["problem"]
    assert served.post("join", YES)[0] == 503


def test_an_audience_is_opened_by_operators_for_sessions_whose_faces_may_be_scored(served: Served) -> None:
    opening = remote_data.open_audience
    for permit in (Permit(), Permit(role="viewer", own=("*",)), Permit(role="analyst")):
        with pytest.raises(AccessRefused):
            asked_as(permit, opening)("talk-1", valid_for=timedelta(days=1))
        with pytest.raises(AccessRefused):
            asked_as(permit, remote_data.close_audience)("talk-1")
    with open_store(remote_data.store_url()) as store:
        store.put_session(a_session("heads", mode="head count"))
    with pytest.raises(InvalidValue):
        opening("heads", valid_for=timedelta(days=1))


def test_a_recording_of_an_audience_is_shown_to_nobody(served: Served, film: Path, store_url: str) -> None:
    with open_store(store_url) as store, film.open("rb") as file:
        store.put_session(a_session("another"))
        store.put_windows([], progress=replace(a_progress("another"), fingerprint=fingerprint(file)))
    with pytest.raises(InvalidValue, match="audience"):
        remote_data.open_audience("talk-1", valid_for=timedelta(days=1), film=film)
    with pytest.raises(InvalidValue):
        remote_data.open_audience("talk-1", valid_for=timedelta(days=1), film=Path(__file__))


def test_every_address_of_the_page_is_named_with_its_methods(served: Served) -> None:
    for path, methods in {
        "": ("GET",),
        "/about": ("GET",),
        "/film": ("GET", "HEAD"),
        "/join": ("POST",),
        "/figures": ("POST",),
        "/withdraw": ("POST",),
    }.items():
        address = address_of(f"{served.path}{path}")
        assert address is not None
        assert (address.methods, address.whom) == (methods, "everybody")
    for name in models.NAMES:
        assert address_of(f"/watch-files/{name}") is not None
