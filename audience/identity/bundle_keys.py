"""The keys that bundles for devices are signed and encrypted with: made once, kept sealed in the store of people.

The installation has one pair of signing keys; each camera has a key of its own. A camera that is lost or taken away is
forgotten: its key is destroyed, and no bundle is made for it again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from audience.identity.bundle import SigningKey, new_camera_key
from audience.identity.records import BundleKey, new_id
from audience.identity.store import IdentityStore

_INSTALLATION: Final = "installation"
_CONTENT: Final = "key"


def installation_key(store: IdentityStore, *, now: datetime) -> SigningKey:
    """The installation's signing keys, made at the first call; every process gets the same.

    Devices are given the public one when they are set up. Where the store of people is lost they have to be given the
    new one.

    Args:
        store: the store of people.
        now: aware UTC.

    Raises:
        StoreUnavailable: the store cannot be used.
        BundleRefused: `cryptography` is not installed.
    """

    def make(record: BundleKey) -> tuple[BundleKey, bytes]:
        pair = SigningKey.new()
        return replace(record, public=pair.public.hex()), pair.private

    return SigningKey.of(_key(store, _INSTALLATION, now, make))


def camera_key(store: IdentityStore, session_id: str, stage_id: str, camera_id: str, *, now: datetime) -> bytes:
    """The key of a camera, 32 bytes, made at the first call; every process gets the same.

    Args:
        store: the store of people.
        session_id, stage_id, camera_id: the camera.
        now: aware UTC.

    Raises:
        InvalidValue: one is no id.
        StoreUnavailable: the store cannot be used.
    """
    return _key(store, _holder(session_id, stage_id, camera_id), now, lambda record: (record, new_camera_key()))


def cameras_with_keys(store: IdentityStore) -> list[tuple[str, str, str]]:
    """Session, stage and camera of all cameras that have a key, sorted."""
    holders = [record.holder.split("/") for record in store.all(BundleKey)]
    return [(parts[0], parts[1], parts[2]) for parts in holders if len(parts) == 3]


def forget_camera(store: IdentityStore, session_id: str, stage_id: str, camera_id: str) -> bool:
    """Destroys the key of a camera; returns whether it had one."""
    record = store.get(BundleKey, _holder(session_id, stage_id, camera_id))
    if record is None:
        return False
    store.destroy(record.subject_id)
    store.drop(record)
    return True


def _key(
    store: IdentityStore, holder: str, now: datetime, make: Callable[[BundleKey], tuple[BundleKey, bytes]]
) -> bytes:
    """The sealed key of a holder; of several processes that make it at once, one wins and all get its key."""
    while True:
        found = store.get(BundleKey, holder)
        if found is not None:
            key = store.unseal(found.subject_id, _CONTENT)
            if key is not None:
                return key
            store.drop(found)  # forgetting it was interrupted
        record, key = make(BundleKey(holder=holder, subject_id=new_id("key"), made_at=now))
        # Sealed before it is named, so that who finds the record finds the key.
        store.seal(record.subject_id, {_CONTENT: key})
        if store.put_new(record):
            return key
        store.destroy(record.subject_id)


def _holder(session_id: str, stage_id: str, camera_id: str) -> str:
    return f"{session_id}/{stage_id}/{camera_id}"
