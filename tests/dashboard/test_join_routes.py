"""Who enrols by a link is on the list with a link to withdraw, or not at all; nothing tells who else is on it."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from audience.errors import AccessRefused, InvalidValue, StoreUnavailable
from audience.identity import thresholds
from audience.identity.links import Links, SecretLink
from audience.identity.people import People
from audience.stores import open_identity
from dashboard.pages.join import routes, text
from dashboard.photos import MeasuredPhoto
from tests.audience.identity.conftest import QUALITY, Desk
from tests.routes_server import Answer, serving
from tests.ticking import limit_s

MODEL = "none-0"


class GoodPhotos:
    """Every photo is of the same person."""

    def read(self, photo: bytes, *, template: bool) -> MeasuredPhoto:
        away = np.array([[0.5, -0.5, 0.5, -0.5]], np.float32)
        return MeasuredPhoto(
            problem="", quality=QUALITY, vector=np.full(4, 0.5, np.float32), recogniser=MODEL, strangers=away
        )


@pytest.fixture
def desk(store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(thresholds, "TABLE", {MODEL: {(1, 1, 40): (0.5,) * len(thresholds.ROSTERS)}})
    with open_identity(store_url) as store:
        yield Desk(store, now=datetime.now(UTC))


def join(token: str) -> dict[str, object]:
    photo = b64encode(b"a photo").decode()
    form = {"name": "Grace", "notice": text.NOTICE, "consent": True, "adult": True, "keeps_photo": False}
    return routes._join(token, json.dumps(form | {"photos": [photo, photo]}).encode(), GoodPhotos())


def link(desk: Desk, roster_id: str) -> str:
    return Links(desk.store, now=lambda: desk.now).make(roster_id, "join", valid_for=timedelta(days=1))


def test_where_enrolling_fails_nobody_is_left_on_the_list(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    token = link(desk, desk.roster("register").roster_id)

    def fails(*_: object, **__: object) -> None:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(People, "enrol", fails)
        with pytest.raises(StoreUnavailable):
            join(token)
    assert desk.people().people("register") == []
    assert [one.use for one in desk.store.all(SecretLink)] == ["join"]


def test_somebody_who_is_on_the_list_is_not_told_so(desk: Desk) -> None:
    token = link(desk, desk.roster("register").roster_id)
    assert join(token)["withdraw"]
    with pytest.raises(InvalidValue) as refused:
        join(token)
    assert "already" not in str(refused.value)
    assert "roster" not in str(refused.value)


def test_nobody_joins_a_list_of_searches_and_a_notice_names_stages_and_whom_to_ask(desk: Desk) -> None:
    with pytest.raises(AccessRefused):
        routes._about_joining(link(desk, desk.roster("search", law="a law").roster_id))
    about = str(text.about(desk.roster("register"), contact="Ada, ada@example.org"))
    assert "fair-*/gate" in about
    assert "ada@example.org" in about


def test_what_is_sent_with_a_bad_link_is_never_read_and_a_fifth_photo_at_once_is_refused(desk: Desk) -> None:
    good, going_on = link(desk, desk.roster("register").roster_id), threading.Event()

    class Slow(GoodPhotos):
        def read(self, photo: bytes, *, template: bool) -> MeasuredPhoto:
            going_on.wait(limit_s())
            return super().read(photo, template=template)

    with serving(routes.join_routes(Slow(), [])) as address, ThreadPoolExecutor(5) as phones:
        # A body is announced and never sent.
        assert Answer(address, "/join/register~x~y/photo", "POST", Content_Length="9").status == 404
        sent = [phones.submit(Answer, address, f"/join/{good}/photo", "POST") for _ in range(routes.BODIES_AT_ONCE + 1)]
        try:
            refused, waiting = wait(sent, timeout=limit_s(), return_when=FIRST_COMPLETED)
            assert [one.result().status for one in refused] == [503]
            assert Answer(address, f"/join/{good}/about").status == 200  # other routes go on
        finally:
            going_on.set()
        assert {one.result().status for one in waiting} == {200}
