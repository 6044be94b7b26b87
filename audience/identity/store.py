"""The IdentityStore port: keeps rosters, people, searches, sightings and the audit trail.

Apart from `audience.store.Store`: what measures an audience never opens it. Records are kept as they are; what says who
somebody is (profile, photo, template) is sealed: encrypted under a key of that subject's own. Keys lie apart from
what they open, where backups of the store do not reach. Destroying a key leaves nothing that can be read, in whatever
copy. `audience.stores` implements the port.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Final, Protocol, Self, TypeVar

from audience.identity.audit import AuditEntry
from audience.identity.households import Household, Member, SeenMinute, Tap
from audience.identity.links import SecretLink
from audience.identity.records import (
    BundleKey,
    Confirmation,
    Consent,
    Enrolment,
    Notice,
    Person,
    Roster,
    Sighting,
    WatchEntry,
)

IdentityRecord = (
    Roster
    | Person
    | Consent
    | Enrolment
    | WatchEntry
    | Sighting
    | Confirmation
    | Notice
    | AuditEntry
    | SecretLink
    | BundleKey
    | Household
    | Member
    | Tap
    | SeenMinute
)

Kept = TypeVar("Kept", bound=IdentityRecord)

MOST_RECORDS: Final = 100
"""How many records are written together at most: as many as a transaction of DynamoDB takes."""

LARGEST_CONTENT: Final = 300_000
"""How many bytes a piece of sealed content has at most: what fits into an item of DynamoDB. Photos are reduced."""


class IdentityStore(Protocol):
    """Keeps records under their `key`, and sealed content under the id of its subject.

    All methods raise `StoreUnavailable` if the store cannot be reached, read or written.
    """

    url: str

    @property
    def has_pending_erasure(self) -> bool:
        """Whether erased bytes may still be on the disk, because another program reads an earlier state.

        The next use of the store after that removes them.
        """
        ...

    def put(self, *records: IdentityRecord) -> None:
        """Writes records, each replacing the one of its kind with its key; all of them, or none.

        Raises:
            InvalidValue: there are more than `MOST_RECORDS`.
        """
        ...

    def put_new(self, record: IdentityRecord) -> bool:
        """Writes a record if there is none of its kind with its key; returns whether it did."""
        ...

    def get(self, kind: type[Kept], *key: str) -> Kept | None:
        """The record of a kind with a key; None if there is none."""
        ...

    def all(self, kind: type[Kept], *first: str) -> list[Kept]:
        """All records of a kind whose key begins with these parts, sorted by key."""
        ...

    def drop(self, *records: IdentityRecord) -> None:
        """Removes records, by kind and key; missing ones are no error."""
        ...

    def seal(self, subject_id: str, content: Mapping[str, bytes]) -> None:
        """Encrypts and writes content of a subject, each under its name, replacing what has that name.

        The subject's key is made with the first content, and again after `destroy`.

        Args:
            subject_id: of a person or a watch entry.
            content: bytes by name, such as "photo"; names have up to 128 letters, digits, `.`, `_`, `:` or `-`.

        Raises:
            InvalidValue: a name is not allowed, or a piece is larger than `LARGEST_CONTENT`; nothing was written.
            StoreUnavailable: also if the subject was destroyed meanwhile; nothing of theirs is left.
        """
        ...

    def unseal(self, subject_id: str, name: str) -> bytes | None:
        """Content of a subject, decrypted; None if there is none, or its key was destroyed.

        Raises:
            StoreUnavailable: also if it was changed, or moved here from another subject or name.
        """
        ...

    def unseal_each(self, subject_ids: Sequence[str], name: str) -> dict[str, bytes]:
        """Content of one name of many subjects, decrypted, by subject; as `unseal`, in few requests.

        Subjects without it are left out.
        """
        ...

    def sealed_names(self, subject_id: str) -> list[str]:
        """Names of the sealed content of a subject that can be read, sorted."""
        ...

    def drop_sealed(self, subject_id: str, name: str) -> None:
        """Removes one piece of sealed content; a missing one is no error."""
        ...

    def destroy(self, subject_id: str) -> bool:
        """Destroys the key of a subject, then removes all content sealed with it; returns whether there was a key.

        Calling it again completes what was interrupted.
        """
        ...

    def close(self) -> None:
        """Closes the store; it cannot be used afterwards."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
