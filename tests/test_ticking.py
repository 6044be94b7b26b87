"""A wait goes on while something moves and ends when nothing does; no limit blames a machine that is busy."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import ticking
from tests.ticking import exit_code, last_words, ran, slowdown, until

ROOT = Path(__file__).parents[1]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives up after half a second."""
    monkeypatch.setattr(ticking, "STILL_S", 0.5)
    monkeypatch.setattr(ticking, "_LOOK_S", 0.05)
    monkeypatch.setattr(ticking, "_WORK_S", 0.02)


def asleep() -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"], text=True)


def test_what_holds_is_given_at_once() -> None:
    assert until(lambda: "here") == "here"


def test_a_wait_ends_where_nothing_moves(impatient: None) -> None:
    with pytest.raises(AssertionError, match="nothing has moved"):
        until(lambda: False)


def test_a_process_that_sleeps_does_not_move(impatient: None) -> None:
    with asleep() as process:
        with pytest.raises(AssertionError, match="nothing has moved"):
            exit_code(process)
        process.kill()


def test_a_wait_goes_on_while_what_is_said_grows(impatient: None) -> None:
    began = time.monotonic()
    assert until(lambda: time.monotonic() - began > 1.5, moving=lambda: round(time.monotonic() * 5))


def test_a_wait_goes_on_while_a_process_works(impatient: None) -> None:
    work = "import time; began = time.process_time()\nwhile time.process_time() - began < 1.5: pass"
    assert ran([sys.executable, "-c", work]).returncode == 0


def test_a_wait_ends_in_the_end_also_where_something_moves(impatient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticking, "LONGEST_S", 1.0)
    with pytest.raises(AssertionError, match="although something moved"):
        until(lambda: False, moving=time.monotonic)


def test_seconds_count_for_less_where_many_want_a_processor(impatient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (4.0 * (os.cpu_count() or 1), 0.0, 0.0))
    assert slowdown() == 4
    began = time.monotonic()
    with pytest.raises(AssertionError, match="nothing has moved"):
        until(lambda: False)
    assert time.monotonic() - began >= 4 * 0.5


def test_ticking_counts_less_while_many_want_a_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticking, "_crowd", lambda: 4.0)
    began = time.monotonic()
    with ticking.ticking() as counted_s:
        until(lambda: counted_s() > 0.02)
        assert counted_s() <= (time.monotonic() - began) / 4


def test_what_a_process_says_at_its_end_is_read_whole() -> None:
    say = "import sys, time; sys.stdout.write('a' * 300_000); time.sleep(1.2); sys.stderr.write(sys.stdin.read())"
    ended = ran([sys.executable, "-c", say], say="heard")
    assert (len(ended.stdout), ended.stderr) == (300_000, "heard")
    with subprocess.Popen([sys.executable, "-c", "print(1)"], stdout=subprocess.PIPE, text=True) as process:
        assert last_words(process) == ("1\n", None)


_RUN = """
import os, sys
os.getloadavg = lambda: (float(sys.argv[2]) * os.cpu_count(),) * 3
import pytest
from tests.limits import Limits
sys.exit(pytest.main([sys.argv[1], "-c", os.devnull, "--timeout=1", "-p", "no:cacheprovider"], plugins=[Limits()]))
"""


@pytest.mark.parametrize(("load", "code"), [(0, 1), (20, 0)])
def test_the_limit_of_a_test_counts_seconds_of_a_machine_that_does_nothing_else(
    tmp_path: Path, load: float, code: int
) -> None:
    slow = tmp_path / "test_slow.py"
    slow.write_text("import time\n\ndef test_slow():\n    time.sleep(2.5)\n")
    ended = ran([sys.executable, "-c", _RUN, str(slow), str(load)], cwd=ROOT)
    assert ended.returncode == code, ended.stdout
