"""What a session may measure, by setting and country."""

from __future__ import annotations

import pytest

from audience.errors import InvalidValue
from audience.privacy import EU_COUNTRIES, SETTINGS, decide

MEMBERS = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
# French Guiana, Guadeloupe, Martinique, Saint Martin, Réunion, Mayotte (TFEU article 349) and Åland (protocol 2 to
# the accession of Austria, Finland and Sweden) have codes of their own, and the EU's law holds there.
OF_THE_EU_BY_ANOTHER_CODE = ("AX", "GF", "GP", "MF", "MQ", "RE", "YT")
ELSEWHERE = ("US", "GB", "CH", "NO", "JP", "BR", "GL", "NC")
OPEN = ("event", "cinema", "research", "home")
BANNED = ("workplace", "education")

TABLE = [
    *((setting, country, "expressions") for setting in OPEN for country in ("DE", "US", None)),
    *((setting, country, "head count") for setting in BANNED for country in ("DE", None)),
    *((setting, country, "expressions") for setting in BANNED for country in ELSEWHERE),
]


@pytest.mark.parametrize(("setting", "country", "mode"), TABLE)
def test_the_mode_follows_from_setting_and_country(setting, country, mode):
    assert decide(setting, country).mode == mode


@pytest.mark.parametrize("country", ["DE", "US", None])
@pytest.mark.parametrize("setting", SETTINGS)
def test_heads_only_can_be_requested_anywhere(setting, country):
    decision = decide(setting, country, heads_only=True)
    assert decision.mode == "head count"
    assert "requested" in decision.reason


def test_every_setting_is_in_the_table():
    assert set(OPEN) | set(BANNED) == set(SETTINGS)


def test_the_eu_has_27_members():
    assert sorted(EU_COUNTRIES) == MEMBERS
    assert len(MEMBERS) == 27


@pytest.mark.parametrize("setting", BANNED)
@pytest.mark.parametrize("country", MEMBERS)
def test_in_every_member_state_only_heads_are_counted_at_work_and_in_education(setting, country):
    decision = decide(setting, country)
    assert decision.mode == "head count"
    assert "5(1)(f)" in decision.reason
    assert "not legal advice" in decision.reason


@pytest.mark.parametrize("country", OF_THE_EU_BY_ANOTHER_CODE)
def test_parts_of_the_eu_with_their_own_code_fall_under_the_ban(country):
    assert decide("workplace", country).mode == "head count"


@pytest.mark.parametrize("written", ["Germany", "Deutschland", "germany", "DE", "DEU"])
def test_a_workplace_in_germany_is_one_in_the_eu_however_it_is_written(written):
    decision = decide("workplace", written)
    assert decision.mode == "head count"
    assert "Germany" in decision.reason


def test_a_missing_country_is_named_in_the_reason():
    assert "no country" in decide("workplace", None).reason


def test_outside_the_eu_the_reason_does_not_promise_that_all_is_allowed():
    assert "Other rules may" in decide("workplace", "US").reason


def test_greece_written_el_is_in_the_eu():
    assert decide("workplace", "EL").mode == "head count"


@pytest.mark.parametrize("written", ["XX", "ZZ", "EU", "", " ", "D", "Germ", "Atlantis", "ß", "ＤＥ"])
def test_an_unknown_country_is_named_in_the_error(written):
    with pytest.raises(InvalidValue, match="country") as refusal:
        decide("workplace", written)
    assert repr(written) in str(refusal.value)


def test_an_unknown_country_is_refused_in_every_setting():
    with pytest.raises(InvalidValue, match="'XX'"):
        decide("event", "XX", heads_only=True)


def test_an_unknown_setting_is_refused_and_the_known_ones_are_named():
    with pytest.raises(InvalidValue, match=r"'office'.*workplace"):
        decide("office", "US")
