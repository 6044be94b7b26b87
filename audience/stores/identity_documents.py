"""What every store of people writes alike: kinds and keys of records, and which names and sizes it takes.

A new kind of record is one more name in `audience.identity.store.IdentityRecord`. What is stored is the name of its
class: a class that is renamed keeps its old name here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from audience.errors import InvalidValue
from audience.identity.store import LARGEST_CONTENT, MOST_RECORDS, IdentityRecord
from audience.ids import check_id

KINDS: Final[dict[type[Any], str]] = {kind: kind.__name__ for kind in get_args(IdentityRecord)}
"""All kinds of records, each with the name that it is stored under."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")


def kind_and_key(record: IdentityRecord) -> tuple[str, str]:
    """The name of a record's kind, and its key as one text.

    Raises:
        InvalidValue: a part of its key holds a #.
    """
    return KINDS[type(record)], joined(record.key)


def joined(key: Sequence[str]) -> str:
    """A key, or the first parts of one, as one text; texts of one kind sort as their keys do.

    Raises:
        InvalidValue: a part holds a #, which stands between parts.
    """
    for part in key:
        if "#" in part:
            raise InvalidValue(f"{part!r} cannot be part of a key: leave the # out")
    return "#".join(key)


def check_number(records: Sequence[IdentityRecord]) -> None:
    """Refuses more records than are written together.

    Raises:
        InvalidValue: there are more than `MOST_RECORDS`.
    """
    if len(records) > MOST_RECORDS:
        raise InvalidValue(f"{len(records)} records cannot be written together: use at most {MOST_RECORDS}")


def check_content(subject_id: str, content: Mapping[str, bytes]) -> None:
    """Refuses content that no store takes.

    Raises:
        InvalidValue: the subject's id or a name is not allowed, or a piece is larger than `LARGEST_CONTENT`.
    """
    check_id("subject id", subject_id)
    for name, piece in content.items():
        if not _NAME.fullmatch(name):
            raise InvalidValue(
                f"content cannot be sealed under the name {name[:40]!r}: use up to 128 letters, digits, '.', '_', ':' "
                "or '-', and begin with a letter or a digit"
            )
        if len(piece) > LARGEST_CONTENT:
            raise InvalidValue(
                f"{name!r} of {subject_id} has {len(piece):,} bytes: at most {LARGEST_CONTENT:,} can be kept, "
                "so reduce it first"
            )
