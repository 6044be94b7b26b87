"""`houselights dashboard`: serves the pages on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib import resources, util
from pathlib import Path

import click

from audience.errors import InvalidValue
from audience.stores import default_store_url
from houselights.commands.options import ACCESS_VARIABLE, STORE_VARIABLE, access_option, store_at, store_option
from houselights.commands.stopping import stopped_by_signal, wait_for

VIDEOS_VARIABLE = "HOUSELIGHTS_VIDEOS"
BROWSER_VARIABLE = "HOUSELIGHTS_OPEN_BROWSER"
THIS_MACHINE = "127.0.0.1"


@click.command(short_help="Serve the pages on this machine.")
@click.option("--port", type=click.IntRange(1, 65535), metavar="N", help="[default: 8501, or the next that is free]")
@click.option("--browser/--no-browser", default=True, help="Open a browser.  [default: yes]")
@click.option(
    "--videos",
    type=click.Path(path_type=Path),
    multiple=True,
    envvar=VIDEOS_VARIABLE,
    metavar="DIR",
    help="Where recordings lie that are to be shown beside their curves; can be given several times. "
    f"Also from {VIDEOS_VARIABLE}.",
)
@click.option(
    "--host",
    default=THIS_MACHINE,
    show_default=True,
    metavar="ADDRESS",
    help="Listen there; another than this machine's own takes --access.",
)
@access_option
@store_option
def dashboard(
    port: int | None,
    browser: bool,
    videos: tuple[Path, ...],
    host: str,
    access: Path | None,
    store_url: str | None,
) -> int:
    """Serve the dashboard until Ctrl-C: to the person at this machine, or by login."""
    return serve(store_url, port=port, browser=browser, videos=videos, host=host, access=access)


def serve(
    store_url: str | None,
    *,
    port: int | None,
    browser: bool,
    videos: Sequence[Path] = (),
    host: str = THIS_MACHINE,
    access: Path | None = None,
) -> int:
    """Runs the dashboard's server in a process of its own; returns its exit code.

    Args:
        store_url: whose sessions; None for the user's own store.
        port: to listen on; None for 8501, or the next that is free.
        browser: whether to open one.
        videos: folders and files in which recordings may be looked for, to show them beside their curves.
        host: the address to listen on.
        access: the access settings; None serves the person at this machine alone.

    Raises:
        InvalidValue: the dashboard's extra is not installed, there is nothing where recordings should lie, or others
            would be served without access settings, with broken ones, with no way to sign in or out, or with links that
            can be guessed.
        StoreUnavailable: the store cannot be opened.
    """
    if util.find_spec("streamlit") is None:
        raise InvalidValue("the dashboard needs Streamlit: install Houselights with its extra `dashboard`")
    for place in videos:
        if not place.exists():
            raise InvalidValue(f"--videos {place} does not exist; name the folder the recordings lie in")
    store_at(store_url).close()  # what is wrong with the store is said here, not on a page
    command = [sys.executable, "-m", "streamlit", "run", str(resources.files("dashboard") / "app.py")]
    command += ["--server.address", host, *_to_whom(host, access)]
    if port is not None:
        command += ["--server.port", str(port)]
    environment = os.environ | {STORE_VARIABLE: store_url or default_store_url()}
    if access is not None:
        environment[ACCESS_VARIABLE] = str(access.absolute())
    if browser and access is None:
        environment[BROWSER_VARIABLE] = "yes"
    if videos:
        environment[VIDEOS_VARIABLE] = os.pathsep.join(str(place.absolute()) for place in videos)
    with stopped_by_signal() as stop, subprocess.Popen(command, env=environment) as process:
        # Whoever ends this command means the pages; after Ctrl-C the terminal has told Streamlit already.
        return wait_for(process, stop)


def _to_whom(host: str, access: Path | None) -> list[str]:
    """Streamlit's options on who is served; sees to it that others are by login only, and says where."""
    from dashboard.access.limits import is_loopback

    if access is None:
        if not is_loopback(host) and host != "localhost":
            raise InvalidValue(
                f"--host {host} would show the pages to whoever reaches it: say who may see what with --access FILE"
            )
        if host not in (THIS_MACHINE, "localhost"):
            # Streamlit takes a page at any other for one of another site.
            raise InvalidValue(f"--host {host} cannot be used: this machine's own pages are at {THIS_MACHINE}")
        return []
    from dashboard.access.ended_logins import EndedLogins
    from dashboard.access.secrets import check_sign_in, share_secret
    from dashboard.access.settings import read_settings

    settings = read_settings(access.absolute())
    if settings.ended_logins is not None:
        EndedLogins(settings.ended_logins).check()
    share_secret()  # one that is too short is told here, not to whoever opens a link
    check_sign_in(settings)
    click.echo(f"Serving {settings.address} to the people in {access}, at {host}; Ctrl-C ends it.")
    # Streamlit's own welcome asks a server on the internet for this machine's address.
    return ["--server.allowedHosts", settings.host, "--logger.hideWelcomeMessage", "true"]
