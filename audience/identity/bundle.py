"""The bundle: whom one camera may recognise, signed by the installation and encrypted for that camera alone.

A device gets bundles over ways that others can write to, such as a folder, S3 or MQTT. It uses one only if the
installation signed it (Ed25519, RFC 8032), the camera's own key decrypts it (AES-256-GCM, NIST SP 800-38D), it is for
this camera and this recogniser, it has not expired, and none with a higher number was used before: who keeps an old
bundle cannot bring back who was removed.

    magic (8 bytes) | length of the header (4, big-endian) | header | nonce (12) | ciphertext and tag | signature (64)

The header is JSON and can be read by whoever carries the bundle; it holds ids and no templates. The ciphertext holds
the length of an index (4 bytes, big-endian), the index (JSON: whose templates, from how many photos, and who look
alike) and the templates (little-endian float32). Both JSON documents have one spelling only, so that the same bundle
is always the same bytes before encryption. The signature covers all bytes before it; header and ciphertext are
authenticated together as well.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from audience.errors import BundleRefused, InvalidValue
from audience.identity.people import KnownFace
from audience.ids import check_id, check_title
from audience.time import from_ms, instant_text, to_ms

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT: Final = 1

USUAL_LIFE: Final = timedelta(hours=24)
"""How long a bundle may be used unless its maker says otherwise."""

LONGEST_LIFE: Final = timedelta(hours=72)

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
"""How far a device's clock may be behind that of the machine that makes bundles."""

MOST_TEMPLATES: Final = 5000
MOST_DIMENSIONS: Final = 512
MOST_ALIKE: Final = 5000
"""How many pairs of people who look alike a bundle has at most."""

LARGEST_BUNDLE: Final = 12_000_000
"""Bytes; the templates of a full bundle take 10.2 million."""

