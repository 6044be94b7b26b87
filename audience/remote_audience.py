"""A remote audience: people who watch a stream or a film at home, opened for one session by a link.

What was opened lies in a folder beside the store, a file for each session that only its owner may read. Closing removes
the file, and with it the secret that signed the link and the viewers' own names: neither opens anything any more.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from audience.errors import AccessRefused, InvalidValue, StoreUnavailable
from audience.ids import check_id, check_title
from audience.language import N_, gettext
from audience.private_files import private_folder, write_private
from audience.time import from_ms, to_ms

STAGE_ID: Final = "remote"
CAMERA_ID: Final = "viewers"
"""The stage and the camera under which a remote audience is recorded."""

MOST_VIEWERS: Final = 2000
"""Viewers of one link, at most: their figures are held in memory for a while."""

LONGEST: Final = timedelta(days=30)
"""How long a link may be valid."""

MOST_DELAY_S: Final = 300
"""How far a stream may run behind the room, seconds."""

_BETWEEN: Final = "~"  # in no id, and left as it is in an address
_REFUSED: Final = N_("This link is not valid any more. Ask whoever gave it to you for another.")
_LONGEST_TOKEN: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteAudience:
    """What an operator opened.

    Attributes:
        session_id: the session; it has one remote audience at a time.
        audience_id: of this opening, random.
        opened_ms, expires_ms: from when to when its link is valid, milliseconds since the epoch.
        film: the fingerprint of the film that viewers are shown; "" where they watch a stream elsewhere.
        film_name: what that film is called; "" for a stream.
        starts_ms: the instant of the session at which second 0 of the figures lies: where the film began in the room,
            or when a stream's audience was opened. Milliseconds since the epoch, a whole second.
        delay_s: how far a stream runs behind the room, seconds, 0 to `MOST_DELAY_S`; 0 for a film.
        most_viewers: at most, 5 to `MOST_VIEWERS`.
        secret: signs the link and what viewers are known by; hexadecimal.
    """

    session_id: str
    audience_id: str
    opened_ms: int
    expires_ms: int
    film: str = ""
    film_name: str = ""
    starts_ms: int
    delay_s: int = 0
    most_viewers: int = MOST_VIEWERS
    secret: str

    def __post_init__(self) -> None:
        check_id("session id", self.session_id)
        check_id("audience id", self.audience_id)
        check_title("film", self.film_name)
        for instant in (self.opened_ms, self.expires_ms, self.starts_ms):
            from_ms(instant)
        if self.starts_ms % 1000:
            raise InvalidValue("a remote audience starts at a whole second")
        if not 0 < self.expires_ms - self.opened_ms <= LONGEST // timedelta(milliseconds=1):
            raise InvalidValue(f"a link to a remote audience is valid for at most {LONGEST.days} days")
        if not 0 <= self.delay_s <= MOST_DELAY_S:
            raise InvalidValue(f"a stream runs 0 to {MOST_DELAY_S} seconds behind the room, not {self.delay_s}")
        if not 5 <= self.most_viewers <= MOST_VIEWERS:
            raise InvalidValue(f"a remote audience has 5 to {MOST_VIEWERS} viewers, not {self.most_viewers}")

    @property
    def token(self) -> str:
        """The last part of the link's address."""
        return _BETWEEN.join((self.session_id, self.audience_id, self._signature("link", self.audience_id)))

    def new_viewer(self) -> str:
        """The name of one more viewer: random, and signed, so that nobody makes up viewers."""
        viewer_id = secrets.token_hex(8)
        return f"{viewer_id}{_BETWEEN}{self._signature('viewer', viewer_id)}"

    def viewer_id(self, name: str) -> str:
        """The viewer behind a name that `new_viewer` gave.

        Raises:
            AccessRefused: it did not.
        """
        viewer_id, _, signature = name.partition(_BETWEEN)
        if not hmac.compare_digest(signature.encode(), self._signature("viewer", viewer_id).encode()):
            raise AccessRefused(gettext(_REFUSED))
        return viewer_id

    def _signature(self, use: str, what: str) -> str:
        content = f"houselights remote {use} 1\n{self.session_id}\n{self.audience_id}\n{what}"
        return hmac.new(bytes.fromhex(self.secret), content.encode(), hashlib.sha256).hexdigest()[:32]


class RemoteAudiences:
    """The remote audiences that are open, in a folder."""

    def __init__(self, folder: Path) -> None:
        """Creates the object without I/O."""
        self._folder = folder

    def open(
        self,
        session_id: str,
        *,
        now: datetime,
        valid_for: timedelta,
        starts_at: datetime,
        film: str = "",
        film_name: str = "",
        delay_s: int = 0,
    ) -> RemoteAudience:
        """Opens a session's remote audience; a link made before ends.

        Raises:
            InvalidValue: a value is not allowed.
            StoreUnavailable: the folder cannot be written.
        """
        opened = RemoteAudience(
            session_id=session_id,
            audience_id=secrets.token_hex(6),
            opened_ms=to_ms(now),
            expires_ms=to_ms(now + valid_for),
            film=film,
            film_name=film_name,
            starts_ms=to_ms(starts_at) // 1000 * 1000,
            delay_s=delay_s,
            secret=secrets.token_hex(32),
        )
        try:
            private_folder(self._folder)
            write_private(self._file(session_id), json.dumps(asdict(opened)).encode())
        except OSError as problem:
            raise StoreUnavailable(f"{self._folder} cannot be written: {problem.strerror}") from None
        return opened

    def of_session(self, session_id: str, now: datetime) -> RemoteAudience | None:
        """The session's remote audience; None where none is open.

        Raises:
            InvalidValue: the id is none.
            StoreUnavailable: its file cannot be read or is damaged.
        """
        try:
            fields: dict[str, Any] = json.loads(self._file(check_id("session id", session_id)).read_bytes())
            found = RemoteAudience(**fields)
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise StoreUnavailable(f"{self._folder} cannot be read: {problem.strerror}") from None
        except (ValueError, TypeError):
            raise StoreUnavailable(f"{self._file(session_id)} is damaged: open the remote audience again") from None
        return found if to_ms(now) < found.expires_ms else None

    def opened_by(self, token: str, now: datetime) -> RemoteAudience:
        """The remote audience that a link leads to.

        Raises:
            AccessRefused: there is none, or it has ended; the line is the same for both.
        """
        session_id, _, rest = token[:_LONGEST_TOKEN].partition(_BETWEEN)
        try:
            found = self.of_session(session_id, now) if rest else None
        except (InvalidValue, StoreUnavailable):
            found = None
        if found is None or not hmac.compare_digest(found.token.encode(), token.encode("utf-8", "replace")):
            raise AccessRefused(gettext(_REFUSED))
        return found

    def close(self, session_id: str) -> None:
        """Ends a session's remote audience; a missing one is no error."""
        self._file(session_id).unlink(missing_ok=True)

    def _file(self, session_id: str) -> Path:
        return self._folder / f"{session_id}.json"
