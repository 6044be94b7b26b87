"""`houselights dashboard`: serves the dashboard's pages."""

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
from houselights.commands.options import ACCESS_VARIABLE, STORE_VARIABLE, Count, access_option, store_at, store_option
from houselights.commands.stopping import stopped_by_signal, wait_for
from houselights.server_settings import SECRETS_VARIABLE, server_settings

VIDEOS_VARIABLE = "HOUSELIGHTS_VIDEOS"
BROWSER_VARIABLE = "HOUSELIGHTS_OPEN_BROWSER"
PHONES_VARIABLE = "HOUSELIGHTS_PHONES"
ACCESS_FROM_VARIABLE = "HOUSELIGHTS_ACCESS_FROM"
THIS_MACHINE = "127.0.0.1"


@click.command(short_help="Serve the dashboard.")
@click.option("--port", type=Count(1, 65535), metavar="N", help="[default: 8501, or the next that is free]")
@click.option("--browser/--no-browser", default=True, help="Open a browser.  [default: yes]")
@click.option(
    "--videos",
    type=click.Path(path_type=Path),
    multiple=True,
    envvar=VIDEOS_VARIABLE,
    metavar="DIR",
    help=f"Folder of recordings to show beside their curves; repeatable. Also from {VIDEOS_VARIABLE}.",
)
@click.option(
    "--host",
    default=THIS_MACHINE,
    show_default=True,
    metavar="ADDRESS",
    help="Address to listen on; any other than this machine's own needs --access.",
)
@click.option(
    "--phones",
    is_flag=True,
    help="Let phones of the local network be cameras, by https with a certificate made here. The pages stay where they "
    "are.",
)
@click.option(
    "--access-from",
    "access_from",
    envvar=ACCESS_FROM_VARIABLE,
    metavar="URL",
    help=f"The access settings in S3 instead (s3://BUCKET/KEY), looked at every 5 s. Also from {ACCESS_FROM_VARIABLE}.",
)
@access_option
@store_option
def dashboard(
    port: int | None,
    browser: bool,
    videos: tuple[Path, ...],
    host: str,
    phones: bool,
    access_from: str | None,
    access: Path | None,
    store_url: str | None,
) -> int:
    """Serve the dashboard until Ctrl-C: to the person at this machine, or with logins."""
    if access_from and access is not None:
        raise InvalidValue("give the access settings by --access or --access-from, not both")
    return serve(
        store_url,
        port=port,
        browser=browser,
        videos=videos,
        host=host,
        access=access,
        phones=phones,
        access_from=access_from,
        secrets=os.environ.get(SECRETS_VARIABLE),
    )


def serve(
    store_url: str | None,
    *,
    port: int | None,
    browser: bool,
    videos: Sequence[Path] = (),
    host: str = THIS_MACHINE,
    access: Path | None = None,
    phones: bool = False,
    access_from: str | None = None,
    secrets: str | None = None,
) -> int:
    """Runs the dashboard's server in a child process; returns its exit code.

    Args:
        store_url: the store; None for the user's default store.
        port: port to listen on; None for 8501, or the next free one.
        browser: whether to open a browser.
        videos: folders and files of recordings to show beside their curves.
        host: address to listen on.
        access: file of access settings; None only serves the person at this machine.
        phones: whether phones of the local network are let in as cameras.
        access_from: URL of the access settings in S3, in place of a file.
        secrets: what Streamlit's secrets file would contain; None where it has one.

    Raises:
        InvalidValue: the dashboard's extra is not installed, a folder in `videos` does not exist, or other people would
            be served without access settings, with invalid ones, without login or logout, or with a weak link secret.
        StoreUnavailable: the store cannot be opened.
    """
    if util.find_spec("streamlit") is None:
        raise InvalidValue("the dashboard needs Streamlit: install Houselights with its extra `dashboard`")
    for place in videos:
        if not place.exists():
            raise InvalidValue(f"--videos {place} does not exist; give the folder of the recordings")
    store_at(store_url).close()  # reports errors of the store here, not on a page
    if phones:
        _announce_phones()
    with server_settings(access_from, secrets, lambda line: click.echo(line, err=True)) as given:
        access = given.access or access
        command = [sys.executable, "-m", "streamlit", "run", str(resources.files("dashboard") / "app.py")]
        command += ["--server.address", host, *_access_options(host, access), *given.options]
        if port is not None:
            command += ["--server.port", str(port)]
        environment = os.environ | {STORE_VARIABLE: store_url or default_store_url()}
        environment.pop(SECRETS_VARIABLE, None)
        if access is not None:
            environment[ACCESS_VARIABLE] = str(access.absolute())
        if browser and access is None:
            environment[BROWSER_VARIABLE] = "yes"
        if phones:
            environment[PHONES_VARIABLE] = "yes"
        if videos:
            environment[VIDEOS_VARIABLE] = os.pathsep.join(str(place.absolute()) for place in videos)
        with stopped_by_signal() as stop, subprocess.Popen(command, env=environment) as process:
            # Stopping this command stops the server too; on Ctrl-C the terminal also signals Streamlit.
            return wait_for(process, stop)


def _announce_phones() -> None:
    """Prints where phones reach this computer, and what they will warn of."""
    from dashboard.own_certificate import local_addresses, own_certificate

    addresses = local_addresses()
    if not addresses:
        raise InvalidValue("--phones: this computer is in no network; join the one that the phones are in")
    certificate = own_certificate(addresses)
    click.echo(
        f"Phones can be cameras, at {', '.join(addresses)}: their links are on the page Operate, under “Phone camera”. "
        "A phone warns once that nobody vouches for this computer. Its certificate's SHA-256 fingerprint is\n"
        f"{certificate.fingerprint}"
    )


def _access_options(host: str, access: Path | None) -> list[str]:
    """Streamlit's options for access; refuses to serve other people without logins, and prints the address."""
    from dashboard.access.limits import is_loopback

    if access is None:
        if not is_loopback(host) and host != "localhost":
            raise InvalidValue(
                f"--host {host} would show the pages to everybody who can reach it: set who may see what with "
                "--access FILE"
            )
        if host not in (THIS_MACHINE, "localhost"):
            # Streamlit treats a page at any other address as another site's.
            raise InvalidValue(
                f"--host {host} cannot be used: without --access, pages are only served at {THIS_MACHINE}"
            )
        return []
    from dashboard.access.ended_logins import EndedLogins
    from dashboard.access.secrets import check_sign_in, share_secret
    from dashboard.access.settings import read_settings

    settings = read_settings(access.absolute())
    if settings.ended_logins is not None:
        EndedLogins(settings.ended_logins).check()
    share_secret()  # reports a secret that is too short here, not when somebody opens a link
    check_sign_in(settings)
    click.echo(f"Serving {settings.address} to the people in {access}, at {host}; stop with Ctrl-C.")
    # Streamlit's welcome message looks up this machine's public address on the internet.
    return ["--server.allowedHosts", settings.host, "--logger.hideWelcomeMessage", "true"]
