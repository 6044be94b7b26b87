"""Pictures of sightings on their way to those who confirm a search: encrypted with the camera's own key.

They travel with the camera's deliveries, never over a topic. Whoever carries or keeps them can read where they come
from and when, and nothing else; only the store of people has the key (`audience.identity.bundle_keys`).

    magic (8 bytes) | nonce (12) | ciphertext and tag (AES-256-GCM)

What is encrypted is the length of the sighting's message (4 bytes, big-endian), that message, and a JPEG. The camera is
authenticated with it, so that a picture cannot be moved to another camera's name.
"""

from __future__ import annotations

import re
import secrets
from typing import Final

from audience.deliveries.delivery import Delivery, content_id
from audience.errors import BundleRefused, InvalidValue, SheetRejected
from audience.identity.records import Sighting
from audience.identity.sightings import read_sighting, sighting_message, sighting_topic
from audience.ids import check_id
from audience.time import from_ms

FOLDER: Final = "pictures/"
"""Begins the key of each picture."""

SUFFIX: Final = ".sealed"

LARGEST_PICTURE: Final = 200_000
"""Bytes, sealed."""

_MAGIC: Final = b"HLseen01"
_NONCE_BYTES: Final = 12
_LENGTH_BYTES: Final = 4
_KEY = re.compile(rf"{FOLDER}([^/]+)/([^/]+)/([^/]+)(?:/\d+){{4}}/\d{{13}}-[0-9a-f]{{32}}\{SUFFIX}", re.ASCII)


def sealed_picture(sighting: Sighting, jpeg: bytes, *, camera_key: bytes) -> Delivery:
    """Seals the picture of a sighting as a delivery.

    Args:
        sighting: whose picture it is.
        jpeg: the picture.
        camera_key: 32 bytes, the camera's own.

    Raises:
        BundleRefused: `cryptography` is not installed.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    message, nonce = sighting_message(sighting), secrets.token_bytes(_NONCE_BYTES)
    camera = (sighting.session_id, sighting.stage_id, sighting.camera_id)
    plain = len(message).to_bytes(_LENGTH_BYTES, "big") + message + jpeg
    data = _MAGIC + nonce + AESGCM(camera_key).encrypt(nonce, plain, _authenticated(*camera))
    hour = from_ms(sighting.at_ms).strftime("%Y/%m/%d/%H")
    key = f"{FOLDER}{'/'.join(camera)}/{hour}/{sighting.at_ms:013d}-{content_id(data)}{SUFFIX}"
    return Delivery(key=key, data=data, start_ms=sighting.at_ms)


def camera_of(key: str) -> tuple[str, str, str]:
    """Session, stage and camera of a picture's key.

    Raises:
        SheetRejected: it is no picture's.
    """
    found = _KEY.fullmatch(key)
    if found is None:
        raise SheetRejected("its key is no picture's")
    try:
        return (
            check_id("session id", found[1]),
            check_id("stage id", found[2]),
            check_id("camera id", found[3]),
        )
    except InvalidValue as problem:
        raise SheetRejected(str(problem)) from None


def open_picture(data: bytes, camera: tuple[str, str, str], *, camera_key: bytes) -> tuple[Sighting, bytes]:
    """Opens a sealed picture.

    Args:
        data: its bytes.
        camera: session, stage and camera, by its key.
        camera_key: 32 bytes, that camera's.

    Returns:
        The sighting, and its JPEG.

    Raises:
        SheetRejected: it is too large, no picture, or was not sealed by that camera.
    """
    if len(data) > LARGEST_PICTURE:
        raise SheetRejected(f"it has {len(data)} bytes: a sealed picture has at most {LARGEST_PICTURE}")
    if not data.startswith(_MAGIC) or len(data) < len(_MAGIC) + _NONCE_BYTES:
        raise SheetRejected("it is no sealed picture")
    try:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ModuleNotFoundError:
        raise BundleRefused("sealed pictures need cryptography: install Houselights with its extra `people`") from None
    nonce = data[len(_MAGIC) : len(_MAGIC) + _NONCE_BYTES]
    try:
        plain = AESGCM(camera_key).decrypt(nonce, data[len(_MAGIC) + _NONCE_BYTES :], _authenticated(*camera))
    except InvalidTag:
        raise SheetRejected("it was sealed by another camera, or changed on the way") from None
    end = _LENGTH_BYTES + int.from_bytes(plain[:_LENGTH_BYTES], "big")
    sighting = read_sighting(plain[_LENGTH_BYTES:end], topic=sighting_topic(*camera))
    jpeg = plain[end:]
    if not jpeg.startswith(b"\xff\xd8\xff"):
        raise SheetRejected("the sealed picture holds no JPEG")
    return sighting, jpeg


def _authenticated(session_id: str, stage_id: str, camera_id: str) -> bytes:
    return _MAGIC + f"{session_id}/{stage_id}/{camera_id}".encode("ascii")
