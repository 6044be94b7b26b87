"""What a device takes from a bundle, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from audience.errors import BundleRefused, InvalidValue
from audience.identity.bundle import (
    CLOCK_TOLERANCE,
    LARGEST_BUNDLE,
    LONGEST_LIFE,
    MOST_DIMENSIONS,
    MOST_TEMPLATES,
    USUAL_LIFE,
    Bundle,
    BundleReader,
    SigningKey,
    new_camera_key,
    pack,
)
from audience.identity.people import KnownFace
from tests.audience.identity.conftest import BEGAN, vector

INSTALLATION = SigningKey.new()
CAMERA_KEY = new_camera_key()
READER = BundleReader(
    public_key=INSTALLATION.public,
    camera_key=CAMERA_KEY,
    session_id="fair-1",
    stage_id="gate",
    camera_id="left",
    recogniser="tiny-1+00000000",
)


def a_face(subject_id: str, roster_id: str = "members", *, photos: int = 2, dimensions: int = 128) -> KnownFace:
    values = vector(sum(subject_id.encode()))
    values = np.resize(values, dimensions)
    return KnownFace(
        roster_id=roster_id,
        subject_id=subject_id,
        vector=values / np.linalg.norm(values),
        recogniser="tiny-1+00000000",
        photos=photos,
    )


def a_bundle(**changed: Any) -> Bundle:
    named: dict[str, Any] = {
        "session_id": "fair-1",
        "stage_id": "gate",
        "camera_id": "left",
        "rosters": ("members", "missing"),
        "number": 7,
        "recogniser": "tiny-1+00000000",
        "thresholds": "2026-1",
        "made_at": BEGAN,
        "expires_at": BEGAN + USUAL_LIFE,
        "faces": (a_face("p-1"), a_face("p-2", photos=3), a_face("w-1", "missing", photos=1)),
        "alike": (("p-1", "p-2"),),
    }
    return Bundle(**(named | changed))


def packed(bundle: Bundle) -> bytes:
    return pack(bundle, signing_key=INSTALLATION, camera_key=CAMERA_KEY)


def read(content: bytes, **named: Any) -> Bundle:
    return READER.read(content, **({"now": BEGAN} | named))


def refused(content: bytes, reader: BundleReader = READER, **named: Any) -> str:
    """Why a bundle is refused: one line."""
    with pytest.raises(BundleRefused) as problem:
        reader.read(content, **({"now": BEGAN} | named))
    line = str(problem.value)
    assert "\n" not in line
    assert len(line) < 500
    return line


def plain(bundle: Bundle) -> list[object]:
    """A bundle as values that can be compared bit by bit."""
    faces = [(one.roster_id, one.subject_id, one.recogniser, one.photos, one.vector.tobytes()) for one in bundle.faces]
    return [faces, *(getattr(bundle, field.name) for field in fields(bundle) if field.name != "faces")]


def signed(header: dict[str, Any] | bytes, content: bytes) -> bytes:
    """Any header and content, well signed and encrypted."""
    document = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    begin = b"HLbundle" + len(document).to_bytes(4, "big") + document
    body = begin + bytes(12) + AESGCM(CAMERA_KEY).encrypt(bytes(12), content, begin)
    return body + Ed25519PrivateKey.from_private_bytes(INSTALLATION.private).sign(body)


def parts(bundle: Bundle) -> tuple[dict[str, Any], bytes]:
    """Header and content as they are before encryption."""
    content = packed(bundle)
    end = 12 + int.from_bytes(content[8:12], "big")
    nonce, ciphertext = content[end : end + 12], content[end + 12 : -64]
    return json.loads(content[12:end]), AESGCM(CAMERA_KEY).decrypt(nonce, ciphertext, content[:end])


def respelt(content: bytes, change: Callable[[dict[str, Any]], dict[str, Any]]) -> bytes:
    """What is encrypted, with another index."""
    end = 4 + int.from_bytes(content[:4], "big")
    index = json.dumps(change(json.loads(content[4:end])), separators=(",", ":")).encode()
    return len(index).to_bytes(4, "big") + index + content[end:]


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"faces": (), "alike": (), "rosters": ()},
        {"thresholds": "Schwellen für zwölf Leute ≥ .93"},
        {"expires_at": BEGAN + LONGEST_LIFE},
        {"faces": tuple(a_face(f"p-{number}", dimensions=MOST_DIMENSIONS) for number in range(10)), "alike": ()},
    ],
)
def test_a_camera_reads_what_was_packed_for_it_to_the_last_bit(changed):
    bundle = a_bundle(**changed)
    assert plain(read(packed(bundle))) == plain(bundle)


def test_two_packings_of_a_bundle_differ_and_hold_the_same(monkeypatch):
    bundle = a_bundle()
    assert packed(bundle) != packed(bundle), "the nonce is random"
    assert parts(bundle) == parts(read(packed(bundle)))


def test_who_carries_a_bundle_finds_no_template_nor_person_in_it():
    bundle = a_bundle()
    content = packed(bundle)
    assert b"p-1" not in content
    assert b"w-1" not in content
    assert bundle.faces[0].vector.tobytes()[:16] not in content


def test_the_largest_bundle_can_be_read():
    rows = np.eye(MOST_DIMENSIONS, dtype=np.float32)
    faces = tuple(
        KnownFace(
            roster_id="r" * 64,
            subject_id=f"p-{number:062d}",
            vector=rows[number % MOST_DIMENSIONS],
            recogniser="tiny-1+00000000",
            photos=1000,
        )
        for number in range(MOST_TEMPLATES)
    )
    alike = tuple((one.subject_id, other.subject_id) for one, other in pairwise(faces))
    bundle = a_bundle(rosters=("r" * 64,), faces=faces, alike=alike)
    content = packed(bundle)
    assert len(content) < LARGEST_BUNDLE
    assert len(read(content).faces) == MOST_TEMPLATES
    assert "too large" in refused(content + bytes(LARGEST_BUNDLE))


class TestRefused:
    def test_of_another_installation(self):
        other = replace(READER, public_key=SigningKey.new().public)
        assert "not signed" in refused(packed(a_bundle()), other)

    def test_any_changed_byte(self):
        content = packed(a_bundle())
        for at in range(0, len(content), 7):
            changed = content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :]
            refused(changed)

    def test_cut_off_or_longer(self):
        content = packed(a_bundle())
        for length in (0, 1, 8, 11, 12, 40, len(content) // 2, len(content) - 1):
            refused(content[:length])
        refused(content + b"\0")

    def test_for_another_camera(self):
        for other in ({"session_id": "fair-2"}, {"stage_id": "hall"}, {"camera_id": "right"}):
            line = refused(packed(a_bundle(**other)))
            assert "fair-1/gate/left" in line
            assert next(iter(other.values())) in line

    def test_encrypted_with_another_cameras_key(self):
        assert "key" in refused(packed(a_bundle()), replace(READER, camera_key=new_camera_key()))

    def test_expired(self):
        content = packed(a_bundle())
        moment = timedelta(milliseconds=1)
        assert read(content, now=BEGAN + USUAL_LIFE - moment).holds(BEGAN + USUAL_LIFE - moment)
        assert "expired" in refused(content, now=BEGAN + USUAL_LIFE)
        assert not a_bundle().holds(BEGAN + USUAL_LIFE)

    def test_older_than_the_last_one_used(self):
        content = packed(a_bundle(number=7))
        read(content, last_number=7)
        line = refused(content, last_number=8)
        assert "7" in line
        assert "8" in line

    def test_by_a_clock_that_is_behind(self):
        content = packed(a_bundle())
        read(content, now=BEGAN - CLOCK_TOLERANCE)
        assert "clock" in refused(content, now=BEGAN - CLOCK_TOLERANCE - timedelta(seconds=1))

    def test_for_another_recogniser(self):
        line = refused(packed(a_bundle()), replace(READER, recogniser="tiny-2+00000000"))
        assert "tiny-1+00000000" in line
        assert "tiny-2+00000000" in line

    def test_of_a_newer_format(self):
        header, content = parts(a_bundle())
        assert "update" in refused(signed(header | {"format": 2}, content))

    @pytest.mark.parametrize(
        "change",
        [
            lambda header, content: ({**header, "more": 1}, content),
            lambda header, content: ({name: header[name] for name in header if name != "thresholds"}, content),
            lambda header, content: (header | {"number": True}, content),
            lambda header, content: (header | {"number": 7.0}, content),
            lambda header, content: (header | {"number": 10**400}, content),
            lambda header, content: (header | {"made_ms": -1}, content),
            lambda header, content: (header | {"expires_ms": 10**18}, content),
            lambda header, content: (header | {"expires_ms": header["expires_ms"] + 10**9}, content),
            lambda header, content: (header | {"rosters": {"members": 1, "missing": 2}}, content),
            lambda header, content: (header | {"rosters": ["members"]}, content),
            lambda header, content: (json.dumps(header).encode(), content),
            lambda header, content: (b"[" * 9000, content),
            lambda header, content: (b"7", content),
            lambda header, content: (b"\xff", content),
            lambda header, content: (header, b""),
            lambda header, content: (header, content[:-4]),
            lambda header, content: (header, content[:-1]),
            lambda header, content: (header, content + bytes(4)),
            lambda header, content: (header, content[:-4] + np.float32("nan").tobytes()),
            lambda header, content: (header, content[:-4] + np.float32("inf").tobytes()),
            lambda header, content: (header, content[:-4] + np.float32(3).tobytes()),
            lambda header, content: (header, content.replace(b'"p-1",2', b'"p-9",2')),
            lambda header, content: (header, content.replace(b'["p-1","p-2"]', b'["p-2","p-1"]')),
            lambda header, content: (header, content.replace(b'"dimensions":128', b'"dimensions":384')),
            lambda header, content: (header, b"\xff\xff\xff\xff" + content[4:]),
            lambda header, content: (header, respelt(content, lambda index: index | {"more": 1})),
            lambda header, content: (header, respelt(content, lambda index: dict(reversed(index.items())))),
        ],
    )
    def test_signed_but_malformed(self, change):
        assert "malformed" in refused(signed(*change(*parts(a_bundle()))))

    @given(st.binary(max_size=400))
    @settings(deadline=None)
    def test_any_bytes(self, content):
        refused(content)
        refused(b"HLbundle" + content)

    @given(st.data())
    @settings(deadline=None)
    def test_any_signed_content(self, data):
        """Even an installation that was taken over sends nothing that ends the device's program."""
        header, content = parts(a_bundle())
        anything = st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=5,
        )
        name = data.draw(st.sampled_from(sorted(header)))
        value = data.draw(anything)
        index = data.draw(st.binary(max_size=60) | anything.map(lambda fields: json.dumps(fields).encode()))
        for forged in (
            signed(header | {name: value}, content),
            signed(header, len(index).to_bytes(4, "big") + index + content[-1536:]),
        ):
            with suppress(BundleRefused):
                assert packed(read(forged))


