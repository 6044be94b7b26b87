"""The access settings are read strictly, and say who may what."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from audience.errors import InvalidValue
from dashboard.access.settings import AccessSettings, PersonRule, read_settings, settings_of
from dashboard.access.share_links import ShareLink
from tests.builders import BEGAN

HEAD = 'address = "https://houselights.example.org"\ncontact = "Ada, ada@example.org"\n'
PEOPLE = """
[[people]]
email = "Vera@example.org"
role = "viewer"
sessions = ["talk-1", "vera-*"]

[[people]]
group = "researchers"
role = "analyst"

[[people]]
subject = "auth0|77"
role = "operator"
"""


def claims(**told: object) -> dict[str, object]:
    """What a provider says of somebody who signed in an hour ago."""
    return {"is_logged_in": True, "iat": (BEGAN - timedelta(hours=1)).timestamp(), **told}


def read(people: str = PEOPLE) -> AccessSettings:
    return settings_of(HEAD + people)


def test_a_viewer_sees_the_sessions_named_and_no_other() -> None:
    permit = read().permit(claims(email="vera@EXAMPLE.org", email_verified=True), [], BEGAN)
    assert permit.role == "viewer"
    assert permit.sees("talk-1", "talk")
    assert permit.sees("vera-9", "festival")
    assert permit.plays("talk-1")
    assert not permit.sees("talk-2", "talk")
    assert not permit.plays("talk-2")


def test_an_address_that_nobody_verified_is_nobodys() -> None:
    for told in ({}, {"email_verified": False}, {"email_verified": "false"}, {"email_verified": None}):
        assert not read().permit(claims(email="vera@example.org", **told), [], BEGAN).lets_in


@pytest.mark.parametrize(
    ("named", "theirs"),
    [
        ("ada@strasse.example", "ada@stra\N{LATIN SMALL LETTER SHARP S}e.example"),
        ("kim@example.org", "\N{KELVIN SIGN}im@example.org"),
        ("ada@stra\N{LATIN SMALL LETTER SHARP S}e.example", "ada@STRASSE.example"),
    ],
)
def test_an_address_that_only_folds_to_somebodys_is_not_theirs(named: str, theirs: str) -> None:
    """Another letter is another mailbox, which somebody else may have."""
    people = read(f'[[people]]\nemail = "{named}"\nrole = "admin"')
    assert not people.permit(claims(email=theirs, email_verified=True), [], BEGAN).lets_in
    assert people.permit(claims(email=named, email_verified=True), [], BEGAN).role == "admin"


def test_people_are_named_by_group_and_by_subject_too() -> None:
    assert read().permit(claims(groups=["staff", "researchers"]), [], BEGAN).role == "analyst"
    assert read().permit(claims(groups="researchers"), [], BEGAN).role == "analyst"
    assert read().permit(claims(sub="auth0|77"), [], BEGAN).role == "operator"
    assert read().permit(claims(sub="auth0|7", groups=[["researchers"], None]), [], BEGAN).role is None


def test_a_provider_may_call_its_groups_otherwise() -> None:
    cognito = settings_of(HEAD + 'group_claim = "cognito:groups"\n' + PEOPLE)
    assert cognito.permit(claims(**{"cognito:groups": ["researchers"]}), [], BEGAN).role == "analyst"
    assert cognito.permit(claims(groups=["researchers"]), [], BEGAN).role is None


def test_of_several_roles_somebody_has_the_one_that_may_most() -> None:
    both = claims(email="vera@example.org", email_verified=True, groups=["researchers"])
    permit = read().permit(both, [], BEGAN)
    assert permit.role == "analyst"
    assert permit.sees("talk-2", "talk")


@pytest.mark.parametrize("issued", [timedelta(days=8), timedelta(hours=-1)], ids=["long ago", "in the future"])
def test_who_signed_in_long_ago_signs_in_again(issued: timedelta) -> None:
    assert not read().permit(claims(sub="auth0|77", iat=(BEGAN - issued).timestamp()), [], BEGAN).lets_in


@pytest.mark.parametrize("told", [{"is_logged_in": False}, {"iat": None}, {"iat": "now"}])
def test_who_is_not_signed_in_has_no_role(told: dict[str, object]) -> None:
    assert not read().permit(claims(sub="auth0|77", **{}) | told, [], BEGAN).lets_in


def test_a_link_opens_its_session_and_a_role_is_kept() -> None:
    link = ShareLink(link_id="k1", session_id="talk-2", until_s=int(BEGAN.timestamp()) + 60, recording=False)
    alone = read().permit({}, [link], BEGAN)
    assert (alone.role, alone.lets_in, alone.sees("talk-2", "talk")) == (None, True, True)
    assert not alone.plays("talk-2")
    assert not alone.sees("talk-1", "talk")
    viewer = read().permit(claims(email="vera@example.org", email_verified=True), [link], BEGAN)
    assert viewer.role == "viewer"
    assert viewer.sees("talk-2", "talk")
    assert viewer.plays("talk-1")
    assert not viewer.plays("talk-2")


def test_a_link_that_was_withdrawn_opens_nothing() -> None:
    link = ShareLink(link_id="k1", session_id="talk-2", until_s=int(BEGAN.timestamp()) + 60, recording=True)
    withdrawn = settings_of(HEAD + 'withdrawn_links = ["k1"]\n')
    assert not withdrawn.permit({}, [link], BEGAN).lets_in


REFUSED = {
    "no TOML": ("contact = 'Ada'\naddress = what", "no TOML: .*line 2"),
    "another key": (HEAD + "adress = 1", "'adress' is unknown: use address, contact"),
    "no address": ('contact = "Ada"', "missing required field .address"),
    "a path": ('address = "https://a.example/x"\ncontact = "Ada"', "without a path"),
    "no host": ('address = "https://"\ncontact = "Ada"', "without a path"),
    "a port that is none": ('address = "https://a.example:x"\ncontact = "Ada"', "without a path"),
    "capitals": ('address = "https://A.example"\ncontact = "Ada"', "as browsers write it: https://a.example"),
    "the usual port": ('address = "https://a.example:443"\ncontact = "Ada"', "as browsers write it: https://a.example"),
    "somebody's name": (
        'address = "https://ada@a.example"\ncontact = "Ada"',
        "as browsers write it: https://a.example",
    ),
    "listened to": ('address = "http://a.example"\ncontact = "Ada"', "not encrypted"),
    "nobody to ask": ('address = "https://a.example"\ncontact = " "', "contact is no line of text"),
    "a proxy that is none": (HEAD + 'proxies = ["10.0.0.1/8"]', "proxies: 10.0.0.1/8 has host bits set"),
    "proxies that are numbers": (HEAD + "proxies = [10]", "str.*int.*proxies"),
    "a path that is none": (HEAD + "ended_logins = 3", "ended_logins 3 is no path"),
    "somebody without a role": (HEAD + '[[people]]\nemail = "a@b"', r"people 1 \(line 3\): .*required field .role"),
    "people that are none": (HEAD + "people = 3", "array.*people"),
    "an unknown role": (
        HEAD + '[[people]]\nemail = "a@b"\nrole = "boss"',
        r"people 1 \(line 3\): role 'boss' is unknown: use one of viewer",
    ),
    "nobody named": (HEAD + '[[people]]\nrole = "admin"', r"people 1 \(line 3\): name them by one of"),
    "named twice": (HEAD + '[[people]]\nemail="a@b"\ngroup="c"\nrole="admin"', "email and group is given"),
    "named by nothing": (HEAD + '[[people]]\nemail=""\nrole="admin"', r"people 1 \(line 3\): email"),
    "a viewer of nothing": (HEAD + '[[people]]\nemail = "a@b"\nrole = "viewer"', "say in sessions which are theirs"),
    "an analyst of some": (
        HEAD + '[[people]]\ngroup="a"\nrole="admin"\n\n[[people]]\ngroup = "b"\nrole = "analyst"\nsessions = ["x"]',
        r"people 2 \(line 7\): an analyst sees all",
    ),
    "a pattern that is none": (
        HEAD + '[[people]]\nemail = "a@b"\nrole = "viewer"\nsessions = ["a b"]',
        "sessions: 'a b' is neither",
    ),
    "another key of somebody": (HEAD + '[[people]]\nmail = "a@b"\nrole = "admin"', "'mail' is unknown"),
}


@pytest.mark.parametrize(("text", "line"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_wrong_is_said_in_one_line_with_its_place(text: str, line: str) -> None:
    with pytest.raises(InvalidValue, match=line) as told:
        settings_of(text)
    assert "\n" not in str(told.value)


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path) -> None:
    with pytest.raises(InvalidValue, match=r"none\.toml cannot be read: No such file"):
        read_settings(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidValue, match=r"bytes\.toml are no UTF-8"):
        read_settings(tmp_path / "bytes.toml")


values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=9),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    some.dictionaries(some.sampled_from(["email", "email_verified", "sub", "groups", "iat", "is_logged_in"]), values)
)
def test_no_claims_but_those_of_a_rule_let_anybody_in(told: dict[str, object]) -> None:
    assert not read().permit(told, [], BEGAN).lets_in


def refused_in_one_line(text: str) -> bool:
    """Whether a text is read, or refused in one line."""
    try:
        settings_of(text)
    except InvalidValue as problem:
        return len(str(problem).splitlines()) == 1
    return True


def toml(value: object) -> str:
    """A value as TOML writes it on one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(key)} = {toml(inner)}' for key, inner in value.items())}}}"
    return json.dumps(value or "")


@given(some.text(max_size=200) | some.text(alphabet='[]people"=.\n emailrole', max_size=80))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    assert refused_in_one_line(text)


keys = some.sampled_from([*AccessSettings.__struct_fields__, *PersonRule.__struct_fields__]) | some.text(max_size=5)
people = some.lists(some.dictionaries(keys, values, max_size=4), max_size=3)


@given(some.dictionaries(keys, values, max_size=4), people)
def test_any_values_under_the_right_keys_are_read_or_refused_in_one_line(
    fields: dict[str, object], people: list[object]
) -> None:
    told = {"address": "https://a.example", "contact": "Ada", "people": people} | fields
    assert refused_in_one_line("\n".join(f"{json.dumps(key)} = {toml(value)}" for key, value in told.items()))
