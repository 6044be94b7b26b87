"""The outbox loses only the deliveries that it reports as dropped, despite kills, full disks and damaged files."""

from __future__ import annotations

import errno
import os
import random
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from audience.errors import InvalidValue, OutboxFull, OutboxUnavailable
from edge_lambda.delivery.outbox import Outbox
from tests.architecture.sources import ROOT
from tests.edge.s3_with_faults import numbered


def taken(outbox: Outbox) -> list[int]:
    """The numbers of all that waits, taken out in order."""
    numbers = []
    while (found := outbox.oldest()) is not None:
        number, delivery = found
        assert delivery == numbered(delivery.start_ms)
        numbers.append(delivery.start_ms)
        outbox.remove(number)
    return numbers


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


def reopened(outbox: Outbox, folder: Path) -> Outbox:
    outbox.close()
    return Outbox(folder)


def test_deliveries_come_out_in_order_and_once(folder):
    outbox = Outbox(folder)
    for number in (3, 1, 2):
        outbox.put(numbered(number))
    assert taken(outbox) == [3, 1, 2]
    assert outbox.oldest() is None
    outbox.close()


def test_waiting_deliveries_survive_a_restart_and_removed_ones_do_not(folder):
    outbox = Outbox(folder)
    for number in range(4):
        outbox.put(numbered(number))
    outbox.remove(outbox.oldest()[0])
    outbox = reopened(outbox, folder)
    outbox.put(numbered(8))
    outbox.put(numbered(9))
    outbox = reopened(outbox, folder)
    assert taken(outbox) == [1, 2, 3, 8, 9]
    outbox.close()


def test_its_status_has_how_much_waits_and_since_when(folder):
    outbox = Outbox(folder)
    assert (outbox.status().waiting, outbox.status().oldest_at) == (0, None)
    outbox.put(numbered(1000))
    outbox.put(numbered(2000))
    for status in (outbox.status(), (outbox := reopened(outbox, folder)).status()):
        assert (status.waiting, status.dropped, status.quarantined) == (2, 0, 0)
        assert status.waiting_bytes == sum(file.stat().st_size for file in folder.glob("*.delivery")) > 6000
        assert status.oldest_at == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    outbox.close()


def test_past_its_size_the_oldest_are_dropped_and_counted(folder):
    outbox = Outbox(folder, max_bytes=10_000)
    for number in range(5):
        outbox.put(numbered(number))
    assert outbox.status().dropped == 2
    assert outbox.status().waiting_bytes <= 10_000
    assert taken(outbox) == [2, 3, 4]
    outbox.close()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_drops_nothing_and_the_delivery_stays_with_its_owner(folder, code):
    room = [10_000]

    def write(handle: int, content: memoryview) -> int:
        if room[0] < len(content):
            os.write(handle, content[:100])
            raise OSError(code, os.strerror(code))
        room[0] -= len(content)
        return os.write(handle, content)

    outbox = Outbox(folder, write=write)
    for number in range(3):
        outbox.put(numbered(number))
    with pytest.raises(OutboxFull, match="free some space"):
        outbox.put(numbered(3))
    assert sorted(file.suffix for file in folder.iterdir()) == ["", *[".delivery"] * 3]
    assert outbox.status().dropped == 0
    room[0] = 10_000
    outbox.put(numbered(3))
    assert taken(outbox) == [0, 1, 2, 3]
    outbox.close()


def test_a_disk_that_takes_a_few_bytes_at_a_time_gets_them_all(folder):
    outbox = Outbox(folder, write=lambda handle, content: os.write(handle, content[:7]))
    outbox.put(numbered(1))
    assert taken(outbox) == [1]
    outbox.close()


def test_a_broken_disk_is_reported_in_one_line(folder):
    def write(handle: int, content: memoryview) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    outbox = Outbox(folder, write=write)
    with pytest.raises(OutboxUnavailable, match=r"cannot be written \(Input/output error\)"):
        outbox.put(numbered(1))
    outbox.close()


@pytest.mark.parametrize("damage", [b"", b"\n", b"houselights-delivery 1 x\nkey\ndata", None])
def test_a_damaged_file_is_quarantined_and_blocks_nobody(folder, damage):
    outbox = Outbox(folder)
    for number in range(2):
        outbox.put(numbered(number))
    file = min(folder.glob("*.delivery"))
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content if damage is None else damage)
    assert taken(outbox) == [1]
    assert outbox.status().quarantined == 1
    outbox = reopened(outbox, folder)
    assert (outbox.status().quarantined, outbox.status().waiting) == (1, 0)
    outbox.put(numbered(2))
    assert taken(outbox) == [2]
    outbox.close()


def test_a_file_somebody_removed_is_passed_over(folder):
    outbox = Outbox(folder)
    for number in range(2):
        outbox.put(numbered(number))
    min(folder.glob("*.delivery")).unlink()
    assert taken(outbox) == [1]
    assert outbox.status().waiting_bytes == 0
    outbox.close()


def test_incomplete_files_of_a_killed_process_are_removed(folder):
    folder.mkdir()
    (folder / "000000000007-0000000000007.part").write_bytes(b"half")
    outbox = Outbox(folder)
    assert [file.name for file in folder.iterdir()] == ["lock"]
    outbox.close()


def test_two_processes_do_not_share_one(folder):
    outbox = Outbox(folder)
    with pytest.raises(OutboxUnavailable, match="in use by another process"):
        Outbox(folder)
    outbox.close()
    Outbox(folder).close()


def test_faces_in_it_are_for_their_owners_eyes(folder):
    outbox = Outbox(folder)
    outbox.put(numbered(1))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    outbox.close()


def test_a_folder_that_cannot_be_one_is_reported_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutboxUnavailable, match="choose another folder"):
        Outbox(tmp_path / "file")
    with pytest.raises(InvalidValue, match="more than 0"):
        Outbox(tmp_path / "outbox", max_bytes=0)


def killed_after(seconds: float, folder: Path, first: int, *sending_to: str) -> int:
    """Lets another process put deliveries, kills it, and gives the number after the last it said was safe."""
    command = [sys.executable, "-m", "tests.edge.outbox_writer", str(folder), *sending_to]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{first}\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n"
        time.sleep(seconds)
        process.kill()
        said = process.stdout.read().splitlines()
    assert process.returncode == -9
    safe = [int(line) for line in said if len(line) == 6]  # the last line may be half written
    return max(safe, default=first - 1) + 1


def test_a_process_killed_at_any_moment_loses_nothing_it_said_was_safe(folder):
    chance = random.Random(7)
    first = 100_000
    for _ in range(5):
        end = killed_after(chance.uniform(0.01, 0.15), folder, first)
        outbox = Outbox(folder)
        assert not list(folder.glob("*.part"))
        found = taken(outbox)
        # The one it was at may be there or not.
        assert found in (list(range(first, end)), list(range(first, end + 1)))
        outbox.close()
        first = end + 1
