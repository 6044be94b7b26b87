"""People enrol with consent, are recognised while it holds, and leave nothing when it ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audience.errors import AccessRefused, InvalidValue
from audience.identity.audit import AuditTrail, broken_at
from audience.identity.links import Links
from audience.identity.people import Removal, covers
from audience.identity.records import Consent, Enrolment, Person, Sighting
from audience.identity.sealed import Profile, template_bytes
from tests.audience.identity.conftest import QUALITY, Desk, vector


def test_an_enrolled_person_may_be_recognised_while_their_consent_holds(desk: Desk):
    roster = desk.roster()
    person = desk.member(roster)
    (face,) = desk.people().known_faces(roster)
    assert face.subject_id == person.person_id
    assert face.vector @ vector(1) / np.linalg.norm(vector(1)) == pytest.approx(1, abs=1e-6)
    desk.later(days=roster.consent_days)
    assert desk.people().known_faces(roster) == []
    (receipt,) = desk.people().end_expired()
    assert receipt.subject_id == person.person_id
    assert desk.people().people(roster.roster_id) == []


def test_a_member_is_recognised_at_the_desk_only_once_they_check_in(desk: Desk):
    roster = desk.roster("welcome desk")
    person = desk.member(roster)
    assert desk.people().known_faces(roster) == []
    desk.people().check_in(roster.roster_id, person.person_id)
    assert len(desk.people().known_faces(roster)) == 1
    desk.people().check_in(roster.roster_id, person.person_id, out=True)
    assert desk.people().known_faces(roster) == []


def test_after_withdrawal_no_file_holds_anything_of_the_person(desk: Desk, tmp_path: Path):
    roster = desk.roster()
    person = desk.member(roster, name="Grace Hopper-Unmistakable", keeps_photo=True)
    photo = b"\xff\xd8 a photo that is searched for \xff\xd9" * 9
    desk.people().enrol(
        roster.roster_id, person.person_id, vector(1), recogniser="tiny-1+0", photos=[QUALITY], photo=photo
    )
    desk.store.put(desk.sighting(roster, person.person_id))
    Links(desk.store, now=lambda: desk.now).make(
        roster.roster_id, "withdraw", valid_for=roster_days(roster), subject_id=person.person_id
    )
    assert desk.people().export(roster.roster_id, person.person_id)["profile"]["name"] == "Grace Hopper-Unmistakable"

    receipt = desk.people().withdraw(roster.roster_id, person.person_id)
    assert receipt.is_complete
    for kind in (Person, Consent, Enrolment, Sighting):
        assert desk.store.all(kind) == []
    assert Links(desk.store, now=lambda: desk.now).of_roster(roster.roster_id) == []
    assert desk.people().profile(person.person_id) is None
    for file in tmp_path.iterdir():
        content = file.read_bytes()
        for secret in (b"Unmistakable", photo, template_bytes(vector(1))):
            assert secret not in content, file.name
    assert desk.people().withdraw(roster.roster_id, person.person_id).is_complete  # a second time


def roster_days(roster):
    from datetime import timedelta

    return timedelta(days=roster.consent_days)


def test_a_receipt_waits_for_places_that_have_not_answered(desk: Desk):
    roster = desk.roster()
    person = desk.member(roster)

    class Camera:
        def remove(self, roster_id, subject_id):
            assert (roster_id, subject_id) == person.key
            return [Removal(place="camera left", done_at=None, remark="not heard of")]

    receipt = desk.people(elsewhere=[Camera()]).withdraw(roster.roster_id, person.person_id)
    assert not receipt.is_complete
    assert [removal.place for removal in receipt.removals] == ["this store", "camera left"]


def test_everything_done_to_a_person_stands_in_the_trail_by_id_alone(desk: Desk):
    roster = desk.roster()
    person = desk.member(roster, name="Grace")
    desk.people().withdraw(roster.roster_id, person.person_id)
    entries = AuditTrail(desk.store).entries()
    assert broken_at(entries) is None
    assert [entry.action for entry in entries] == ["roster set up", "added", "enrolled", "withdrawn"]
    assert "Grace" not in repr(entries)


def test_a_roster_that_the_gate_refuses_is_not_set_up(desk: Desk):
    with pytest.raises(AccessRefused):
        desk.roster(setting="workplace")
    with pytest.raises(AccessRefused, match="check-in"):
        desk.roster("welcome desk", accepted=("consent", "notice"))
    assert desk.people().rosters() == []


def test_a_roster_keeps_the_purpose_to_which_its_people_consented(desk: Desk):
    desk.roster("register", "list")
    with pytest.raises(InvalidValue, match="purpose"):
        desk.roster("welcome desk", "list")


def test_children_are_enrolled_in_a_panel_by_a_guardian_only(desk: Desk):
    register, panel = desk.roster(), desk.roster("panel", accepted=("consent", "household"))
    with pytest.raises(AccessRefused, match="article 8"):
        desk.member(register, child=True)
    with pytest.raises(AccessRefused, match="guardian"):
        desk.member(panel, child=True)
    assert desk.member(panel, child=True, given_by="a guardian").child


def test_nobody_is_enrolled_without_consent_or_with_a_photo_they_did_not_allow(desk: Desk):
    roster = desk.roster()
    person = desk.member(roster)
    with pytest.raises(InvalidValue, match="photo"):
        desk.people().enrol(
            roster.roster_id, person.person_id, vector(1), recogniser="tiny-1", photos=[QUALITY], photo=b"jpeg"
        )
    desk.later(days=400)
    with pytest.raises(InvalidValue, match="consent"):
        desk.people().enrol(roster.roster_id, person.person_id, vector(1), recogniser="tiny-1", photos=[QUALITY])


def test_a_clock_that_is_behind_erases_nobody(desk: Desk):
    roster = desk.roster()
    desk.member(roster)
    desk.later(days=-20_000)
    with pytest.raises(InvalidValue, match="clock"):
        desk.people().end_expired()
    assert len(desk.people().people(roster.roster_id)) == 1


def test_a_roster_gets_no_more_stages_than_its_people_consented_to(desk: Desk):
    roster = desk.roster()
    desk.roster(stages=("fair-*/gate", "fair-*/hall"))  # nobody is on it yet
    desk.member(roster)
    with pytest.raises(InvalidValue, match="consented"):
        desk.roster(stages=("*/*",))
    desk.roster(stages=("fair-*/hall",))


def test_a_mistyped_id_gets_no_receipt_and_destroys_no_key(desk: Desk):
    one, other = desk.roster(), desk.roster("welcome desk")
    person = desk.member(one)
    for roster, person_id in ((one, "p-typo"), (other, person.person_id)):
        with pytest.raises(InvalidValue):
            desk.people().withdraw(roster.roster_id, person_id)
    assert desk.people().profile(person.person_id) is not None


def test_a_newcomer_must_differ_from_everybody_but_in_a_panel_where_twins_are(desk: Desk):
    register, panel = desk.roster(), desk.roster("panel", accepted=("consent", "household"))
    for roster, known in ((register, 1), (panel, 0)):
        desk.member(roster)
        assert len(desk.people().faces_to_differ_from(roster)) == known


def test_a_check_in_ends_after_an_evening(desk: Desk):
    roster = desk.roster("welcome desk")
    desk.people().check_in(roster.roster_id, desk.member(roster).person_id)
    desk.later(hours=12)
    assert desk.people().known_faces(roster) == []


def test_a_roster_with_searches_is_not_dropped_over_them(desk: Desk):
    from tests.audience.identity.test_searches import requested

    roster = desk.roster("search")
    requested(desk, roster)
    with pytest.raises(InvalidValue, match="first"):
        desk.people().end_roster(roster.roster_id)


@pytest.mark.parametrize("broken", [np.zeros(128, np.float32), np.full(128, np.nan, np.float32), np.zeros((2, 2))])
def test_a_template_without_a_length_is_refused(broken):
    with pytest.raises(InvalidValue):
        template_bytes(broken)


@pytest.mark.parametrize(
    "fields", [{"name": " "}, {"name": "a\nb"}, {"name": "A", "mail": "nowhere"}, {"name": "A", "note": "x" * 1001}]
)
def test_a_profile_that_cannot_be_shown_is_refused(fields):
    with pytest.raises(InvalidValue):
        Profile(**fields)


def test_a_link_opens_what_it_was_made_for_until_it_ends(desk: Desk):
    roster = desk.roster()
    links = Links(desk.store, now=lambda: desk.now)
    token = links.make(roster.roster_id, "join", valid_for=roster_days(roster))
    assert links.open(token, "join").roster_id == roster.roster_id
    wrong = [token[:-1], token + "x", token.replace("~", "/"), "", "~~", "a~b~c", token.upper()]
    for other in wrong:
        with pytest.raises(AccessRefused):
            links.open(other, "join")
    with pytest.raises(AccessRefused):
        links.open(token, "withdraw")
    desk.later(days=roster.consent_days)
    with pytest.raises(AccessRefused):
        links.open(token, "join")


def test_a_roster_is_for_the_stages_it_names(desk: Desk):
    roster = desk.roster(stages=("fair-*/gate",))
    assert desk.people().rosters_for("fair-1", "gate") == [roster]
    assert desk.people().rosters_for("fair-1", "hall") == []
    assert not covers((), "fair-1", "gate")
