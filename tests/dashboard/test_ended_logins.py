"""Logins that were ended stay ended, whoever reads the list and whatever became of it."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from audience.errors import InvalidValue
from dashboard.access import ended_logins
from dashboard.access.ended_logins import EndedLogins
from dashboard.access.settings import read_settings
from dashboard.access.signed_in import has_ended
from houselights.commands.dashboard import serve
from tests.dashboard.test_access_gate import ACCESS

KEYS = [f"{number:032x}" for number in range(4000)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ended"


def test_a_login_that_was_ended_is_for_every_list_of_the_same_file(path: Path) -> None:
    one, other = EndedLogins(path), EndedLogins(path)
    assert not other.holds(KEYS[0])
    one.end(KEYS[0], 2000, 1000)
    assert one.holds(KEYS[0])
    assert other.holds(KEYS[0])
    other.end(KEYS[1], 2000, 1000)
    assert [one.holds(key) for key in KEYS[:3]] == [True, True, False]


def test_nobody_but_the_server_reads_it(path: Path) -> None:
    umask = os.umask(0)
    try:
        EndedLogins(path).end(KEYS[0], 2000, 1000)
    finally:
        os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_has_expired_is_forgotten_once_there_is_much_of_it_and_nothing_else_is(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ended_logins, "_SPARE_BYTES", 4000)
    ended = EndedLogins(path)
    for number, key in enumerate(KEYS[:400]):
        ended.end(key, 1000 + number, now_s=1000 + max(0, number - 50))
    assert path.stat().st_size < 8000
    assert all(ended.holds(key) for key in KEYS[350:400])


def test_several_that_write_at_once_lose_nothing_of_each_others(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ended_logins, "_SPARE_BYTES", 2000)

    def end(keys: list[str]) -> None:
        ended = EndedLogins(path)
        for key in keys:
            ended.end(key, 2000, 1000)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(end, [KEYS[start:400:4] for start in range(4)]))
    assert all(EndedLogins(path).holds(key) for key in KEYS[:400])


def test_a_line_that_was_cut_short_harms_no_other(path: Path) -> None:
    EndedLogins(path).end(KEYS[0], 2000, 1000)
    with path.open("ab") as file:
        file.write(b"2000 00\xff\n\n2001 " + KEYS[1].encode()[:9])
    ended = EndedLogins(path)
    ended.end(KEYS[2], 2000, 1000)
    assert [EndedLogins(path).holds(key) for key in KEYS[:3]] == [True, False, True]


def test_where_the_list_cannot_be_read_every_login_counts_as_ended(tmp_path: Path) -> None:
    (tmp_path / "ended").mkdir()
    file = tmp_path / "access.toml"
    file.write_text(f'ended_logins = "ended"\n{ACCESS}')
    assert has_ended(KEYS[0], read_settings(file))


def test_it_lies_beside_the_settings_or_where_they_say(tmp_path: Path) -> None:
    file = tmp_path / "access.toml"
    file.write_text(ACCESS)
    assert read_settings(file).ended_logins == tmp_path / "access.toml.ended-logins"
    file.write_text(f'ended_logins = "/var/lib/elsewhere"\n{ACCESS}')
    assert read_settings(file).ended_logins == Path("/var/lib/elsewhere")


def test_where_nobody_could_be_signed_out_the_pages_are_not_served(tmp_path: Path) -> None:
    file = tmp_path / "access.toml"
    file.write_text(f'ended_logins = "nowhere/ended"\n{ACCESS}')
    with pytest.raises(InvalidValue, match="nowhere/ended cannot be written"):
        serve(f"sqlite:///{tmp_path / 'a.db'}", port=None, browser=False, access=file)


def test_what_was_ended_is_on_the_disk_when_the_process_dies(path: Path) -> None:
    code = (
        "import os, signal; from pathlib import Path; from dashboard.access.ended_logins import EndedLogins\n"
        f"EndedLogins(Path({str(path)!r})).end({KEYS[0]!r}, 2000, 1000); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    assert EndedLogins(path).holds(KEYS[0])
