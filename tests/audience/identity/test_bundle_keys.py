"""Keys of the installation and of cameras: made once, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from audience.identity.bundle_keys import camera_key, cameras_with_keys, forget_camera, installation_key
from audience.identity.records import BundleKey
from audience.identity.store import IdentityStore
from audience.stores import open_identity
from tests.audience.identity.conftest import BEGAN

CAMERA = ("fair-1", "gate", "left")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'a.db'}"


@pytest.fixture
def store(url: str) -> Iterator[IdentityStore]:
    with open_identity(url) as opened:
        yield opened


def test_keys_stay_the_same_for_whoever_asks_and_each_camera_has_its_own(store, url):
    installation, left = installation_key(store, now=BEGAN), camera_key(store, *CAMERA, now=BEGAN)
    with open_identity(url) as other:
        assert installation_key(other, now=BEGAN) == installation
        assert camera_key(other, *CAMERA, now=BEGAN) == left
        right = camera_key(other, "fair-1", "gate", "right", now=BEGAN)
        elsewhere = camera_key(other, "fair-2", "gate", "left", now=BEGAN)
        assert len({installation.private, left, right, elsewhere}) == 4
        assert cameras_with_keys(other) == [CAMERA, ("fair-1", "gate", "right"), ("fair-2", "gate", "left")]
    record = store.get(BundleKey, "installation")
    assert record is not None
    assert bytes.fromhex(record.public) == installation.public


def test_no_key_is_read_in_the_files(store, tmp_path):
    secrets = [installation_key(store, now=BEGAN).private, camera_key(store, *CAMERA, now=BEGAN)]
    held = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert not any(secret in held or secret.hex().encode() in held for secret in secrets)


def test_all_who_ask_first_at_once_get_one_key(url):
    def ask(_: int) -> tuple[bytes, bytes]:
        with open_identity(url) as store:
            return installation_key(store, now=BEGAN).private, camera_key(store, *CAMERA, now=BEGAN)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1


def test_a_camera_that_is_forgotten_gets_another_key(store):
    before = camera_key(store, *CAMERA, now=BEGAN)
    assert forget_camera(store, *CAMERA)
    assert cameras_with_keys(store) == []
    assert not forget_camera(store, *CAMERA)
    assert camera_key(store, *CAMERA, now=BEGAN) != before


def test_a_camera_that_was_half_forgotten_gets_another_key(store):
    before = camera_key(store, *CAMERA, now=BEGAN)
    record = store.get(BundleKey, "/".join(CAMERA))
    assert record is not None
    store.destroy(record.subject_id)
    after = camera_key(store, *CAMERA, now=BEGAN)
    assert after != before
    assert camera_key(store, *CAMERA, now=BEGAN) == after
