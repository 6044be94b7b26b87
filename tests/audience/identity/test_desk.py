"""The desk shows members who checked in, until the card is used."""

from __future__ import annotations

import pytest

from audience.errors import InvalidValue
from audience.identity.desk import Desk as WelcomeDesk
from audience.identity.records import Roster, Sighting
from tests.audience.identity.conftest import Desk


def at_the_desk(desk: Desk, roster: Roster) -> WelcomeDesk:
    return WelcomeDesk(desk.store, roster, actor="cyd@example.org", now=lambda: desk.now)


def test_a_card_shows_who_checked_in_and_is_gone_after_use(desk: Desk):
    roster = desk.roster("welcome desk")
    grace, alan = desk.member(roster, "Grace", 1), desk.member(roster, "Alan", 2)
    desk.people().check_in(roster.roster_id, grace.person_id)
    one, other = at_the_desk(desk, roster), at_the_desk(desk, roster)
    assert one.record(desk.sighting(roster, grace.person_id))
    assert one.record(desk.sighting(roster, grace.person_id, camera_id="right"))
    assert not one.record(desk.sighting(roster, alan.person_id))  # did not check in
    (card,) = other.arrivals()
    assert card.profile.name == "Grace"
    one.welcome(card.sighting.sighting_id)
    assert other.arrivals() == []
    assert desk.store.all(Sighting) == []
    assert desk.people().known_faces(roster) == []  # nothing looks for somebody who is there
    other.welcome(card.sighting.sighting_id)  # the second desk was slower


def test_somebody_else_is_sent_away_from_the_screen_and_the_member_still_expected(desk: Desk):
    roster = desk.roster("welcome desk")
    grace = desk.member(roster)
    desk.people().check_in(roster.roster_id, grace.person_id)
    one = at_the_desk(desk, roster)
    one.record(desk.sighting(roster, grace.person_id))
    one.reject(one.arrivals()[0].sighting.sighting_id)
    assert one.arrivals() == []
    assert len(desk.people().known_faces(roster)) == 1


def test_a_card_that_nobody_uses_is_gone_after_two_minutes(desk: Desk):
    roster = desk.roster("welcome desk")
    grace = desk.member(roster)
    desk.people().check_in(roster.roster_id, grace.person_id)
    at_the_desk(desk, roster).record(desk.sighting(roster, grace.person_id))
    desk.later(seconds=121)
    assert at_the_desk(desk, roster).arrivals() == []


def test_there_is_a_desk_for_rosters_of_that_purpose_only(desk: Desk):
    with pytest.raises(InvalidValue, match="welcome desk"):
        at_the_desk(desk, desk.roster("register"))
