"""Nobody is looked for without a second person's approval, nor notified of without a third's and a fourth's word."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audience.errors import AccessRefused, InvalidValue
from audience.identity.audit import AuditTrail
from audience.identity.records import Confirmation, Enrolment, Roster, Sighting, WatchEntry
from audience.identity.sealed import Profile
from audience.identity.searches import State, _state
from tests.audience.identity.conftest import BEGAN, QUALITY, Desk, vector

ASKS, APPROVES, FIRST, SECOND = ("ada@example.org", "bob@example.org", "cyd@example.org", "dan@example.org")


def requested(desk: Desk, roster: Roster, **named: object) -> WatchEntry:
    fields: dict[str, object] = {
        "vector": vector(3),
        "recogniser": "none-1+00000000",
        "photos": [QUALITY],
        "photo": b"a face",
        "basis": "missing person",
        "reference": "report 12/26",
        "stages": ("fair-1/*",),
        "adult": True,
    }
    return desk.searches(ASKS).request(
        roster.roster_id,
        Profile(name="Missing, in a red coat"),
        **(fields | named),  # type: ignore[arg-type]
    )


def running(desk: Desk) -> tuple[Roster, WatchEntry]:
    roster = desk.roster("search")
    entry = requested(desk, roster)
    return roster, desk.searches(APPROVES).approve(roster.roster_id, entry.entry_id)


def test_a_search_looks_for_nobody_before_another_person_approves(desk: Desk):
    roster = desk.roster("search")
    entry = requested(desk, roster)
    with pytest.raises(AccessRefused, match="another person"):
        desk.searches(ASKS).approve(roster.roster_id, entry.entry_id)
    assert desk.searches(ASKS).known_faces(roster, "fair-1", "gate") == []
    assert not desk.searches(ASKS).record(desk.sighting(roster, entry.entry_id))
    desk.searches(APPROVES).approve(roster.roster_id, entry.entry_id)
    (face,) = desk.searches(ASKS).known_faces(roster, "fair-1", "gate")
    assert face.subject_id == entry.entry_id
    assert desk.searches(ASKS).known_faces(roster, "fair-2", "gate") == []


def test_a_sighting_is_confirmed_by_two_who_neither_asked_nor_approved(desk: Desk):
    roster, entry = running(desk)
    sighting = desk.sighting(roster, entry.entry_id)
    assert desk.searches("camera").record(sighting, b"a picture")
    for actor in (ASKS, APPROVES):
        with pytest.raises(AccessRefused):
            desk.searches(actor).confirm(sighting, "same person")
    assert desk.searches(FIRST).confirm(sighting, "same person").state == "waiting"
    with pytest.raises(AccessRefused, match="already"):
        desk.searches(FIRST).confirm(sighting, "same person")
    assert desk.searches(FIRST).picture(sighting) == b"a picture"
    assert desk.searches(SECOND).confirm(sighting, "same person").state == "confirmed"
    assert desk.searches(SECOND).picture(sighting) is None


def test_one_word_against_it_rejects_a_sighting(desk: Desk):
    roster, entry = running(desk)
    sighting = desk.sighting(roster, entry.entry_id)
    desk.searches("camera").record(sighting, b"a picture")
    assert desk.searches(FIRST).confirm(sighting, "somebody else").state == "rejected"
    assert desk.searches(FIRST).picture(sighting) is None
    (state,) = desk.searches(FIRST).sightings(entry)
    assert state.state == "rejected"


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from(["same person", "somebody else"])), max_size=6))
@settings(max_examples=60, deadline=None)
def test_nothing_counts_as_confirmed_but_two_different_people_of_one_mind(said: Sequence[tuple[str, str]]):
    confirmations = [
        Confirmation(roster_id="r", subject_id="w", sighting_id="s", by=by, verdict=verdict, at=BEGAN)  # type: ignore[arg-type]
        for by, verdict in said
    ]
    state: State = _state(confirmations)
    agreed = {by for by, verdict in said if verdict == "same person"}
    against = any(verdict == "somebody else" for _, verdict in said)
    assert (state == "confirmed") == (len(agreed) >= 2 and not against)
    assert (state == "rejected") == against


@pytest.mark.parametrize("how", ["found", "withdrawn", "expired", "refused"])
def test_when_a_search_ends_everything_of_it_is_erased_but_the_trail(desk: Desk, how: str):
    roster = desk.roster("search")
    entry = requested(desk, roster)
    if how == "refused":
        desk.searches(APPROVES).refuse(roster.roster_id, entry.entry_id)
    else:
        desk.searches(APPROVES).approve(roster.roster_id, entry.entry_id)
        sighting = desk.sighting(roster, entry.entry_id)
        desk.searches("camera").record(sighting, b"a picture")
        desk.searches(FIRST).confirm(sighting, "same person")
        if how == "expired":
            desk.later(hours=24)
            assert desk.searches(ASKS).known_faces(roster, "fair-1", "gate") == []
        else:
            desk.searches(ASKS).end(roster.roster_id, entry.entry_id, how)  # type: ignore[arg-type]
    assert desk.searches(ASKS).entries(roster.roster_id) == []
    for kind in (WatchEntry, Sighting, Confirmation, Enrolment):
        assert desk.store.all(kind) == []
    assert desk.store.sealed_names(entry.entry_id) == []
    assert f"search {how}" in [one.action for one in AuditTrail(desk.store).entries()]


def test_a_search_is_renewed_by_another_person_and_never_for_longer_than_it_was_asked_for(desk: Desk):
    roster, entry = running(desk)
    desk.later(hours=20)
    with pytest.raises(AccessRefused):
        desk.searches(ASKS).renew(roster.roster_id, entry.entry_id)
    renewed = desk.searches(APPROVES).renew(roster.roster_id, entry.entry_id)
    assert renewed.expires_at is not None
    assert (renewed.expires_at - desk.now).total_seconds() == 24 * 3600


def test_a_child_is_not_searched_for_and_nowhere_is_no_area(desk: Desk):
    roster = desk.roster("search", stages=("fair-1/*",))
    with pytest.raises(AccessRefused, match="article 8"):
        requested(desk, roster, adult=False)
    for stages in (("barn",), ("fair-2/gate",), ("*/*",)):
        with pytest.raises(InvalidValue):
            requested(desk, roster, stages=stages)
    assert desk.store.all(WatchEntry) == []


def test_a_request_that_nobody_approves_is_erased_after_three_days(desk: Desk):
    roster = desk.roster("search")
    entry = requested(desk, roster)
    desk.later(hours=72)
    assert desk.searches(ASKS).entries(roster.roster_id) == []
    assert desk.store.sealed_names(entry.entry_id) == []


def test_the_trail_names_neither_basis_nor_reference(desk: Desk):
    requested(desk, desk.roster("search"), basis="missing: Bob Smith", reference="file of Bob Smith")
    assert "Bob" not in repr(AuditTrail(desk.store).entries())


def test_a_picture_that_comes_as_a_search_ends_is_not_kept(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    roster, entry = running(desk)
    sighting = desk.sighting(roster, entry.entry_id)
    seal = desk.store.seal

    def late(*args: object) -> None:
        monkeypatch.setattr(desk.store, "seal", seal)
        desk.searches(ASKS).end(roster.roster_id, entry.entry_id, "found")
        seal(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(desk.store, "seal", late)
    assert not desk.searches("camera").record(sighting, b"a picture")
    assert desk.store.sealed_names(entry.entry_id) == []
    assert desk.store.all(Sighting) == []


@pytest.mark.parametrize("missing", [{"basis": ""}, {"reference": " "}, {"stages": ()}, {"hours": 100}])
def test_a_search_without_a_basis_is_not_taken(desk: Desk, missing):
    roster = desk.roster("search")
    with pytest.raises(InvalidValue):
        requested(desk, roster, **missing)
    assert desk.store.all(WatchEntry) == []


def test_a_search_needs_a_roster_for_searches(desk: Desk):
    with pytest.raises(InvalidValue, match="searches"):
        requested(desk, desk.roster("register"))
