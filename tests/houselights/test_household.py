"""`houselights household` and `houselights simulate household`, from the command line to the store."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from audience.identity.households import Household, Member, SeenMinute, Tap
from audience.identity.panels import HouseholdPanel
from audience.identity.people import People
from audience.identity.records import Consent, Roster
from audience.stores import open_identity, open_store
from dashboard.pages.join.text import about
from houselights.cli import run
from houselights.commands.people import now

ROSTER = ["--purpose", "panel", "--setting", "home", "--country", "GB", "--accept", "consent", "--accept", "household"]


@pytest.fixture
def url(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return f"sqlite:///{tmp_path / 'houselights.db'}"


def a_person(url, capsys, name):
    assert run(["people", "add", "panel", "--name", name, "--consent", "form 1", "--store", url]) == 0
    with open_identity(url) as store:
        people = People(store, actor="test", now=now)
        found = {people.profile(one.person_id).name: one.person_id for one in people.people("panel")}
    capsys.readouterr()
    return found[name]


def test_a_household_signs_up_with_two_alike_and_gets_an_address(url, capsys):
    assert run(["people", "roster", "panel", *ROSTER, "--store", url]) == 0
    ann, bea = (a_person(url, capsys, name) for name in ("Ann", "Bea"))
    words = ["household", "set-up", "panel", "home-1", "--title", "No. 1", "--member", f"{ann},female,1985"]
    assert run([*words, "--member", bea, "--alike", f"{ann},{bea}", "--store", url]) == 0
    assert "2 members" in capsys.readouterr().out
    with open_identity(url) as store:
        assert store.get(Household, "panel", "home-1").alike == ((ann, bea),)
        member = store.get(Member, "panel", "home-1", ann)
        assert (member.sex, member.born) == ("female", 1985)
    assert run(["household", "link", "panel", "home-1", "--at", "https://example.org/", "--store", url]) == 0
    address = capsys.readouterr().out.strip()
    assert address.startswith("https://example.org/household/")
    with open_identity(url) as store:
        panel = HouseholdPanel(store, actor="test", now=now)
        assert panel.opened_by(address.rpartition("/")[2]).household_id == "home-1"
    assert run(["household", "list", "panel", "--store", url]) == 0
    assert f"{ann} (female, " in capsys.readouterr().out
    assert run(["household", "list", "pannel", "--store", url]) == 2
    assert "no roster 'pannel'" in capsys.readouterr().err
    assert run(["household", "close", "panel", "home-1", "--store", url]) == 0
    assert run(["household", "close", "panel", "home-1", "--store", url]) == 0
    assert capsys.readouterr().out.splitlines() == ["The button page is closed.", "There was no open button page."]


def test_a_household_set_up_again_keeps_what_no_option_names_and_can_be_erased(url, capsys):
    assert run(["people", "roster", "panel", *ROSTER, "--store", url]) == 0
    ann, bea, cem = (a_person(url, capsys, name) for name in ("Ann", "Bea", "Cem"))
    again = ["household", "set-up", "panel", "home-1", "--store", url]
    both = ["--member", ann, "--member", bea, "--alike", f"{ann},{bea}"]
    assert run([*again, "--title", "No. 1", *both]) == 0
    assert run([*again, "--member", cem]) == 0
    with open_identity(url) as store:
        household = store.get(Household, "panel", "home-1")
        assert (household.title, household.alike) == ("No. 1", ((ann, bea),))
    assert run([*again, "--nobody-alike"]) == 0
    with open_identity(url) as store:
        assert store.get(Household, "panel", "home-1").alike == ()
    assert run(["household", "erase", "panel", "home-1", "--store", url]) == 0
    with open_identity(url) as store:
        assert store.all(Household) == store.all(Member) == []
        assert len(People(store, actor="test", now=now).people("panel")) == 3


def test_expressions_are_joined_with_whoever_agreed_to_that_by_name_and_in_a_panel_only(url, capsys):
    assert run(["people", "roster", "panel", *ROSTER, "--store", url]) == 0
    words = ["people", "add", "panel", "--name", "Ann", "--consent", "form 1", "--store", url]
    assert run(words) == 0
    assert run([*words, "--join-expressions"]) == 0
    with open_identity(url) as store:
        assert sorted(consent.joins_expressions for consent in store.all(Consent, "panel")) == [False, True]
        desk = replace(store.get(Roster, "panel"), roster_id="desk", purpose="welcome desk")
        assert about(store.get(Roster, "panel"), contact="")["joins"]
        assert about(desk, contact="")["joins"] == ""


@pytest.mark.parametrize(
    "wrong",
    [
        ["set-up", "panel", "home-1", "--member", "p-1,cat"],
        ["set-up", "panel", "home-1", "--member", "p-1,male,young"],
        ["set-up", "panel", "home-1", "--alike", "p-1"],
        ["set-up", "nowhere", "home-1"],
        ["set-up", "panel", "home-1", "--member", "p-unknown"],
        ["erase", "panel", "home-9"],
        ["link", "panel", "home-9", "--at", "https://example.org"],
        ["link", "panel", "home-1", "--at", "example"],
    ],
)
def test_what_cannot_be_is_refused_in_one_line(url, capsys, wrong):
    assert run(["people", "roster", "panel", *ROSTER, "--store", url]) == 0
    capsys.readouterr()
    assert run(["household", *wrong, "--store", url]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_simulated_evening_is_written_with_its_truth_and_replaces_the_one_before(url, tmp_path):
    for number in ("3", "2"):
        assert run(["simulate", "household", "--households", number, "--store", url]) == 0
    with open_store(url) as store, open_identity(url) as people:
        session = store.session("simulated-panel")
        assert (session.kind, session.simulated) == ("panel", True)
        households = people.all(Household)
        assert [one.household_id for one in households] == ["household-1", "household-2"]
        assert len(people.all(SeenMinute, *households[0].key)) == 57  # without the three of privacy
        assert {tap.action for tap in people.all(Tap, *households[0].key)} >= {"set on", "in", "guests", "privacy on"}
    truth = json.loads((tmp_path / "simulated-panel-truth.json").read_text())
    first = truth["households"]["household-1"]
    assert len(first["alike"]) == 1
    assert {len(minutes) for minutes in first["there"].values()} == {60}