@pytest.mark.parametrize(
    "changed",
    [
        {"number": 0},
        {"expires_at": BEGAN},
        {"expires_at": BEGAN + LONGEST_LIFE + timedelta(milliseconds=1)},
        {"made_at": BEGAN + timedelta(microseconds=1)},
        {"rosters": ("missing", "members")},
        {"rosters": ("members",)},
        {"camera_id": "a/b"},
        {"recogniser": "tiny-2+00000000"},
        {"faces": (a_face("p-2"), a_face("p-1")), "alike": ()},
        {"faces": (a_face("p-1"), a_face("p-1")), "alike": ()},
        {"faces": (a_face("p-1"), a_face("p-1", "missing")), "alike": ()},
        {"faces": (a_face("p-1"), a_face("p-2", dimensions=64))},
        {"faces": (a_face("p-1", dimensions=MOST_DIMENSIONS + 1),), "alike": ()},
        {"faces": (replace(a_face("p-1"), vector=2 * a_face("p-1").vector),), "alike": ()},
        {"faces": (replace(a_face("p-1"), vector=a_face("p-1").vector.astype(float)),), "alike": ()},
        {"faces": (a_face("p-1", photos=0),), "alike": ()},
        {"alike": (("p-2", "p-1"),)},
        {"alike": (("p-1", "p-1"),)},
        {"alike": (("p-1", "p-3"),)},
        {"alike": (("p-1", "w-1"), ("p-1", "p-2"))},
    ],
)
def test_what_no_bundle_may_hold_is_refused_before_it_is_packed(changed):
    with pytest.raises(InvalidValue):
        a_bundle(**changed)


def test_a_key_of_another_length_is_none():
    for name in ("public_key", "camera_key"):
        with pytest.raises(InvalidValue, match="32"):
            replace(READER, **{name: bytes(31)})


def test_no_secret_is_shown_where_a_key_is_printed():
    assert INSTALLATION.private.hex() not in repr(INSTALLATION)
    assert repr(INSTALLATION.private) not in repr(INSTALLATION)
    assert repr(CAMERA_KEY) not in repr(READER)


def test_without_cryptography_one_line_says_what_to_install(monkeypatch):
    content = packed(a_bundle())
    for name in ("asymmetric.ed25519", "ciphers.aead"):
        monkeypatch.setitem(__import__("sys").modules, f"cryptography.hazmat.primitives.{name}", None)
    for call in (lambda: packed(a_bundle()), lambda: read(content), SigningKey.new):
        with pytest.raises(BundleRefused, match="`people`"):
            call()