_MAGIC: Final = b"HLbundle"
_LENGTH_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_SIGNATURE_BYTES: Final = 64
_KEY_BYTES: Final = 32
_LARGEST_HEADER: Final = 20_000
_MOST_ROSTERS: Final = 100
_LATEST_MS: Final = 253_402_300_799_999  # the end of year 9999
_HIGHEST_NUMBER: Final = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Whom a camera may recognise.

    Attributes:
        session_id, stage_id, camera_id: the camera that it is for.
        rosters: ids of the rosters whose people it holds, sorted.
        number: grows with each bundle for this camera, 1 or more.
        recogniser: name of the model that made all templates.
        thresholds: version of the table of thresholds to match them by (`audience.identity.thresholds.VERSION`).
        made_at, expires_at: aware UTC, in whole milliseconds; at most `LONGEST_LIFE` apart.
        faces: the templates, at most `MOST_TEMPLATES` of at most `MOST_DIMENSIONS` values, in the order of their ids.
        alike: pairs of subjects who look so alike that either makes the other unsure; each pair and all pairs sorted.
        pictures: ids of the rosters of whose sightings a sealed picture is wanted, for those who confirm; sorted.
    """

    session_id: str
    stage_id: str
    camera_id: str
    rosters: tuple[str, ...]
    number: int
    recogniser: str
    thresholds: str
    made_at: datetime
    expires_at: datetime
    faces: tuple[KnownFace, ...]
    alike: tuple[tuple[str, str], ...] = ()
    pictures: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for what in ("session_id", "stage_id", "camera_id"):
            check_id(what.replace("_", " "), getattr(self, what))
        for what in ("recogniser", "thresholds"):
            check_title(what, getattr(self, what))
        for roster_id in self.rosters:
            check_id("roster id", roster_id)
        if list(self.rosters) != sorted(set(self.rosters)) or len(self.rosters) > _MOST_ROSTERS:
            raise InvalidValue(f"the rosters of a bundle must be sorted, each once, and at most {_MOST_ROSTERS}")
        if list(self.pictures) != sorted({*self.pictures} & {*self.rosters}):
            raise InvalidValue("pictures are wanted of rosters of the bundle only, sorted and each once")
        if not 1 <= self.number <= _HIGHEST_NUMBER:
            raise InvalidValue(f"a bundle cannot have the number {self.number}")
        for at in (self.made_at, self.expires_at):
            if from_ms(to_ms(at)) != at:
                raise InvalidValue(f"{instant_text(at)} is not in whole milliseconds")
        if not timedelta(0) < self.expires_at - self.made_at <= LONGEST_LIFE:
            hours = LONGEST_LIFE // timedelta(hours=1)
            raise InvalidValue(f"a bundle must hold for some time, and at most {hours} hours")
        self._check_faces()
        self._check_alike()

    def holds(self, at: datetime) -> bool:
        """Whether it may still be matched with at an instant."""
        return at < self.expires_at

    def _check_faces(self) -> None:
        if len(self.faces) > MOST_TEMPLATES:
            raise InvalidValue(f"{len(self.faces)} templates are too many for a camera: use at most {MOST_TEMPLATES}")
        keys = [(face.roster_id, face.subject_id) for face in self.faces]
        if keys != sorted(set(keys)) or len({subject_id for _, subject_id in keys}) < len(keys):
            raise InvalidValue("the templates of a bundle must be sorted by roster and subject, one a subject")
        for face in self.faces:
            check_id("subject id", face.subject_id)
            if face.roster_id not in self.rosters:
                raise InvalidValue(f"{face.subject_id} is on no roster of this bundle")
            if face.recogniser != self.recogniser:
                raise InvalidValue(
                    f"the template of {face.subject_id} is of {face.recogniser}, not of {self.recogniser}: "
                    "they need to enrol anew"
                )
            if not 1 <= face.photos <= 1000:
                raise InvalidValue(f"a template cannot be the mean of {face.photos} photos")
            if face.vector.dtype != np.float32 or face.vector.shape != self.faces[0].vector.shape:
                raise InvalidValue("all templates of a bundle must be as many float32 values")
        if self.faces and (self.faces[0].vector.ndim != 1 or not 1 <= len(self.faces[0].vector) <= MOST_DIMENSIONS):
            raise InvalidValue(f"a template must be 1 to {MOST_DIMENSIONS} values")
        if self.faces:
            with np.errstate(over="ignore", invalid="ignore"):
                lengths = np.linalg.norm(np.stack([face.vector for face in self.faces]), axis=1)
                if not (abs(lengths - 1) < 0.01).all():  # also where one is not a number
                    raise InvalidValue("a template is not of unit length")

    def _check_alike(self) -> None:
        subjects = {face.subject_id for face in self.faces}
        if list(self.alike) != sorted(set(self.alike)) or len(self.alike) > MOST_ALIKE:
            raise InvalidValue(f"pairs who look alike must be sorted, each once, and at most {MOST_ALIKE}")
        for one, other in self.alike:
            if one >= other or not {one, other} <= subjects:
                raise InvalidValue(f"{one} and {other} are not two sorted subjects of this bundle")


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """The installation's pair of keys (Ed25519).

    Attributes:
        private: 32 bytes; signs bundles.
        public: 32 bytes; devices check signatures by it.
    """

    private: bytes
    public: bytes

    def __repr__(self) -> str:
        return f"SigningKey(public={self.public.hex()})"

    @classmethod
    def new(cls) -> SigningKey:
        """A new random pair.

        Raises:
            BundleRefused: `cryptography` is not installed.
        """
        return cls.of(secrets.token_bytes(_KEY_BYTES))

    @classmethod
    def of(cls, private: bytes) -> SigningKey:
        """The pair of a private key.

        Raises:
            BundleRefused: `cryptography` is not installed.
        """
        try:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        except ModuleNotFoundError:
            raise _without_library() from None
        return cls(
            private=private, public=Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
        )


def bundle_name(session_id: str, stage_id: str, camera_id: str) -> str:
    """The name under which a camera's newest bundle lies, in a folder or in S3.

    Raises:
        InvalidValue: one is no id.
    """
    for what, value in (("session id", session_id), ("stage id", stage_id), ("camera id", camera_id)):
        check_id(what, value)
    return f"bundles/{session_id}/{stage_id}/{camera_id}.bundle"


def new_camera_key() -> bytes:
    """A new random key of a camera, 32 bytes."""
    return secrets.token_bytes(_KEY_BYTES)


def pack(bundle: Bundle, *, signing_key: SigningKey, camera_key: bytes) -> bytes:
    """Encrypts and signs a bundle.

    Args:
        bundle: what to pack.
        signing_key: the installation's.
        camera_key: 32 bytes, the camera's own.

    Raises:
        BundleRefused: `cryptography` is not installed.
    """
    cipher = _cipher(camera_key)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    header = _dump(_header(bundle))
    begin = _MAGIC + len(header).to_bytes(_LENGTH_BYTES, "big") + header
    nonce = secrets.token_bytes(_NONCE_BYTES)
    signed = begin + nonce + cipher.encrypt(nonce, _content(bundle), begin)
    return signed + Ed25519PrivateKey.from_private_bytes(signing_key.private).sign(signed)


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleReader:
    """What a device checks a bundle by.

    Attributes:
        public_key: 32 bytes, the installation's.
        camera_key: 32 bytes, the camera's own.
        session_id, stage_id, camera_id: the camera.
        recogniser: name of the model that the device matches with.
    """

    public_key: bytes
    camera_key: bytes
    session_id: str
    stage_id: str
    camera_id: str
    recogniser: str

    def __post_init__(self) -> None:
        for what, key in (("installation's public key", self.public_key), ("camera's key", self.camera_key)):
            if len(key) != _KEY_BYTES:
                raise InvalidValue(f"the {what} has {len(key)} bytes, not {_KEY_BYTES}: set the camera up anew")

    def __repr__(self) -> str:
        return f"BundleReader(camera={self.session_id}/{self.stage_id}/{self.camera_id})"

    def read(self, content: bytes, *, now: datetime, last_number: int = 0) -> Bundle:
        """Checks and decrypts a bundle.

        Args:
            content: the bytes, from wherever.
            now: aware UTC, by the device's clock.
            last_number: number of the last bundle that this device used, kept over restarts; 0 for none.

        Raises:
            BundleRefused: it must not be used; one line says why.
        """
        begin, nonce, ciphertext = self._checked(content)
        fields = _load(begin[len(_MAGIC) + _LENGTH_BYTES :], "header")
        self._check_header(fields, now, last_number)
        cipher = _cipher(self.camera_key)
        from cryptography.exceptions import InvalidTag

        try:
            plain = cipher.decrypt(nonce, ciphertext, begin)
        except InvalidTag:
            raise BundleRefused(
                "the bundle was encrypted with another key than this camera's: set the camera up anew, or check its key"
            ) from None
        bundle = _bundle(fields, plain)
        if _dump(_header(bundle)) != begin[len(_MAGIC) + _LENGTH_BYTES :] or _content(bundle) != plain:
            raise _malformed("it is not spelt as bundles are")
        return bundle

    def _checked(self, content: bytes) -> tuple[bytes, bytes, bytes]:
        """What stands before the nonce, the nonce, and the ciphertext; of a bundle whose signature is right."""
        if len(content) > LARGEST_BUNDLE:
            raise BundleRefused(f"a bundle of {len(content):,} bytes is too large: at most {LARGEST_BUNDLE:,} are read")
        if not content.startswith(_MAGIC):
            raise BundleRefused("this is no bundle of Houselights")
        signed, signature = content[:-_SIGNATURE_BYTES], content[-_SIGNATURE_BYTES:]
        header_at = len(_MAGIC) + _LENGTH_BYTES
        end = header_at + int.from_bytes(signed[len(_MAGIC) : header_at], "big")
        if not header_at < end <= header_at + _LARGEST_HEADER or len(signed) < end + _NONCE_BYTES + _TAG_BYTES:
            raise BundleRefused("the bundle is cut off: fetch it again")
        try:
            from cryptography.exceptions import InvalidSignature
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        except ModuleNotFoundError:
            raise _without_library() from None
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, signed)
        except InvalidSignature:
            raise BundleRefused(
                "the bundle was not signed by this camera's installation, or was changed: it is not used"
            ) from None
        return signed[:end], signed[end : end + _NONCE_BYTES], signed[end + _NONCE_BYTES :]

    def _check_header(self, fields: dict[str, Any], now: datetime, last_number: int) -> None:
        if fields.get("format") != FORMAT:
            raise BundleRefused(
                f"the bundle has format {str(fields.get('format'))[:20]!r}, but this Houselights knows {FORMAT}: "
                "update the device"
            )
        try:
            place = "/".join(_text(fields[name]) for name in ("session", "stage", "camera"))
            made_at, expires_at = _instant(fields["made_ms"]), _instant(fields["expires_ms"])
            number, recogniser = _whole(fields["number"], _HIGHEST_NUMBER), _text(fields["recogniser"])
        except (KeyError, ValueError) as problem:
            raise _malformed(problem) from None
        own = f"{self.session_id}/{self.stage_id}/{self.camera_id}"
        if place != own:
            raise BundleRefused(f"the bundle is for camera {place[:200]!r}, and this is {own!r}: it is not used")
        if made_at - now > CLOCK_TOLERANCE:
            raise BundleRefused(
                f"the bundle was made at {instant_text(made_at)}, but this device's clock says {instant_text(now)}: "
                "the clock is behind, so set it; nobody is recognised meanwhile"
            )
        if now >= expires_at:
            raise BundleRefused(
                f"the bundle expired at {instant_text(expires_at)}, and this device's clock says {instant_text(now)}: "
                "nobody is recognised until a newer one comes"
            )
        if number < last_number:
            raise BundleRefused(
                f"the bundle has number {number}, but number {last_number} was used already: it may hold people who "
                "were removed since, and is not used"
            )
        if recogniser != self.recogniser:
            raise BundleRefused(
                f"the bundle is for the recogniser {recogniser[:200]!r}, but this device has {self.recogniser!r}: use "
                "the same version on both, and have people enrol anew where it changed"
            )


def _header(bundle: Bundle) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "session": bundle.session_id,
        "stage": bundle.stage_id,
        "camera": bundle.camera_id,
        "rosters": bundle.rosters,
        "pictures": bundle.pictures,
        "number": bundle.number,
        "recogniser": bundle.recogniser,
        "thresholds": bundle.thresholds,
        "made_ms": to_ms(bundle.made_at),
        "expires_ms": to_ms(bundle.expires_at),
    }


def _content(bundle: Bundle) -> bytes:
    """What is encrypted: the index and the templates."""
    faces = bundle.faces
    index = _dump(
        {
            "subjects": [[face.roster_id, face.subject_id, face.photos] for face in faces],
            "alike": bundle.alike,
            "dimensions": len(faces[0].vector) if faces else 0,
        }
    )
    templates = b"".join(face.vector.astype("<f4").tobytes() for face in faces)
    return len(index).to_bytes(_LENGTH_BYTES, "big") + index + templates


def _bundle(fields: dict[str, Any], plain: bytes) -> Bundle:
    """The bundle of a signed header and what was decrypted."""
    end = _LENGTH_BYTES + int.from_bytes(plain[:_LENGTH_BYTES], "big")
    index = _load(plain[_LENGTH_BYTES:end], "index")
    try:
        dimensions, subjects = _whole(index["dimensions"], MOST_DIMENSIONS), index["subjects"]
        vectors = np.frombuffer(plain[end:], "<f4").reshape(len(subjects), dimensions).astype(np.float32)
        vectors.flags.writeable = False
        recogniser = _text(fields["recogniser"])
        return Bundle(
            session_id=_text(fields["session"]),
            stage_id=_text(fields["stage"]),
            camera_id=_text(fields["camera"]),
            rosters=tuple(_text(roster_id) for roster_id in fields["rosters"]),
            pictures=tuple(_text(roster_id) for roster_id in fields["pictures"]),
            number=_whole(fields["number"], _HIGHEST_NUMBER),
            recogniser=recogniser,
            thresholds=_text(fields["thresholds"]),
            made_at=_instant(fields["made_ms"]),
            expires_at=_instant(fields["expires_ms"]),
            faces=tuple(
                KnownFace(
                    roster_id=_text(roster_id),
                    subject_id=_text(subject_id),
                    vector=vector,
                    recogniser=recogniser,
                    photos=_whole(photos, 1000),
                )
                for (roster_id, subject_id, photos), vector in zip(subjects, vectors, strict=True)
            ),
            alike=tuple((_text(one), _text(other)) for one, other in index["alike"]),
        )
    except (KeyError, TypeError, ValueError) as problem:  # InvalidValue is a ValueError
        raise _malformed(problem) from None


def _dump(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, separators=(",", ":"), allow_nan=False).encode("ascii")


def _load(document: bytes, what: str) -> dict[str, Any]:
    try:
        fields = json.loads(document.decode("ascii"))
    except (ValueError, RecursionError):
        raise _malformed(f"its {what} is not JSON") from None
    if not isinstance(fields, dict):
        raise _malformed(f"its {what} is not an object")
    return fields


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is missing")
    return value


def _whole(value: object, most: int) -> int:
    # bool is a subclass of int.
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError("a whole number is missing")
    return value


def _instant(value: object) -> datetime:
    return from_ms(_whole(value, _LATEST_MS))


def _malformed(problem: object) -> BundleRefused:
    said = str(problem).partition("\n")[0][:100]
    return BundleRefused(f"the bundle is signed but malformed ({said}): update Houselights where it is made and here")


def _cipher(camera_key: bytes) -> AESGCM:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ModuleNotFoundError:
        raise _without_library() from None
    return AESGCM(camera_key)


def _without_library() -> BundleRefused:
    return BundleRefused("bundles for cameras need cryptography: install Houselights with its extra `people`")
