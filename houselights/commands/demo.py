"""`houselights demo`: a real clip through the real path, the sample sessions, and the pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import click
import platformdirs
from rich.console import Console
from rich.progress import Progress

from audience.names import LONGEST_ID
from houselights.commands.dashboard import serve
from houselights.commands.options import STORE_VARIABLE
from houselights.commands.score import score

CLIP_SESSION = "demo-clip"


@click.command(short_help="See it work: score a clip, load sample sessions, open the pages.")
@click.option(
    "--video", type=click.Path(path_type=Path), metavar="FILE", help="Your own recording instead of the clip."
)
@click.option("--port", type=click.IntRange(1, 65535), metavar="N", help="[default: 8501, or the next that is free]")
@click.option("--browser/--no-browser", default=False, help="Open a browser.  [default: no]")
@click.option("--serve/--no-serve", "and_serve", default=True, help="Serve the pages at the end.  [default: yes]")
@click.pass_context
def demo(context: click.Context, video: Path | None, port: int | None, browser: bool, and_serve: bool) -> int:
    """Score a clip made of real faces, load the sample sessions, and serve the dashboard.

    Everything goes into a store of its own, apart from your sessions.
    """
    from audience.stores import open_store
    from sample_data.clip import SECONDS, make_clip
    from sample_data.generate import load_samples

    folder = platformdirs.user_cache_path("houselights", appauthor=False) / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    store_url = f"sqlite:///{folder / 'demo.db'}"
    console = Console(stderr=True)

    if video is None:
        clip, session_id, title = folder / "clip.mp4", CLIP_SESSION, "Demo clip: 24 seats, three laughs"
        if not clip.exists():
            part = clip.with_suffix(".part")
            with Progress(console=console) as progress:
                task = progress.add_task("Making a clip of 24 real faces", total=SECONDS)
                make_clip(part, created_at=datetime.now(UTC), on_second=lambda _: progress.advance(task))
            part.replace(clip)
    else:
        clip, session_id, title = video, _session_id(video), video.name
    code: int = context.invoke(score, video=clip, session_id=session_id, title=title, store_url=store_url)
    with open_store(store_url) as store:
        samples = load_samples(store)
    console.print(f"Loaded {len(samples)} sample sessions, all simulated and labelled so.")
    console.print(f"The demo keeps its own store: {STORE_VARIABLE}={store_url}", soft_wrap=True)
    if not and_serve:
        return code
    console.print("Serving the dashboard; Ctrl-C ends it.")
    return serve(store_url, port=port, browser=browser, videos=[clip])


def _session_id(video: Path) -> str:
    """An id made from the file's name: what an id may not hold becomes a hyphen."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", video.stem).strip("-._")[:LONGEST_ID] or "recording"
