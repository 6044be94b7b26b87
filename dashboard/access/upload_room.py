"""How much may be brought to a server: of one recording, one person and all, and what stays free on its disk."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from audience.errors import InvalidValue
from audience.incoming import IncomingRecording
from audience.language import N_, decimal, gettext, whole
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
        raise NoRoom(
            gettext(
                "This recording has {size}: one may have {most} GB here.",
                size=_gb(size),
                most=decimal(rules.largest_gb, 1),
            )
        )
    kept = [one for one in there if not one.request.named]
    own = [one for one in kept if one.request.account == account]
    if sum(one.received is not None for one in own) >= UNFINISHED_OF_A_PERSON:
        raise NoRoom(gettext("Too many recordings are on their way: let some arrive first, or remove some."))
    yours = N_("There is no room for {size}. Yours have {used} of {most} GB: remove a recording that is scored.")
    everybodys = N_(
        "There is no room for {size}. Those of all people have {used} of {most} GB: remove a recording that is scored."
    )
    for full, found, most in ((yours, own, rules.person_gb), (everybodys, kept, rules.all_gb)):
        used = sum(one.request.size for one in found)
        if used + size > most * _GB:
            raise NoRoom(gettext(full, size=_gb(size), used=_gb(used), most=decimal(most, 1)))
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    # What is still to come of others is promised already.
    to_come = sum(one.request.size - one.received.count for one in kept if one.received is not None)
    free = shutil.disk_usage(folder).free - to_come - rules.free_gb * _GB
    if size > free:
        raise NoRoom(
            gettext(
                "The disk has room for {free}, and this recording has {size}: free some space.",
                free=_gb(max(0, free)),
                size=_gb(size),
            )
        )


def _gb(count: float) -> str:
    return f"{decimal(count / _GB, 1)} GB" if count >= _GB / 10 else f"{whole(round(count / 10**6))} MB"
