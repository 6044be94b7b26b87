"""How much may be brought to a server: of one recording, one person and all, and what stays free on its disk."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from audience.errors import InvalidValue
from audience.incoming import IncomingRecording
from dashboard.access.identity import settings
from dashboard.access.settings import UploadRules

AT_ONCE: Final = 8
AT_ONCE_OF_A_PERSON: Final = 3
"""Parts of recordings that are received at a time; more wait."""

UNFINISHED_OF_A_PERSON: Final = 20
"""Uploads of one person that have not arrived."""

_GB: Final = 10**9
_OWN_MACHINE: Final = UploadRules(role="admin", person_gb=10**6, all_gb=10**6, free_gb=1)


class NoRoom(InvalidValue):
    """A recording is larger than the rules or the disk allow."""


def upload_rules() -> UploadRules | None:
    """The rules of this server; None where nobody may bring anything.

    Raises:
        InvalidValue: the access settings cannot be read.
    """
    now_set = settings()
    return _OWN_MACHINE if now_set is None else now_set.uploads


def check_room(
    rules: UploadRules, size: int, account: str, there: Sequence[IncomingRecording], folder: Path, *, upload: bool
) -> None:
    """Checks that there is room for a recording, before any of it is taken.

    Args:
        rules: of this server.
        size: bytes of the recording.
        account: who brings it.
        there: the recordings that were brought before.
        folder: where recordings are kept; it need not exist.
        upload: whether it is copied here, and not only named.

    Raises:
        NoRoom: there is none; the line says for how much there is.
    """
    if not upload:
        return
    if size > rules.largest_gb * _GB:
        raise NoRoom(f"This recording has {_gb(size)}: one may have {rules.largest_gb:g} GB here.")
    kept = [one for one in there if not one.request.named]
    own = [one for one in kept if one.request.account == account]
    if sum(one.received is not None for one in own) >= UNFINISHED_OF_A_PERSON:
        raise NoRoom("Too many recordings are on their way: let some arrive first, or remove some.")
    for whose, found, most in (("Yours", own, rules.person_gb), ("Those of all people", kept, rules.all_gb)):
        used = sum(one.request.size for one in found)
        if used + size > most * _GB:
            raise NoRoom(
                f"There is no room for {_gb(size)}. {whose} have {_gb(used)} of {most:g} GB: remove a recording that "
                "is scored."
            )
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    # What is still to come of others is promised already.
    to_come = sum(one.request.size - one.received.count for one in kept if one.received is not None)
    free = shutil.disk_usage(folder).free - to_come - rules.free_gb * _GB
    if size > free:
        raise NoRoom(f"The disk has room for {_gb(max(0, free))}, and this recording has {_gb(size)}: free some space.")


def _gb(count: float) -> str:
    return f"{count / _GB:.1f} GB" if count >= _GB / 10 else f"{count / 10**6:.0f} MB"
