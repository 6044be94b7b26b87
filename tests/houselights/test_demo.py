"""The demo keeps the user's recording apart from its own sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

from audience.identity.households import Household
from audience.ids import LONGEST_ID, check_id
from audience.stores import open_identity, open_store
from houselights.commands.demo import CLIP_SESSION, FESTIVAL_SESSION, PANEL_SESSION, demo_session_id, show_panel
from sample_data.scripts import read_scripts


def test_a_recording_of_ones_own_takes_no_session_that_the_demo_makes_and_removes() -> None:
    made = {CLIP_SESSION, FESTIVAL_SESSION, PANEL_SESSION, *(script.session.session_id for script in read_scripts())}
    for session_id in made:
        assert demo_session_id(Path(f"recordings/{session_id}.mp4")) not in made


@pytest.mark.parametrize("name", ["talk.mp4", "Talk of May, 4th (final).mov", "..mp4", "été.mp4", f"{'x' * 200}.mp4"])
def test_whatever_a_recording_is_called_its_session_has_an_id(name: str) -> None:
    assert len(check_id("session id", demo_session_id(Path(name)))) <= LONGEST_ID


def test_the_demo_holds_a_panel_that_goes_on_also_the_second_time(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'demo.db'}"
    with open_store(url) as store, open_identity(url) as people:
        for _ in range(2):
            show_panel(store, people)
        households = people.all(Household)
        session = store.session(PANEL_SESSION)
        stages = {stage.stage_id for stage in store.stages(PANEL_SESSION)}
    assert (session.kind, session.ended_at, session.simulated) == ("panel", None, True)
    assert {one.household_id for one in households} == stages
