"""The demo keeps the user's recording apart from its own sessions."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

import av
import numpy as np
import pytest
from rich.console import Console

from audience.identity.households import Household
from audience.ids import LONGEST_ID, check_id
from audience.stores import open_identity, open_store
from dashboard import remote_data
from houselights.commands.demo import (
    CLIP_SESSION,
    FESTIVAL_SESSION,
    FILM,
    PANEL_SESSION,
    demo_session_id,
    make_once,
    show_panel,
)
from sample_data.scripts import read_scripts
from sample_data.viewers_film import FPS, make_film
from tests.builders import a_session


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


def test_viewers_at_home_can_be_shown_the_film_that_the_demo_draws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = tmp_path / FILM
    make_once(film, partial(make_film, seconds=2), 2, "Drawing", Console(quiet=True))
    make_once(film, lambda *_, **__: pytest.fail("it is there already"), 2, "Drawing", Console(quiet=True))
    with av.open(str(film)) as video:
        pictures = [frame.to_ndarray(format="gray").astype(float) for frame in video.decode(video=0)]
    assert len(pictures) == 2 * FPS
    assert np.abs(pictures[-1] - pictures[0]).max() > 50, "nothing moves"
    monkeypatch.setenv("HOUSELIGHTS_STORE", f"sqlite:///{tmp_path / 'demo.db'}")
    monkeypatch.setenv("HOUSELIGHTS_VIDEOS", str(film))
    with open_store(remote_data.store_url()) as store:
        store.put_session(a_session())
    audience = remote_data.open_audience(a_session().session_id, valid_for=timedelta(days=1), film=film)
    shown = remote_data.film_of(audience)
    assert shown is not None
    assert (shown.path.name, shown.media_type) == (FILM, "video/mp4")
