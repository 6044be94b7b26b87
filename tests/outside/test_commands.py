"""Nothing connects out that was not asked for, and nothing is written where the documents do not say so.

docs/privacy.md has a table of both. Each command is run as somebody would run it, and what it really did is held
against its row: what the row does not name fails, and so does what it names and never happens.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from houselights.commands import COMMANDS
from tests.browser import HOW_TO, browser_path
from tests.outside.commands import GROUPS, PAGES, Runs, commands_in
from tests.outside.tracing import Contact, Network, Seen, loopback_only, what_is_missing

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

PRIVACY = Path(__file__).parents[2] / "docs" / "privacy.md"
HEADING = "## Every file written, every address contacted"
SECTION = PRIVACY.read_text().partition(HEADING)[2].partition("\n\n## ")[0]


def needed() -> None:
    """Skips the tests on a machine that cannot trace, and fails them where CI is to run them."""
    missing = what_is_missing() or (HOW_TO if browser_path() is None else None)
    if missing is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)


def table() -> dict[str, tuple[set[str], set[str]]]:
    """What each command writes and whom it contacts, as the document says: all its code spans but options."""
    rows = re.findall(r"^\| (`.*?) \| (.*?) \| (.*?) \|$", SECTION.partition("\n\n###")[0], re.MULTILINE)
    return {
        command: (spans(files), spans(addresses))
        for commands, files, addresses in rows
        for command in re.findall(r"`([^`]+)`", commands)
    }


def spans(cell: str) -> set[str]:
    return {span for span in re.findall(r"`([^`]+)`", cell) if not span.startswith("-")}


DOCUMENTED = table()


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    needed()
    with loopback_only() as network:
        yield network


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    needed()
    with commands_in(tmp_path_factory.mktemp("outside")) as running:
        yield running


@pytest.fixture
def runs(running: Runs) -> Runs:
    """All commands, each run once."""
    for group in GROUPS:
        running.once(group)
    return running


def left(runs: Runs, seen: Seen, places: set[str]) -> set[str]:
    """Files that a command left, each as the documented place it lies in, and by itself where it lies in none."""
    found = set()
    for file in seen.files:
        if file.is_dir() and any(file.iterdir()):
            continue  # what lies in it is looked at
        shown = file.as_posix()
        for folder, sign in ((runs.folder / "cwd", ""), (runs.folder / "home", "~/")):
            if file.is_relative_to(folder):
                shown = sign + file.relative_to(folder).as_posix()
        shown = re.sub(r"^(FILE|DIR)\b.*", r"\1", re.sub(r"(\.db(-people|-keys)?)-(wal|shm|spare)$", r"\1", shown))
        found.add(next((place for place in places if place.endswith("/") and shown.startswith(place)), shown))
    return found


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_commands_do_what_they_are_told_without_a_network(running: Runs, group: Callable[[Runs], None]) -> None:
    running.once(group)


@pytest.mark.parametrize("command", sorted(DOCUMENTED))
def test_a_command_writes_and_contacts_what_its_row_says_and_nothing_else(runs: Runs, command: str) -> None:
    files, addresses = DOCUMENTED[command]
    assert runs.seen[command], "the row is of no command that was run"
    contacts = {contact for seen in runs.seen[command] for contact in seen.contacts}
    assert [contact for contact in contacts if contact.beyond_loopback] == []
    assert {runs.named.get(contact, contact) for contact in contacts} == addresses
    assert {place for seen in runs.seen[command] for place in left(runs, seen, files)} == files


def test_every_command_there_is_is_named() -> None:
    """Those that need an account of AWS are not run: the second table has them."""
    named = {span.partition(" ")[0] for span in re.findall(r"`([^`\n]+)`", SECTION)}
    assert {command.name for command in COMMANDS} <= named


def test_every_command_that_was_run_has_its_row(runs: Runs) -> None:
    assert {name for name, seen in runs.seen.items() if seen} <= set(DOCUMENTED)


def test_pages_ask_for_nothing_but_themselves(runs: Runs) -> None:
    assert sum(len(asked) for _, asked in runs.asked) > len(PAGES)
    for address, asked in runs.asked:
        own = (address, address.replace("http", "ws", 1), "data:", "blob:")
        assert [url for url in asked if not url.startswith(own)] == []


class TestTheTracerItself:
    """It sees what it is there to see."""

    @pytest.mark.parametrize(
        ("program", "contact"),
        [
            ("import socket\nsocket.socket().connect_ex(('192.0.2.7', 443))", Contact("192.0.2.7", 443)),
            ("import socket\nsocket.socket(socket.AF_INET6).connect_ex(('2001:db8::7', 9))", Contact("2001:db8::7", 9)),
            ("socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.7', 9))", Contact("192.0.2.7", 9)),
            ("socket.socket(type=socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('192.0.2.8', 9))", Contact("192.0.2.8", 9)),
            ("socket.socket(type=socket.SOCK_DGRAM).connect_ex(('127.0.0.53', 53))", Contact("127.0.0.53", 53)),
            ("socket.socket(socket.AF_UNIX).connect_ex('/run/avahi-daemon/x')", Contact("/run/avahi-daemon/x")),
            ("subprocess.run([sys.executable, '-c', \"import socket; socket.socket().connect_ex(('192.0.2.9', 1))\"])",
             Contact("192.0.2.9", 1)),
            ("threading.Thread(target=socket.socket().connect_ex, args=[('192.0.2.6', 1)]).start()",
             Contact("192.0.2.6", 1)),
        ],
    )  # fmt: skip
    def test_sees_whom_a_program_turns_to(
        self, network: Network, tmp_path: Path, program: str, contact: Contact
    ) -> None:
        imports = "import contextlib, socket, subprocess, sys, threading\nwith contextlib.suppress(OSError): "
        words = program if program.startswith("import") else imports + program
        assert contact in network.run(["-c", words], tmp_path).contacts
        assert contact.beyond_loopback

    def test_sees_that_a_name_is_looked_up(self, network: Network, tmp_path: Path) -> None:
        program = "import contextlib, socket\nwith contextlib.suppress(OSError): socket.getaddrinfo('example.org', 80)"
        assert any(contact.looks_up for contact in network.run(["-c", program], tmp_path).contacts)

    def test_loopback_is_not_beyond_itself(self) -> None:
        assert not Contact("127.0.0.1", 443).beyond_loopback
        assert not Contact("::1", 443).beyond_loopback
        assert not Contact("::ffff:127.0.0.1", 443).beyond_loopback

    def test_sees_files_wherever_they_are_made(self, network: Network, tmp_path: Path) -> None:
        program = f"""
import os, pathlib
pathlib.Path("relative").touch()
pathlib.Path({str(tmp_path)!r}, "elsewhere").write_text("x")
os.makedirs(os.path.expanduser("~/.some/folder"))
os.rename("relative", "renamed")
os.symlink("renamed", "link")
pathlib.Path("gone").touch()
os.unlink("gone")
"""
        made = {path.relative_to(tmp_path).as_posix() for path in network.run(["-c", program], tmp_path).files}
        assert made == {"cwd/renamed", "cwd/link", "elsewhere", "home/.some", "home/.some/folder"}

    def test_sees_what_onnxruntime_does_where_nobody_switches_it_off(self, network: Network, tmp_path: Path) -> None:
        """So that it would see it in a command, too: within seconds, though the first look-up comes later."""
        seen = network.run(["-c", "import onnx" + "runtime"], tmp_path)
        assert {"deviceid", "onnxruntime.db"} <= {file.name for file in seen.files}
