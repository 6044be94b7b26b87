"""Sealing: content about a person, encrypted under a key of that person's own (AES-256-GCM, NIST SP 800-38D).

The subject's id and the content's name are authenticated with it, so content that was moved to another person, or to
another name, cannot be read. Destroying the key makes all copies of what was sealed with it unreadable, wherever they
are. The nonces are random: a key may seal 2^32 pieces, and a person has a few.

    format (1 byte, 1) | nonce (12 bytes) | ciphertext (as long as the content) | tag (16 bytes)
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from audience.errors import StoreTooNew, StoreUnavailable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORMAT: Final = 1
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectKey:
    """The key of one subject.

    Attributes:
        key_id: random; content names the key that opens it, because a subject may have had another key before.
        secret: 32 random bytes.
    """

    key_id: str
    secret: bytes = field(repr=False)


def new_key() -> SubjectKey:
    """A new random key."""
    return SubjectKey(key_id=secrets.token_hex(8), secret=secrets.token_bytes(_KEY_BYTES))


def seal(key: SubjectKey, subject_id: str, name: str, content: bytes) -> bytes:
    """Encrypts one piece of content.

    Args:
        key: the subject's key.
        subject_id, name: of whom and what it is.
        content: the bytes to encrypt.

    Raises:
        StoreUnavailable: `cryptography` is not installed.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return bytes([_FORMAT]) + nonce + _cipher(key).encrypt(nonce, content, _context(subject_id, name))


def unseal(key: SubjectKey, subject_id: str, name: str, sealed: bytes) -> bytes:
    """Decrypts one piece of content.

    Args:
        key, subject_id, name: those that it was sealed with.
        sealed: what `seal` returned.

    Raises:
        StoreUnavailable: it was changed, cut off, or belongs to somebody or something else, or `cryptography` is not
            installed.
        StoreTooNew: a newer Houselights sealed it.
    """
    if sealed and sealed[0] > _FORMAT:
        raise StoreTooNew(f"{name!r} of {subject_id} was sealed by a newer Houselights: update to read it")
    cipher = _cipher(key)
    from cryptography.exceptions import InvalidTag

    nonce, ciphertext = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    try:
        if sealed[:1] == bytes([_FORMAT]) and len(ciphertext) >= _TAG_BYTES:
            return cipher.decrypt(nonce, ciphertext, _context(subject_id, name))
    except InvalidTag:
        pass
    raise StoreUnavailable(
        f"{name!r} of {subject_id} is damaged, or was sealed for somebody else: restore the store from a backup, "
        "or have them enrol anew"
    )


def _cipher(key: SubjectKey) -> AESGCM:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ModuleNotFoundError:
        raise StoreUnavailable(
            "what says who somebody is needs cryptography: install Houselights with its extra `people`"
        ) from None
    return AESGCM(key.secret)


def _context(subject_id: str, name: str) -> bytes:
    """The associated data; ids and names hold no #, so no two pairs have the same."""
    return f"houselights#{subject_id}#{name}".encode()
