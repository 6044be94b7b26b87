"""Who may be recognised, for what, where and by whom: the rules as a table."""

from __future__ import annotations

import pytest

from audience.errors import AccessRefused, InvalidValue
from audience.identity.gate import CONDITIONS, USES, check, gate
from audience.privacy import SETTINGS

REFUSED = [
    ("search", "event", "DE", {"actor": "law enforcement"}, "5(1)(h)"),
    ("search", "event", "France", {"actor": "law enforcement", "law": "  "}, "5(1)(h)"),
    ("search", "event", "RE", {"actor": "law enforcement"}, "5(1)(h)"),
    ("search", "event", "IT", {}, "9(2)(g)"),
    ("search", "event", None, {}, "9(2)(g)"),
    ("register", "workplace", "US", {}, "annex III, 4(b)"),
    ("attendance", "event", "US", {}, "annex III, 4(b)"),
    ("welcome desk", "education", "CH", {}, "annex III, 3"),
    ("search", "workplace", "DE", {"law": "a law"}, "annex III, 4(b)"),
    ("register", "event", "US", {"subject": "child"}, "article 8"),
    ("search", "event", "US", {"subject": "child"}, "article 8"),
    ("welcome desk", "event", "US", {"photos": "the web"}, "5(1)(e)"),
    ("search", "event", "US", {"photos": "a camera"}, "5(1)(e)"),
    ("sex and age", "home", "US", {}, "5(1)(g)"),
    ("panel", "cinema", "DE", {}, "9(2)(a)"),
    ("register", "event", "DE", {"actor": "law enforcement"}, "2016/680"),
]
ON_CONDITIONS = [
    ("welcome desk", "event", "DE", {}, {"consent", "check-in", "notice", "impact assessment"}),
    ("welcome desk", "event", None, {}, {"consent", "check-in", "notice", "impact assessment"}),
    ("register", "event", "CH", {}, {"consent", "marked lane", "notice"}),
    ("register", "event", "US", {}, {"consent", "marked lane", "notice", "signed release", "retention schedule"}),
    ("panel", "home", "PL", {}, {"consent", "household", "impact assessment"}),
    ("panel", "home", "GB", {"subject": "child"}, {"consent", "household", "guardian"}),
    ("search", "event", "DE", {"law": "BPolG, § 27"}, {"approval", "notice", "impact assessment"}),
    (
        "search",
        "event",
        "DE",
        {"actor": "law enforcement", "law": "AG Berlin 12/26"},
        {"approval", "authorisation", "notice", "impact assessment"},
    ),
    ("search", "event", "US", {}, {"approval", "notice", "impact assessment"}),
]


@pytest.mark.parametrize(("purpose", "setting", "country", "more", "article"), REFUSED)
def test_what_no_condition_makes_lawful_is_refused_with_the_article(purpose, setting, country, more, article):
    ruling = gate(purpose, setting, country, **more)
    assert ruling.is_refused
    assert article in ruling.article
    with pytest.raises(AccessRefused, match=r"\("):
        check(ruling, CONDITIONS)  # also by whoever says that everything is met


@pytest.mark.parametrize(("purpose", "setting", "country", "more", "conditions"), ON_CONDITIONS)
def test_what_is_allowed_is_allowed_on_conditions(purpose, setting, country, more, conditions):
    ruling = gate(purpose, setting, country, **more)
    assert ruling.outcome == "allowed with conditions"
    assert set(ruling.conditions) == conditions
    check(ruling, conditions)
    for missing in conditions:
        with pytest.raises(AccessRefused, match=missing):
            check(ruling, conditions - {missing})


def test_nothing_is_allowed_without_a_condition():
    """Whatever is asked for, in whatever setting and country: something has to be met, or it is refused."""
    for purpose in USES:
        for setting in SETTINGS:
            for country in (None, "DE", "US", "CH", "CN"):
                ruling = gate(purpose, setting, country, law="a law")
                assert ruling.is_refused or ruling.conditions


@pytest.mark.parametrize(
    ("purpose", "setting", "country", "more"),
    [
        ("parade", "event", "DE", {}),
        ("panel", "street", "DE", {}),
        ("panel", "home", "Atlantis", {}),
        ("panel", "home", "DE", {"actor": "neighbour"}),
        ("panel", "home", "DE", {"subject": "cat"}),
        ("panel", "home", "DE", {"photos": "a friend"}),
    ],
)
def test_what_is_unknown_is_refused_in_a_line(purpose, setting, country, more):
    with pytest.raises(InvalidValue):
        gate(purpose, setting, country, **more)
