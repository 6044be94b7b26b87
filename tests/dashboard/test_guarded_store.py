"""A guarded store shows what one may see and takes what one may write; nothing opens a store past it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audience.alerts import default_rules
from audience.errors import AccessRefused, SessionNotFound, StoreUnavailable
from audience.store import Store
from audience.stores import open_store
from dashboard.access import identity as asking
from dashboard.access.data import may_play
from dashboard.access.data import open_store as open_guarded
from dashboard.access.entry import in_words
from dashboard.access.guarded_store import GuardedStore
from dashboard.access.identity import asked_as
from dashboard.access.permits import EVERYTHING, THE_PUBLIC, Permit
from tests.architecture.sources import modules
from tests.builders import (
    a_camera,
    a_heartbeat,
    a_progress,
    a_scorer,
    a_session,
    a_stage,
    a_transcript,
    a_window,
)

VIEWER = Permit(role="viewer", own=("talk-1",))
BY_LINK = Permit(linked=frozenset({"talk-1"}))
PERMITS = {
    "nobody": Permit(),
    "link": BY_LINK,
    "viewer": VIEWER,
    "analyst": Permit(role="analyst"),
    "operator": Permit(role="operator"),
    "admin": Permit(role="admin"),
}

READING: dict[str, Callable[[Store, str], object]] = {
    "session": lambda store, session_id: store.session(session_id),
    "stages": lambda store, session_id: store.stages(session_id),
    "cameras": lambda store, session_id: store.cameras(session_id, "main"),
    "transcript": lambda store, session_id: store.transcript(session_id, "main"),
    "slide_pictures": lambda store, session_id: store.slide_pictures(session_id, "main"),
    "windows": lambda store, session_id: store.windows(session_id, "main"),
    "rollups": lambda store, session_id: store.rollups(session_id, "main", width_ms=60_000),
    "window_count": lambda store, session_id: store.window_count(session_id, "main"),
    "faces": lambda store, session_id: store.faces(session_id, "main"),
    "progress": lambda store, session_id: store.progress(session_id, "main", "cam-1"),
    "recordings": lambda store, session_id: store.recordings(session_id),
    "heartbeats": lambda store, session_id: store.heartbeats(session_id),
    "alerting": lambda store, session_id: store.alerting.book(session_id),
    "scorers": lambda store, session_id: store.scorers(session_id),
}
WRITING: dict[str, tuple[str, Callable[[Store, str], object]]] = {
    "put_stage": ("analyst", lambda store, session_id: store.put_stage(session_id, a_stage())),
    "put_transcript": (
        "analyst",
        lambda store, session_id: store.put_transcript(session_id, "main", a_transcript((0, 1, "Hello."))),
    ),
    "delete_transcript": ("analyst", lambda store, session_id: store.delete_transcript(session_id, "main")),
    "put_slide_pictures": (
        "analyst",
        lambda store, session_id: store.put_slide_pictures(session_id, "main", {"a" * 32: b"jpeg"}),
    ),
    "put_session": ("operator", lambda store, session_id: store.put_session(a_session(session_id))),
    "change_session": ("operator", lambda store, session_id: store.change_session(a_session(session_id))),
    "put_camera": ("operator", lambda store, session_id: store.put_camera(session_id, "main", a_camera())),
    "alerting.put": ("operator", lambda store, session_id: store.alerting.put(session_id, default_rules()[0])),
    "alerting.drop": ("operator", lambda store, session_id: store.alerting.drop(session_id, default_rules()[0])),
    "put_windows": ("admin", lambda store, session_id: store.put_windows([a_window(0, session_id=session_id)])),
    "put_scorer": ("admin", lambda store, _: store.put_scorer(a_scorer())),
    "put_heartbeat": ("admin", lambda store, session_id: store.put_heartbeat(a_beat(session_id))),
    "delete_camera_records": ("admin", lambda store, id_: store.delete_camera_records(id_, "main", "cam-1")),
    "delete_session": ("admin", lambda store, session_id: store.delete_session(session_id)),
    "prune": ("admin", lambda store, _: store.prune(0)),
    "changed_sessions": ("analyst", lambda store, _: store.changed_sessions(0)),
}
ROLES = list(PERMITS)


def a_beat(session_id: str):
    return replace(a_heartbeat(), session_id=session_id)


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Store]:
    """Two talks and a festival, each with a recording that was scored."""
    with open_store(f"sqlite:///{tmp_path / 'houselights.db'}") as store:
        for session_id, kind in (("talk-1", "talk"), ("talk-2", "talk"), ("fest-1", "festival")):
            store.put_session(replace(a_session(session_id), kind=kind))
            store.put_stage(session_id, a_stage())
            progress = replace(a_progress(), session_id=session_id, fingerprint=f"print-of-{session_id}")
            store.put_windows([a_window(0, session_id=session_id)], progress=progress)
        yield store


def test_every_method_of_the_port_is_thought_about() -> None:
    """Written out, and listed here: one that is added to the port is neither."""
    port = {name for name, _ in inspect.getmembers(Store) if not name.startswith("_")}
    assert port <= vars(GuardedStore).keys() | {"url"}
    tried = {*READING, *(name.partition(".")[0] for name in WRITING)}
    assert port - tried == {"sessions", "session_page", "close", "has_pending_erasure"}


@pytest.mark.parametrize(
    ("permit", "seen"),
    [
        (Permit(), []),
        (BY_LINK, ["talk-1"]),
        (VIEWER, ["talk-1"]),
        (Permit(role="viewer", own=("talk-*",)), ["talk-1", "talk-2"]),
        (Permit(festivals_only=True), ["fest-1"]),
        (Permit(role="analyst"), ["fest-1", "talk-1", "talk-2"]),
    ],
    ids=["nobody", "link", "viewer", "patterns", "the public", "analyst"],
)
def test_a_page_of_the_list_has_what_may_be_seen_and_nothing_else(
    whole: Store, permit: Permit, seen: list[str]
) -> None:
    page = GuardedStore(whole, permit).session_page()
    assert [one.session.session_id for one in page.sessions] == seen
    by_word = GuardedStore(whole, permit).session_page(words="talk", among=["talk-2"])
    assert [one.session.session_id for one in by_word.sessions] == [one for one in seen if one == "talk-2"]


@pytest.mark.parametrize("read", READING.values(), ids=list(READING))
@pytest.mark.parametrize("who", ["nobody", "link", "viewer"])
def test_a_session_that_is_not_theirs_is_not_there(
    whole: Store, who: str, read: Callable[[Store, str], object]
) -> None:
    with pytest.raises(SessionNotFound):
        read(GuardedStore(whole, PERMITS[who]), "talk-2")


@pytest.mark.parametrize("who", ROLES)
def test_nobody_learns_whether_a_session_is_there_or_where_the_store_is(whole: Store, who: str) -> None:
    def told(session_id: str) -> str:
        with pytest.raises(SessionNotFound) as problem:
            GuardedStore(whole, PERMITS[who]).session(session_id)
        return str(problem.value).replace(session_id, "")

    assert whole.url not in told("talk-9")
    if not PERMITS[who].is_at_least("analyst"):
        assert told("talk-9") == told("talk-2")


@pytest.mark.parametrize("read", READING.values(), ids=list(READING))
@pytest.mark.parametrize("who", ["link", "viewer", "analyst", "operator", "admin"])
def test_what_is_theirs_is_given_as_it_is(whole: Store, who: str, read: Callable[[Store, str], object]) -> None:
    assert repr(read(GuardedStore(whole, PERMITS[who]), "talk-1")) == repr(read(whole, "talk-1"))


@pytest.mark.parametrize("who", ROLES)
def test_the_list_has_what_may_be_seen(whole: Store, who: str) -> None:
    everything = {"talk-1", "talk-2", "fest-1"}
    for session_id in everything:
        whole.alerting.put(session_id, default_rules()[0])
    guarded = GuardedStore(whole, PERMITS[who])
    seen = {session.session_id for session in guarded.sessions()}
    assert seen == {"nobody": set(), "link": {"talk-1"}, "viewer": {"talk-1"}}.get(who, everything)
    assert set(guarded.alerting.sessions(0)) == seen


@pytest.mark.parametrize("who", ROLES)
@pytest.mark.parametrize("what", WRITING)
def test_a_role_writes_what_it_may_and_nothing_else(whole: Store, who: str, what: str) -> None:
    least, write = WRITING[what]
    guarded = GuardedStore(whole, PERMITS[who])
    if ROLES.index(who) >= ROLES.index(least):
        write(guarded, "talk-1")
    else:
        before = repr((whole.sessions(), whole.stages("talk-1"), len(whole.windows("talk-1", "main"))))
        with pytest.raises((AccessRefused, SessionNotFound)):
            write(guarded, "talk-1")
        assert repr((whole.sessions(), whole.stages("talk-1"), len(whole.windows("talk-1", "main")))) == before


def test_the_public_sees_festivals_and_changes_nothing(whole: Store) -> None:
    public = GuardedStore(whole, THE_PUBLIC)
    assert [session.session_id for session in public.sessions()] == ["fest-1"]
    assert public.stages("fest-1")
    with pytest.raises(SessionNotFound):
        public.windows("talk-1", "main")
    with pytest.raises(AccessRefused):
        public.put_stage("fest-1", a_stage())


@pytest.mark.parametrize(
    ("permit", "of_theirs", "of_another"),
    [
        (Permit(), False, False),
        (VIEWER, True, False),
        (BY_LINK, False, False),
        (replace(BY_LINK, linked_recordings=frozenset({"talk-1"})), True, False),
        (Permit(role="analyst"), True, True),
        (THE_PUBLIC, False, False),
    ],
)
def test_a_recording_is_played_to_whom_it_is_open(whole: Store, permit, of_theirs: bool, of_another: bool) -> None:
    assert may_play(whole.url, permit, "print-of-talk-1", 0) == of_theirs
    assert may_play(whole.url, permit, "print-of-talk-2", 0) == of_another


def test_the_store_that_pages_open_is_that_of_whoever_asks(whole: Store) -> None:
    def titles() -> list[str]:
        with open_guarded(whole.url) as store:
            return [session.session_id for session in store.sessions()]

    assert len(titles()) == 3, "at one's own machine"
    assert asked_as(VIEWER, titles)() == ["talk-1"]
    assert len(titles()) == 3


def test_where_nobody_is_known_to_ask_nothing_is_shown(
    whole: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "access.toml").write_text('address = "https://a.example"\ncontact = "Ada"\n')
    monkeypatch.setenv(asking.VARIABLE, str(tmp_path / "access.toml"))
    with open_guarded(whole.url) as store:
        assert store.sessions() == []


@pytest.mark.parametrize("whom", [EVERYTHING, VIEWER, PERMITS["admin"]])
def test_where_the_store_lies_is_told_at_its_own_machine_alone(whom: Permit, monkeypatch, caplog) -> None:
    monkeypatch.setattr("dashboard.access.entry.permit_here", lambda: whom)
    said = in_words(StoreUnavailable("/home/somebody/secret.db cannot be read"))
    assert ("secret.db" in said) == (whom is EVERYTHING)
    assert ("secret.db" in caplog.text) == (whom is not EVERYTHING)
    assert in_words(AccessRefused("that is for analysts")) == "that is for analysts"


def test_no_module_of_the_dashboard_opens_a_store_past_the_guard() -> None:
    """They import `open_store` from `dashboard.access.data`; from `audience.stores` only where things usually lie."""
    places = {"default_store_url", "recordings_folder", "remote_folder"}
    harmless = {"audience.stores", *(f"audience.stores.{place}" for place in places)}
    guards = {
        "dashboard/access/data.py": {"open_store"},
        "dashboard/access/people_data.py": {"open_identity", "has_identity"},  # asks for a duty first
    }
    past = [
        f"{module.path} imports {name}"
        for module in modules("dashboard")
        for name in module.imports()
        if name.startswith("audience.stores") and name not in harmless
        if name.removeprefix("audience.stores.") not in guards.get(module.path, set())
    ]
    assert past == []
    holders = [module.path for module in modules("dashboard") if "dashboard.access.data.open_store" in module.imports()]
    parts = ("camera_links_data", "data", "incoming_data", "remote_data", "pages/screening_data")
    parts += tuple(f"pages/{page}/data" for page in ("board", "bring", "operate", "scenes"))
    assert sorted(holders) == sorted(f"dashboard/{part}.py" for part in parts)
