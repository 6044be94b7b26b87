"""The access settings: where the pages are served, and who has which role. A TOML file, read strictly.

address = "https://houselights.example.org"
contact = "Ada, ada@example.org"
proxies = ["10.0.0.0/8"]
withdrawn_links = ["x7Qm2pLk"]
group_claim = "groups"
ended_logins = "/var/lib/houselights/ended-logins"

[[people]]
email = "ada@example.org"
role = "viewer"
sessions = ["2026-05-04-keynote", "ada-*"]
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Final, cast, get_args
from urllib.parse import urlsplit

from audience.errors import InvalidValue
from dashboard.access.permits import ROLES, Permit, Role, joined
from dashboard.access.share_links import ShareLink

SIGNED_IN: Final = timedelta(days=7)
"""For how long the provider's word is taken; Streamlit itself would take it for 30 days."""

_KEYS: Final = {"address", "contact", "proxies", "withdrawn_links", "group_claim", "ended_logins", "people"}
_NAMES: Final = ("email", "subject", "group")
_PATTERN: Final = re.compile(r"[A-Za-z0-9._*?-]{1,64}")
_PEOPLE: Final = re.compile(r"^\s*\[\[\s*people\s*\]\]", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRule:
    """Who has which role.

    Attributes:
        named_by: "email", "subject" or "group".
        name: the address, the provider's own name for somebody, or a group's.
        role: theirs.
        sessions: ids of a viewer's sessions, or patterns of ids.
    """

    named_by: str
    name: str
    role: Role
    sessions: tuple[str, ...] = ()

    def is_of(self, claims: Mapping[str, Any], group_claim: str) -> bool:
        """Whether this is the rule of whom the provider vouches for.

        An e-mail address counts only where the provider says that it was verified: with some, anybody can claim any.
        """
        if self.named_by == "email":
            return is_verified(claims) and _folded(claims.get("email")) == _folded(self.name)
        if self.named_by == "subject":
            return bool(claims.get("sub") == self.name)
        groups = claims.get(group_claim)
        return self.name in (groups if isinstance(groups, list) else [groups])


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSettings:
    """Who may see what.

    Attributes:
        address: where people reach the pages, without a path: `https://houselights.example.org`.
        contact: whom a stranger is told to ask.
        people: the roles.
        proxies: machines whose word is taken on whom they ask for.
        withdrawn_links: ids of share links that are not good any more.
        group_claim: what the provider calls somebody's groups.
        ended_logins: the file of logins that were ended (`ended_logins`); beside the settings, where they do not name
            one; None for settings that were read from no file.
    """

    address: str
    contact: str
    people: tuple[PersonRule, ...]
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    withdrawn_links: frozenset[str] = frozenset()
    group_claim: str = "groups"
    ended_logins: Path | None = None

    @property
    def host(self) -> str:
        """The name in the address."""
        return urlsplit(self.address).hostname or ""

    @property
    def encrypted(self) -> bool:
        """Whether people reach the pages over HTTPS."""
        return self.address.startswith("https://")

    def permit(self, claims: Mapping[str, Any], links: Iterable[ShareLink], now: datetime) -> Permit:
        """What somebody may see and do.

        Args:
            claims: what the provider says of them; empty where nobody is signed in.
            links: those they opened, each of them good.
            now: the wall clock.
        """
        good = [link for link in links if link.link_id not in self.withdrawn_links]
        by_links = Permit(
            linked=frozenset(link.session_id for link in good),
            linked_recordings=frozenset(link.session_id for link in good if link.recording),
        )
        return joined([by_links, *(self._by_roles(claims) if is_signed_in(claims, now) else ())])

    def _by_roles(self, claims: Mapping[str, Any]) -> list[Permit]:
        rules = (rule for rule in self.people if rule.is_of(claims, self.group_claim))
        return [Permit(role=rule.role, own=rule.sessions) for rule in rules]


def is_signed_in(claims: Mapping[str, Any], now: datetime) -> bool:
    """Whether a provider vouches for somebody, and has done so of late."""
    issued_s = claims.get("iat")
    if claims.get("is_logged_in") is not True or not isinstance(issued_s, int | float):
        return False
    return -300 < now.timestamp() - issued_s < SIGNED_IN.total_seconds()


def is_verified(claims: Mapping[str, Any]) -> bool:
    """Whether the provider says that somebody's e-mail address is theirs."""
    return claims.get("email_verified") in (True, "true")


def read_settings(path: Path) -> AccessSettings:
    """Reads a file.

    Raises:
        InvalidValue: it cannot be read, or something in it is not allowed; the line names the file, the place and what
            to write instead.
    """
    try:
        told = settings_of(path.read_text("utf-8"))
        return replace(told, ended_logins=path.parent / (told.ended_logins or f"{path.name}.ended-logins"))
    except OSError as problem:
        raise InvalidValue(f"the access settings {path} cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidValue(f"the access settings {path} are no UTF-8 text: save them as such") from None
    except InvalidValue as problem:
        raise InvalidValue(f"the access settings {path}: {problem}") from None


def settings_of(text: str) -> AccessSettings:
    """Reads the text of a file.

    Raises:
        InvalidValue: something in it is not allowed; the line names the place and what to write instead.
    """
    try:
        told = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise InvalidValue(f"no TOML: {problem}".splitlines()[0]) from None
    _check_keys(told, _KEYS, "")
    lines = [text.count("\n", 0, found.end()) + 1 for found in _PEOPLE.finditer(text)]
    people = _list(told, "people", dict)
    places = [
        f"people {number}{f' (line {lines[number - 1]})' if len(lines) == len(people) else ''}: "
        for number in range(1, len(people) + 1)
    ]
    return AccessSettings(
        address=_address(told),
        contact=_text(told, "contact", ""),
        people=tuple(_person(one, place) for one, place in zip(people, places, strict=True)),
        proxies=tuple(_network(one) for one in _list(told, "proxies", str)),
        withdrawn_links=frozenset(_list(told, "withdrawn_links", str)),
        group_claim=_text(told, "group_claim", "") if "group_claim" in told else "groups",
        ended_logins=Path(_text(told, "ended_logins", "")) if "ended_logins" in told else None,
    )


def _person(told: Mapping[str, Any], place: str) -> PersonRule:
    _check_keys(told, {*_NAMES, "role", "sessions"}, place)
    named = [name for name in _NAMES if name in told]
    if len(named) != 1:
        raise InvalidValue(f"{place}name them by one of {', '.join(_NAMES)}; {' and '.join(named) or 'none'} is given")
    role = _text(told, "role", place)
    if role not in ROLES:
        raise InvalidValue(f"{place}role {role!r} is unknown: use one of {', '.join(get_args(Role))}")
    sessions = _list(told, "sessions", str, place)
    for pattern in sessions:
        if not _PATTERN.fullmatch(pattern):
            raise InvalidValue(f"{place}sessions: {pattern!r} is neither a session's id nor a pattern as 'ada-*'")
    if (role == "viewer") != bool(sessions):
        line = "say in sessions which are theirs" if role == "viewer" else f"an {role} sees all: leave sessions out"
        raise InvalidValue(f"{place}{line}")
    return PersonRule(
        named_by=named[0], name=_text(told, named[0], place), role=cast("Role", role), sessions=tuple(sessions)
    )


def _address(told: Mapping[str, Any]) -> str:
    address = _text(told, "address", "")
    try:
        parts = urlsplit(address)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or address != f"{parts.scheme}://{parts.netloc}" or parts.scheme not in ("http", "https"):
        raise InvalidValue(f"address {address!r} is none: give it without a path, as https://houselights.example.org")
    usual = {"http": ":80", "https": ":443"}[parts.scheme]
    written = f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower().removesuffix(usual)}"
    if address != written:
        # What browsers send as the origin is compared with it: nobody would stay signed in.
        raise InvalidValue(f"address {address!r} has to be as browsers write it: {written}")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost"):
        raise InvalidValue(f"address {address!r} is not encrypted: who signs in could be listened to; use https://")
    return address


def _network(told: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(told)
    except ValueError:
        raise InvalidValue(f"proxies: {told!r} is no address and no network: write it as 10.0.0.0/8") from None


def _check_keys(told: Mapping[str, Any], known: set[str], place: str) -> None:
    for key in told:
        if key not in known:
            raise InvalidValue(f"{place}{key!r} is unknown: use {', '.join(sorted(known))}")


def _text(told: Mapping[str, Any], key: str, place: str) -> str:
    value = told.get(key)
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise InvalidValue(f"{place}{key} is {'missing' if value is None else 'no line of text'}: give it as a string")
    return value.strip()


def _list(told: Mapping[str, Any], key: str, kind: type, place: str = "") -> list[Any]:
    value = told.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, kind) for one in value):
        what = "strings" if kind is str else "tables, each begun with [[people]]"
        raise InvalidValue(f"{place}{key} is no list of {what}")
    return value


def _folded(address: object) -> object:
    # Beyond ASCII other letters fold to the same (ß and ss, the sign for kelvin and k), in an address of somebody else.
    return address.lower() if isinstance(address, str) and address.isascii() else address
