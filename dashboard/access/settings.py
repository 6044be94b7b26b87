"""The access settings: where the pages are served, and who has which role. A TOML file, read strictly.

address = "https://houselights.example.org"
contact = "Ada, ada@example.org"
proxies = ["10.0.0.0/8"]
withdrawn_links = ["x7Qm2pLk"]
group_claim = "groups"
ended_logins = "/var/lib/houselights/ended-logins"
processes = 2

[[people]]
email = "ada@example.org"
role = "viewer"
sessions = ["2026-05-04-keynote", "ada-*"]
duties = ["desk"]

[uploads]
role = "operator"
person_gb = 50
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlsplit

import msgspec

from audience.errors import InvalidValue
from dashboard.access.permits import DUTIES, ROLES, Duty, Permit, Role, joined
from dashboard.access.share_links import ShareLink

SIGNED_IN: Final = timedelta(days=7)
"""For how long the provider's word is taken; Streamlit itself would take it for 30 days."""

MOST_PROCESSES: Final = 8
"""Where there were more, the part of one would not be enough to sign in."""

_NAMES: Final = ("email", "subject", "group")
_PATTERN: Final = re.compile(r"[A-Za-z0-9._*?-]{1,64}")
_PEOPLE: Final = re.compile(r"^\s*\[\[\s*people\s*\]\]", re.MULTILINE)

Entry = TypeVar("Entry", bound=msgspec.Struct)


class PersonRule(msgspec.Struct, frozen=True, kw_only=True):
    """Who has which role.

    Attributes:
        email, subject, group: the address, the provider's own name for somebody, or a group's; one of them is given.
        role: theirs.
        sessions: ids of a viewer's sessions, or patterns of ids; may be left out where there are duties.
        duties: what they may do with people who enrolled or are searched for.
    """

    role: str
    email: str | None = None
    subject: str | None = None
    group: str | None = None
    sessions: tuple[str, ...] = ()
    duties: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        named = [name for name in _NAMES if getattr(self, name) is not None]
        if len(named) != 1:
            raise InvalidValue(f"name them by one of {', '.join(_NAMES)}; {' and '.join(named) or 'none'} is given")
        _check_lines(self, *named)
        if self.role not in ROLES:
            raise InvalidValue(f"role {self.role!r} is unknown: use one of {', '.join(ROLES)}")
        for pattern in self.sessions:
            if not _PATTERN.fullmatch(pattern):
                raise InvalidValue(f"sessions: {pattern!r} is neither a session's id nor a pattern as 'ada-*'")
        for duty in self.duties:
            if duty not in DUTIES:
                raise InvalidValue(f"duties: {duty!r} is unknown: use {', '.join(DUTIES)}")
        if (self.role == "viewer") != bool(self.sessions) and not (self.role == "viewer" and self.duties):
            viewer = self.role == "viewer"
            line = "say in sessions which are theirs" if viewer else f"an {self.role} sees all: leave sessions out"
            raise InvalidValue(line)

    def is_of(self, claims: Mapping[str, Any], group_claim: str) -> bool:
        """Whether this is the rule of whom the provider vouches for.

        An e-mail address counts only where the provider says that it was verified: with some, anybody can claim any.
        """
        if self.email is not None:
            return is_verified(claims) and _folded(claims.get("email")) == _folded(self.email)
        if self.subject is not None:
            return bool(claims.get("sub") == self.subject)
        groups = claims.get(group_claim)
        return self.group in (groups if isinstance(groups, list) else [groups])


class UploadRules(msgspec.Struct, frozen=True, kw_only=True):
    """Who may bring recordings to be scored, and how much. Without this table nobody may.

    Attributes:
        role: the least role: operator or admin, as a recording sets up a session.
        largest_gb: of one recording.
        person_gb, all_gb: of the recordings that one person brought, or all, and that are still here.
        free_gb: left free on the disk.
        unfinished_days: an upload that stood still for so long is removed.
    """

    role: str = "operator"
    largest_gb: float = 20
    person_gb: float = 50
    all_gb: float = 200
    free_gb: float = 10
    unfinished_days: float = 2

    def __post_init__(self) -> None:
        if self.role not in ("operator", "admin"):
            raise InvalidValue(f"role {self.role!r} sets up no sessions: use operator or admin")
        for name in ("largest_gb", "person_gb", "all_gb", "unfinished_days"):
            if not 0 < getattr(self, name) < 1e9:
                raise InvalidValue(f"{name} has to be over 0")
        if not 0 <= self.free_gb < 1e9:
            raise InvalidValue("free_gb has to be 0 or more")


class AccessSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Who may see what.

    Attributes:
        address: where people reach the pages, without a path: `https://houselights.example.org`.
        contact: whom a stranger may ask.
        people: the roles.
        proxies: machines whose word is taken on whom they ask for.
        withdrawn_links: ids of share links that are not good any more.
        group_claim: what the provider calls somebody's groups.
        ended_logins: the file of logins that were ended (`ended_logins`); beside the settings, where they do not name
            one; None for settings that were read from no file.
        processes: how many servers of these pages there are at most, 1 to `MOST_PROCESSES`: each lets an address have
            its part of the requests that it may make.
        uploads: who may bring recordings to be scored; None for nobody.
    """

    address: str
    contact: str
    people: tuple[PersonRule, ...] = ()
    proxies: tuple[str, ...] = ()
    withdrawn_links: frozenset[str] = frozenset()
    group_claim: str = "groups"
    ended_logins: Path | None = None
    processes: int = 1
    uploads: UploadRules | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.processes <= MOST_PROCESSES:
            raise InvalidValue(f"processes has to be 1 to {MOST_PROCESSES}")
        _check_lines(self, "address", "contact", "group_claim")
        _check_address(self.address)
        _ = self.networks  # refuses what is none

    @property
    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The proxies as networks."""
        try:
            return tuple(map(ip_network, self.proxies))
        except ValueError as problem:
            raise InvalidValue(f"proxies: {problem}; write a network as 10.0.0.0/8") from None

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
        return [
            Permit(
                role=cast("Role", rule.role),
                own=rule.sessions,
                brings=self.uploads is not None
                and Permit(role=cast("Role", rule.role)).is_at_least(cast("Role", self.uploads.role)),
                duties=frozenset(cast("tuple[Duty, ...]", rule.duties)),
            )
            for rule in rules
        ]


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
        read = settings_of(path.read_text("utf-8"))
        return msgspec.structs.replace(
            read, ended_logins=path.parent / (read.ended_logins or f"{path.name}.ended-logins")
        )
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
        fields = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise InvalidValue(f"no TOML: {problem}".splitlines()[0]) from None
    people = fields.get("people")
    if isinstance(people, list):
        lines = [text.count("\n", 0, found.end()) + 1 for found in _PEOPLE.finditer(text)]
        for number, person in enumerate(people):
            line = f" (line {lines[number]})" if len(lines) == len(people) else ""
            people[number] = _read(person, PersonRule, f"people {number + 1}{line}: ")
    if isinstance(fields.get("uploads"), dict):
        fields["uploads"] = _read(fields["uploads"], UploadRules, "uploads: ")
    return _read(fields, AccessSettings)


def _read(fields: Any, kind: type[Entry], place: str = "") -> Entry:
    for key in fields if isinstance(fields, dict) else ():
        if key not in kind.__struct_fields__:
            raise InvalidValue(f"{place}{key!r} is unknown: use {', '.join(kind.__struct_fields__)}")
    try:
        return msgspec.convert(fields, kind, dec_hook=_path)
    except msgspec.ValidationError as problem:
        cause = problem.__cause__  # what a class itself refuses it names itself
        raise InvalidValue(f"{place}{cause if isinstance(cause, InvalidValue) else problem}") from None


def _path(_: type, value: object) -> Path:
    if not isinstance(value, str) or not value.strip():
        raise InvalidValue(f"ended_logins {value!r} is no path of a file: give it as a string")
    return Path(value.strip())


def _check_address(address: str) -> None:
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


def _check_lines(settings: msgspec.Struct, *names: str) -> None:
    """Refuses what is not a line of text, and takes blanks around it off."""
    for name in names:
        value = getattr(settings, name).strip()
        if not value or not value.isprintable():
            raise InvalidValue(f"{name} is no line of text: give it as a string")
        msgspec.structs.force_setattr(settings, name, value)


def _folded(address: object) -> object:
    # Beyond ASCII other letters fold to the same (ß and ss, the sign for kelvin and k), in an address of somebody else.
    return address.lower() if isinstance(address, str) and address.isascii() else address
