"""What is sealed for a person or a watch entry, and how it is written: profile, template, and photo (a JPEG)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audience.errors import InvalidValue
from audience.identity.store import IdentityStore
from audience.ids import check_title

Vector = NDArray[np.float32]

PROFILE: Final = "profile"
PHOTO: Final = "photo"
TEMPLATE: Final = "template"
"""Names of what is sealed for a person or a watch entry."""

LONGEST_NOTE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Who a person is, in their own words; kept sealed.

    Attributes:
        name: what they are called.
        note: a few words for whoever greets them.
        mail: where the link to withdraw goes; "" for none.
    """

    name: str
    note: str = ""
    mail: str = ""

    def __post_init__(self) -> None:
        check_title("name", self.name)
        if not self.name.strip():
            raise InvalidValue("a person needs a name: what they want to be called is enough")
        if len(self.note) > LONGEST_NOTE:
            raise InvalidValue(f"a note has {len(self.note)} characters: use at most {LONGEST_NOTE}")
        check_title("mail address", self.mail)
        if self.mail and (self.mail.count("@") != 1 or self.mail.strip("@") != self.mail or " " in self.mail):
            raise InvalidValue("this is no mail address: write it as ada@example.org, or leave it out")


def profile_bytes(profile: Profile) -> bytes:
    """A profile as it is sealed."""
    return json.dumps(asdict(profile)).encode()


def profile_of(store: IdentityStore, subject_id: str) -> Profile | None:
    """The profile that is sealed for a person or a watch entry; None if there is none, or not any more."""
    content = store.unseal(subject_id, PROFILE)
    return None if content is None else Profile(**json.loads(content))


def template_bytes(vector: Vector) -> bytes:
    """A template as bytes: float32, little-endian, unit length.

    Raises:
        InvalidValue: it has no length, or holds something that is no number.
    """
    length = float(np.linalg.norm(vector))
    if vector.ndim != 1 or not np.isfinite(length) or length == 0:
        raise InvalidValue("a template is a vector with a length")
    return (vector / length).astype("<f4").tobytes()


def template_of(content: bytes) -> Vector:
    """The template that `template_bytes` wrote."""
    return np.frombuffer(content, dtype="<f4").astype(np.float32)
