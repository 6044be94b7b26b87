"""`houselights simulate festival`: a day at once, a day in real time, and its ground truth."""

from __future__ import annotations

import json
import os
import signal
import threading

import numpy as np
import pytest

from audience.stores import open_store
from audience.time import to_ms
from houselights import simulating
from houselights.cli import run
from houselights.commands.simulate import USUAL_DAY
from houselights.simulating import play, set_up
from sample_data.festival_day.plan import plan_day

SMALL = ["--stages", "2", "--cameras", "1", "--hours", "0.1"]


@pytest.fixture
def url(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return f"sqlite:///{tmp_path / 'festival.db'}"


def test_a_day_is_written_at_once_with_its_truth_beside_it(url, tmp_path):
    assert run(["simulate", "festival", *SMALL, "--store", url]) == 0
    with open_store(url) as store:
        session = store.session("simulated-festival-1")
        stages = store.stages("simulated-festival-1")
        tables = [store.windows("simulated-festival-1", stage.stage_id) for stage in stages]
        assert session.simulated
        assert session.ended_at is not None
        assert len(stages) == 2
        assert all(len(table) > 300 for table in tables)
        assert len(store.heartbeats("simulated-festival-1")) == 2
    truth = json.loads((tmp_path / "simulated-festival-1-truth.json").read_text())
    assert [stage["id"] for stage in truth["stages"]] == [stage.stage_id for stage in stages]
    assert len(truth["stages"][0]["liveliness"]) == 37


def test_the_same_day_again_changes_nothing_and_another_under_its_name_is_refused(url, capsys):
    assert run(["simulate", "festival", *SMALL, "--store", url]) == 0
    with open_store(url) as store:
        before = store.windows("simulated-festival-1", "stage-01")
    assert run(["simulate", "festival", *SMALL, "--store", url]) == 0
    with open_store(url) as store:
        after = store.windows("simulated-festival-1", "stage-01")
    assert np.array_equal(before.total, after.total)
    assert np.array_equal(before.start_ms, after.start_ms)
    assert run(["simulate", "festival", "--stages", "3", *SMALL[2:], "--store", url]) == 2
    assert "is a different day" in capsys.readouterr().err


def test_a_live_day_writes_what_is_due_and_no_more(url):
    day = plan_day(begins_at=USUAL_DAY, stages=2, cameras=1, hours=0.1, seed=1)
    begins_ms = to_ms(day.session.started_at)
    stop = threading.Event()
    clock = iter([0.0, 1.0, 2.0])
    newest = []

    def elapsed_s() -> float:
        at_s = next(clock, None)
        if at_s is None:
            stop.set()
            return 2.0
        return at_s

    with open_store(url) as store:
        set_up(store, day, running=True)
        assert store.session(day.session.session_id).ended_at is None

        def on_second(second: int) -> None:
            starts = store.windows(day.session.session_id, "stage-01").start_ms
            newest.append((second, int(starts.max(initial=begins_ms) - begins_ms) // 1000))

        play(store, day, speed=60.0, stop=stop, elapsed_s=elapsed_s, on_second=on_second)
        ended_at = store.session(day.session.session_id).ended_at
    assert [second for second, _ in newest] == [0, 60, 120, 120]
    assert all(second - 20 <= start < second for second, start in newest[1:])
    assert ended_at is not None
    assert to_ms(ended_at) == begins_ms + 120_000


@pytest.mark.parametrize("live", [True, False], ids=["live", "at once"])
def test_a_day_whose_session_is_deleted_while_it_is_written_is_one_line_and_leaves_nothing(
    url, capsys, monkeypatch, live
):
    arrivals = simulating.arrivals

    def arriving(day):
        for number, arrival in enumerate(arrivals(day)):
            if number == 3:
                with open_store(url) as desk:
                    desk.delete_session(day.session.session_id)
            yield arrival

    monkeypatch.setattr(simulating, "arrivals", arriving)
    assert run(["simulate", "festival", *SMALL, *(["--live", "--speed", "600"] if live else []), "--store", url]) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "nothing was written" in said.splitlines()[-1]
    with open_store(url) as store:
        assert store.sessions() == []
        assert not any(store.delete_session(f"simulated-festival-{seed}") for seed in range(3))


def test_ctrl_c_ends_a_live_day_cleanly(url, monkeypatch):
    def playing(*day, **how):
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        return play(*day, **how)

    monkeypatch.setattr(simulating, "play", playing)
    assert run(["simulate", "festival", *SMALL, "--live", "--store", url]) == 0
    with open_store(url) as store:
        (session,) = store.sessions()
        assert session.ended_at is not None
        assert len(store.windows(session.session_id, "stage-01")) <= 3


def test_speed_without_live_and_a_truth_that_cannot_be_written_are_one_line(url, capsys):
    assert run(["simulate", "festival", *SMALL, "--speed", "60", "--store", url]) == 2
    assert run(["simulate", "festival", *SMALL, "--truth", "/proc/no/truth.json", "--store", url]) == 2
    assert "--truth" in capsys.readouterr().err
