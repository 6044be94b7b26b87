"""Secret links: addresses to enrol on a roster, to withdraw, or to a household's buttons, without an account.

An address holds a random secret of 128 bits; the store keeps its SHA-256 alone, so whoever reads the store cannot use
it. A link ends at its time, or when it is revoked.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol, get_args

from audience.errors import AccessRefused, InvalidValue
from audience.ids import check_id
from audience.time import to_ms

LinkFor = Literal["join", "withdraw", "household"]
LINKS_FOR: tuple[str, ...] = get_args(LinkFor)

_BETWEEN: Final = "~"  # in no id, and left as it is in an address
_REFUSED: Final = "This link is not valid any more. Ask whoever gave it to you for another."


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretLink:
    """What is kept of a secret link.

    Attributes:
        roster_id, link_id: the key.
        use: "join", "withdraw" or "household".
        subject_id: the person who may withdraw by it, or the household whose buttons it opens; "" for a link to join.
        secret_sha256: of the secret, hexadecimal.
        made_at, expires_at: aware UTC.
    """

    roster_id: str
    link_id: str
    use: LinkFor
    subject_id: str = ""
    secret_sha256: str
    made_at: datetime
    expires_at: datetime

    def __post_init__(self) -> None:
        check_id("roster id", self.roster_id)
        check_id("link id", self.link_id)
        if self.use not in LINKS_FOR:
            raise InvalidValue(f"a link for {self.use!r} is unknown: use one of {', '.join(LINKS_FOR)}")
        to_ms(self.made_at)
        to_ms(self.expires_at)

    @property
    def key(self) -> tuple[str, ...]:
        """Its key in the store."""
        return (self.roster_id, self.link_id)


class LinkStore(Protocol):
    """What links need of the `IdentityStore`."""

    def put(self, *records: SecretLink) -> None:
        """See `IdentityStore.put`."""
        ...

    def get(self, kind: type[SecretLink], *key: str) -> SecretLink | None:
        """See `IdentityStore.get`."""
        ...

    def all(self, kind: type[SecretLink], *first: str) -> list[SecretLink]:
        """See `IdentityStore.all`."""
        ...

    def drop(self, *records: SecretLink) -> None:
        """See `IdentityStore.drop`."""
        ...


class Links:
    """The secret links of a store."""

    def __init__(self, store: LinkStore, *, now: Callable[[], datetime]) -> None:
        """Creates the object without I/O."""
        self._store, self._now = store, now

    def make(self, roster_id: str, use: LinkFor, *, valid_for: timedelta, subject_id: str = "") -> str:
        """Makes a link and returns its token, which is kept nowhere: the last part of the address."""
        secret, now = secrets.token_urlsafe(16), self._now()
        link = SecretLink(
            roster_id=roster_id,
            link_id=secrets.token_hex(6),
            use=use,
            subject_id=subject_id,
            secret_sha256=_hash(secret),
            made_at=now,
            expires_at=now + valid_for,
        )
        self._store.put(link)
        return _BETWEEN.join((roster_id, link.link_id, secret))

    def open(self, token: str, use: LinkFor) -> SecretLink:
        """The link behind a token.

        Raises:
            AccessRefused: there is none, it is for another use, or it has ended; the line is the same for all of them.
        """
        parts = token.split(_BETWEEN)
        if len(parts) != 3:
            raise AccessRefused(_REFUSED)
        roster_id, link_id, secret = parts
        try:
            link = self._store.get(SecretLink, check_id("roster id", roster_id), check_id("link id", link_id))
        except InvalidValue:
            raise AccessRefused(_REFUSED) from None
        if (
            link is None
            or not hmac.compare_digest(link.secret_sha256, _hash(secret))
            or link.use != use
            or link.expires_at <= self._now()
        ):
            raise AccessRefused(_REFUSED)
        return link

    def of_roster(self, roster_id: str) -> list[SecretLink]:
        """The links of a roster that still open something, sorted by id."""
        return [link for link in self._store.all(SecretLink, roster_id) if link.expires_at > self._now()]

    def revoke(self, roster_id: str, link_id: str) -> None:
        """Ends a link; a missing one is no error."""
        if (link := self._store.get(SecretLink, roster_id, link_id)) is not None:
            self._store.drop(link)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
