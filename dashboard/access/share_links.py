"""Signed links that open one session without a login, until a date.

A link is `<what it opens>.<signature>`: base64url of JSON, and HMAC-SHA256 (RFC 2104) over it. Nothing is stored: a
link is withdrawn by its id in the access settings, and all of them by another secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from audience.errors import AccessRefused, InvalidValue
from audience.ids import check_id
from audience.language import N_, gettext
from audience.time import from_ms
from dashboard.clock import date_text

LEAST_SECRET: Final = 32
_LONGEST = 512
# Signed along with the content, so that no signature made for anything else passes for a link's.
_PURPOSE = b"houselights share link 1\n"
_OTHER_RELEASE = N_("This link was made by another Houselights. Ask for another.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLink:
    """What a link opens.

    Attributes:
        link_id: by which it is withdrawn.
        session_id: the session.
        until_s: good before this, seconds since the epoch.
        recording: whether the session's recording is shown too.
    """

    link_id: str
    session_id: str
    until_s: int
    recording: bool

    def __post_init__(self) -> None:
        check_id("link id", self.link_id)
        check_id("session id", self.session_id)
        if not 0 < self.until_s < 1 << 33:
            raise InvalidValue(f"a link cannot end {self.until_s} s after 1970")

    def signed(self, secret: str) -> str:
        """The link as it stands in an address.

        Args:
            secret: at least `LEAST_SECRET` characters.

        Raises:
            InvalidValue: the secret is too short.
        """
        return signed([self.link_id, self.session_id, self.until_s, int(self.recording)], secret, _PURPOSE)


def opened(token: str, secret: str, now: datetime) -> ShareLink:
    """The session that a token opens, if its signature is valid and it has not expired.

    Args:
        token: as it stands in an address; anything.
        secret: as it was signed with.
        now: the wall clock.

    Raises:
        AccessRefused: it was not, or is not any more; the line is for whoever holds the link.
        InvalidValue: the secret is too short.
    """
    content = verified(token, secret, _PURPOSE)
    try:
        link_id, session_id, until_s, recording = content
        link = ShareLink(link_id=link_id, session_id=session_id, until_s=until_s, recording=bool(recording))
    except (ValueError, TypeError):
        raise AccessRefused(gettext(_OTHER_RELEASE)) from None
    check_not_over(link.until_s, now)
    return link


def signed(content: Sequence[object], secret: str, purpose: bytes) -> str:
    """Content and its signature, as they stand in an address.

    Args:
        content: what JSON can hold.
        secret: at least `LEAST_SECRET` characters.
        purpose: signed along, so that no signature made for anything else passes.

    Raises:
        InvalidValue: the secret is too short.
    """
    packed = _packed(json.dumps(content, separators=(",", ":")).encode())
    return f"{packed}.{_packed(_signature(packed, secret, purpose))}"


def verified(token: str, secret: str, purpose: bytes) -> Any:
    """The content of a token, once its signature is found to be valid.

    Raises:
        AccessRefused: it is not; the line is for whoever holds the link.
        InvalidValue: the secret is too short.
    """
    packed, _, signature = token.partition(".")
    wanted = _packed(_signature(packed, secret, purpose))
    if len(token) > _LONGEST or not hmac.compare_digest(signature.encode("utf-8", "replace"), wanted.encode()):
        raise AccessRefused(gettext("This link is not valid. Ask whoever gave it to you for another."))
    try:
        return json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    except (binascii.Error, ValueError):
        raise AccessRefused(gettext(_OTHER_RELEASE)) from None


def check_not_over(until_s: int, now: datetime) -> None:
    """Checks that a link has not expired.

    Raises:
        AccessRefused: it has; the line is for whoever holds the link.
    """
    if now.timestamp() >= until_s:
        ended = date_text(from_ms(until_s * 1000), UTC)
        raise AccessRefused(gettext("This link was good until {time}. Ask for another.", time=ended))


def _signature(packed: str, secret: str, purpose: bytes) -> bytes:
    if len(secret) < LEAST_SECRET:
        raise InvalidValue(f"the secret of share links has {len(secret)} characters: use at least {LEAST_SECRET}")
    return hmac.digest(secret.encode(), purpose + packed.encode("utf-8", "replace"), hashlib.sha256)


def _packed(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
