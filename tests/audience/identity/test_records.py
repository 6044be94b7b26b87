"""What records of people refuse to say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from audience.errors import InvalidValue
from audience.identity.records import Confirmation, Consent, Roster, Sighting, WatchEntry, new_id

NOW = datetime(2026, 5, 4, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def entry(**changed: object) -> WatchEntry:
    fields: dict[str, object] = {
        "roster_id": "missing",
        "entry_id": "w-1",
        "basis": "missing person",
        "reference": "police report 12/26",
        "stages": ("fair/*",),
        "requested_by": "ada@example.org",
        "requested_at": NOW,
    }
    return WatchEntry(**(fields | changed))  # type: ignore[arg-type]


def consent(**changed: object) -> Consent:
    fields: dict[str, object] = {
        "roster_id": "members",
        "person_id": "p-1",
        "purpose": "welcome desk",
        "notice": "2026-1",
        "given_at": NOW,
        "expires_at": NOW + timedelta(days=365),
        "how": "at the desk",
    }
    return Consent(**(fields | changed))  # type: ignore[arg-type]


def test_ids_of_people_are_random():
    assert len({new_id("p") for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "changed",
    [
        {"approved_by": "ada@example.org", "approved_at": NOW, "expires_at": NOW + HOUR},
        {"approved_by": "bob@example.org"},
        {"approved_at": NOW, "expires_at": NOW + HOUR},
        {"basis": " "},
        {"reference": ""},
        {"stages": ()},
        {"hours": 73},
        {"hours": 0},
        {"requested_by": ""},
    ],
)
def test_a_search_without_a_basis_an_area_or_another_persons_approval_is_none(changed):
    with pytest.raises(InvalidValue):
        entry(**changed)


def test_a_search_runs_from_its_approval_until_it_ends():
    assert not entry().runs(NOW)
    approved = {"approved_by": "bob@example.org", "approved_at": NOW, "expires_at": NOW + HOUR}
    assert entry(**approved).runs(NOW)
    assert not entry(**approved).runs(NOW + HOUR)
    assert not entry(**approved, ended="found", ended_at=NOW).runs(NOW)


def test_a_consent_holds_from_when_it_was_given_until_it_expires_or_is_withdrawn():
    given = consent()
    assert [given.holds(NOW + shift) for shift in (-HOUR, 0 * HOUR, HOUR, timedelta(days=365))] == [
        False,
        True,
        True,
        False,
    ]
    assert not consent(withdrawn_at=NOW + HOUR).holds(NOW + HOUR)


@pytest.mark.parametrize(
    "changed",
    [
        {"expires_at": NOW},
        {"expires_at": NOW + timedelta(days=1096)},
        {"joins_expressions": True},
        {"purpose": "marketing"},
        {"how": "by nodding"},
        {"given_by": "a friend"},
    ],
)
def test_a_consent_that_cannot_be_is_refused(changed):
    with pytest.raises(InvalidValue):
        consent(**changed)


def test_expressions_are_joined_with_a_person_in_a_panel_only():
    assert consent(purpose="panel", joins_expressions=True).joins_expressions


@pytest.mark.parametrize("stages", [("fair",), ("/hall",), ("fair/",), ("a/b/c",)])
def test_a_roster_names_stages_of_sessions(stages):
    with pytest.raises(InvalidValue):
        Roster(roster_id="members", purpose="register", created_at=NOW, created_by="ada", stages=stages)


@pytest.mark.parametrize("changed", [{"similarity": 2.5}, {"crops": 0}, {"stage_id": "a b"}])
def test_a_sighting_that_cannot_be_is_refused(changed):
    fields = {
        "roster_id": "members",
        "subject_id": "p-1",
        "sighting_id": "s-1",
        "session_id": "fair",
        "stage_id": "hall",
        "camera_id": "left",
        "at_ms": 0,
        "similarity": 0.95,
        "runner_up": None,
        "crops": 3,
        "recogniser": "dlib-1+0a1b2c3d",
    }
    Sighting(**fields)
    with pytest.raises(InvalidValue):
        Sighting(**(fields | changed))


def test_an_account_with_a_separator_of_keys_is_refused():
    with pytest.raises(InvalidValue):
        Confirmation(roster_id="missing", subject_id="w-1", sighting_id="s-1", by="a#b", verdict="same person", at=NOW)
