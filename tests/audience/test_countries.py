"""Countries, as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.countries import countries, country_code
from audience.errors import InvalidValue
from audience.privacy import EU_COUNTRIES


def test_every_code_of_iso_3166_is_there_once():
    assert len(countries()) == 249
    assert len({one.long_code for one in countries().values()}) == 249
    assert countries().keys() >= EU_COUNTRIES


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("DE", "DE"),
        ("de", "DE"),
        (" fr \n", "FR"),
        ("DEU", "DE"),
        ("UK", "GB"),
        ("uk", "GB"),
        ("EL", "GR"),
        ("el", "GR"),
        ("Germany", "DE"),
        ("germany", "DE"),
        ("Deutschland", "DE"),
        ("Österreich", "AT"),
        ("osterreich", "AT"),
        ("Ελλάδα", "GR"),
        ("Holland", "NL"),
        ("The Netherlands", "NL"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("America", "US"),
        ("England", "GB"),
        ("Great Britain", "GB"),
        ("Canary Islands", "ES"),
        ("Réunion", "RE"),
        ("Ivory Coast", "CI"),
        ("Cote d’Ivoire", "CI"),
        ("Czech Republic", "CZ"),
        ("Turkey", "TR"),
        ("St. Lucia", "LC"),
        ("Trinidad & Tobago", "TT"),
        ("Georgia", "GE"),
        ("Guinea", "GN"),
    ],
)
def test_a_country_is_known_however_it_is_written(written, code):
    assert country_code(written) == code


def test_every_name_and_code_is_read_as_its_own_country():
    for one in countries().values():
        for written in (one.code, one.long_code, one.name, *one.other_names):
            assert country_code(written) == one.code
            assert country_code(written.upper()) == one.code


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("GER", ["Germany"]),
        ("Germ", ["Germany"]),
        ("Germny", ["Germany"]),
        ("Congo", ["Congo (Brazzaville)", "Congo (Kinshasa)"]),
        ("Korea", ["North Korea", "South Korea"]),
        ("Macedonia", ["North Macedonia"]),
        ("Republic of Poland", ["Poland"]),
    ],
)
def test_what_could_be_several_or_none_is_refused_and_what_may_be_meant_is_named(written, meant):
    with pytest.raises(InvalidValue) as refusal:
        country_code(written)
    assert all(name in str(refusal.value) for name in meant)


@given(st.text(max_size=12))
def test_nothing_is_cut_to_what_it_begins_with(text):
    try:
        code = country_code(text)
    except InvalidValue:
        return
    assert len(text.strip()) > 2 or text.strip().upper() in {code, "UK", "EL"}


def test_a_label_holds_all_that_a_country_is_searched_by():
    germany = countries()["DE"]
    assert {"Germany", "DE", "Deutschland"} <= set(germany.label.replace("(", " ").replace(")", " ").split())
