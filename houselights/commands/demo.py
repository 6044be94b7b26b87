"""`houselights demo`: scores a clip, loads the sample sessions, and serves the dashboard."""

from __future__ import annotations

import os
import re
import shlex
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
import platformdirs
from rich.console import Console
from rich.progress import Progress

from audience.errors import SessionNotFound
from audience.ids import LONGEST_ID
from audience.private_files import new_private_file, private_folder, tighten
from houselights.commands.dashboard import serve
from houselights.commands.extras import needing_extra
from houselights.commands.options import Count
from houselights.commands.score import score
from houselights.commands.stopping import working_beside

if TYPE_CHECKING:
    from audience.identity.store import IdentityStore
    from audience.store import Store

CLIP_SESSION = "demo-clip"
FESTIVAL_SESSION = "demo"
PANEL_SESSION = "demo-panel"
FILM = "three-walls.mp4"
BEST_SESSION, BEST_TITLE = "sample-talk", "Why bridges hum"
_HOUSEHOLDS = 12
# Enough history for trends, and enough hours to leave the demo open all day.
_FESTIVAL_SO_FAR = timedelta(minutes=40)
_FESTIVAL_HOURS = 12.0


@click.command(short_help="See it work: score a clip, load sample sessions, open the pages.")
@click.option(
    "--video", type=click.Path(path_type=Path), metavar="FILE", help="Use your own recording instead of the clip."
)
@click.option("--port", type=Count(1, 65535), metavar="N", help="[default: 8501, or the next that is free]")
@click.option("--browser/--no-browser", default=False, help="Open a browser.  [default: no]")
@click.option("--serve/--no-serve", "and_serve", default=True, help="Serve the pages at the end.  [default: yes]")
@click.pass_context
@needing_extra("demo")
def demo(context: click.Context, video: Path | None, port: int | None, browser: bool, and_serve: bool) -> int:
    """Score a clip made of real faces, load the sample sessions, and serve the dashboard.

    Everything is kept in a separate store, apart from your sessions.
    """
    from audience.stores import open_identity, open_store
    from sample_data.clip import SECONDS, make_clip
    from sample_data.generate import load_samples
    from sample_data.viewers_film import SECONDS as FILM_SECONDS
    from sample_data.viewers_film import make_film

    folder = platformdirs.user_cache_path("houselights", appauthor=False) / "demo"
    private_folder(folder)
    tighten(folder)  # created by an earlier version
    store_url = f"sqlite:///{folder / 'demo.db'}"
    console = Console(stderr=True)

    if video is None:
        clip, session_id, title = folder / "clip.mp4", CLIP_SESSION, "Demo clip: 24 seats, three laughs"
        make_clip_of_now = partial(make_clip, created_at=datetime.now(UTC))
        make_once(clip, make_clip_of_now, SECONDS, "Making a clip of 24 real faces", console)
    else:
        clip, session_id, title = video, demo_session_id(video), video.name
    film = folder / FILM
    make_once(film, make_film, FILM_SECONDS, "Drawing a film for viewers at home", console)
    code: int = context.invoke(score, video=clip, session_id=session_id, title=title, store_url=store_url)
    with open_store(store_url) as store, open_identity(store_url) as people:
        samples = load_samples(store)
        show_panel(store, people)
    console.print(f"Loaded {len(samples)} sample sessions, all labelled as simulated.")
    if not and_serve:
        print_reopen_command(console, store_url, clip, film)
        return code
    console.print(
        f"A simulated festival is running: see the Stages page, and /live/{FESTIVAL_SESSION} for the public board."
    )
    console.print("Pretend people come in at the Desk page, can be searched for at Search, and watch TV at Panel.")
    console.print(f"Start with the talk: open “{BEST_TITLE}” in the list, or /session?session={BEST_SESSION}")
    console.print("Serving the dashboard; stop with Ctrl-C.")
    with festival_running(store_url), people_coming_in(store_url):
        code = serve(store_url, port=port, browser=browser, videos=[clip, film])
    print_reopen_command(console, store_url, clip, film)
    return code


def make_once(path: Path, make: Callable[..., object], seconds: int, what: str, console: Console) -> None:
    """Makes a video that does not exist yet, and shows how far it is; half of one is never left under its name.

    Args:
        path: the video.
        make: writes it to the path that it is given, and calls `on_second` after each second of it.
        seconds: how long it is.
        what: what is being made.
        console: where to show it.
    """
    if path.exists():
        return
    part = path.with_suffix(".part")
    with Progress(console=console) as progress:
        task = progress.add_task(what, total=seconds)
        os.close(new_private_file(part))
        make(part, on_second=lambda _: progress.advance(task))
    part.replace(path)


def print_reopen_command(console: Console, store_url: str, *videos: Path) -> None:
    """Prints the command that opens the demo's sessions without the demo."""
    options = shlex.join(
        ["--store", store_url, *(part for one in videos for part in ("--videos", str(one.absolute())))]
    )
    console.print("The demo has its own store. To open it again:", f"houselights dashboard {options}", soft_wrap=True)


@contextmanager
def festival_running(store_url: str) -> Iterator[None]:
    """Runs a simulated festival with ten stages, already under way, for the duration of the context."""
    from audience.stores import open_store
    from houselights.simulating import play, set_up
    from sample_data.festival_day.plan import plan_day

    now = datetime.now(UTC).replace(microsecond=0)
    day = plan_day(
        begins_at=now - _FESTIVAL_SO_FAR,
        stages=10,
        cameras=2,
        hours=_FESTIVAL_HOURS,
        seed=1,
        session_id=FESTIVAL_SESSION,
    )
    with open_store(store_url) as store:
        store.delete_session(FESTIVAL_SESSION)  # left by an earlier demo
        set_up(store, day, running=True)
    began = time.monotonic() - _FESTIVAL_SO_FAR.total_seconds()

    def run(stop: threading.Event) -> None:
        with open_store(store_url) as store:
            try:
                play(store, day, speed=1.0, stop=stop, elapsed_s=lambda: time.monotonic() - began)
            except SessionNotFound as problem:  # the user deleted it
                click.echo(f"The simulated festival has ended: {problem}", err=True)

    with working_beside(run, name="festival"):
        yield


@contextmanager
def people_coming_in(store_url: str) -> Iterator[None]:
    """Runs a pretend welcome desk and a pretend search for the duration of the context."""
    from audience.stores import open_identity
    from houselights.pretend_people import play, set_up

    with open_identity(store_url) as store:
        set_up(store)
        with working_beside(partial(play, store), name="people"):
            yield


def show_panel(store: Store, people: IdentityStore) -> None:
    """Writes a simulated panel, whose last hour has just passed and which goes on; in place of an earlier demo's."""
    from sample_data.household import MINUTES, load_panel, panel_session, simulate_panel

    now = datetime.now(UTC)
    begins_at = now.replace(second=0, microsecond=0) - timedelta(minutes=MINUTES)
    session = replace(panel_session(PANEL_SESSION, begins_at), ended_at=None)
    load_panel(store, people, session, list(simulate_panel(_HOUSEHOLDS, begins_at=begins_at)), now=now)


def demo_session_id(video: Path) -> str:
    """A session id for the user's recording, distinct from the demo's own sessions, which are replaced."""
    # Characters not allowed in an id become hyphens.
    return f"recording-{re.sub(r'[^A-Za-z0-9._-]+', '-', video.stem)}"[:LONGEST_ID]
