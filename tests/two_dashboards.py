"""Two servers of the same pages behind HAProxy, which `python -m tests.two_dashboards` gets, and a provider."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from bench.viewing import server_of
from tests.debian import install
from tests.ticking import exit_code, limit_s, until

CONFIGURATION = Path(__file__).parents[1] / "infra" / "container" / "haproxy.cfg"
HOW_TO = "a proxy is needed: on Debian `apt-get install haproxy`, on macOS `brew install haproxy`"
SHARE_SECRET = "a secret of share links, long enough"
COOKIE_SECRET = "a secret of cookies, which both servers share"
ACCESS = """
address = "{address}"
contact = "Ada, extension 12"
proxies = ["127.0.0.1"]
processes = 2

[[people]]
subject = "otto"
role = "operator"

[[people]]
group = "researchers"
role = "analyst"

[uploads]
"""
SECRETS = """
[auth]
redirect_uri = "{address}/oauth2callback"
cookie_secret = "{cookie}"
client_id = "houselights"
client_secret = "of no importance here"
server_metadata_url = "http://127.0.0.1:{provider}/.well-known/openid-configuration"
"""


def program() -> str | None:
    """The proxy's program on this machine; None where there is none."""
    return shutil.which("haproxy", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))


class Pair:
    """The two servers.

    Attributes:
        address: of the proxy, where people reach the pages.
        servers: the addresses of the servers themselves.
    """

    def __init__(self, address: str, servers: tuple[str, str]) -> None:
        self.address, self.servers = address, servers

    def kill(self, server: str) -> None:
        """Ends a server at once, as a lost machine would."""
        server_of(server).kill()


@contextmanager
def two_dashboards(folder: Path, store_url: str) -> Iterator[Pair]:
    """Both servers, the proxy and the provider, for as long as the context lasts.

    Without HAProxy the test is skipped, and fails on a machine that checks submissions (CI=true).

    Args:
        folder: for settings and logs.
        store_url: what both show.
    """
    found = program()
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(HOW_TO)
        pytest.skip(HOW_TO)
    port, provider, one, two = (_free_port() for _ in range(4))
    address = f"http://127.0.0.1:{port}"
    (folder / "access.toml").write_text(ACCESS.format(address=address))
    shared = os.environ | {
        "HOUSELIGHTS_SHARE_SECRET": SHARE_SECRET,
        "HOUSELIGHTS_SECRETS": SECRETS.format(address=address, cookie=COOKIE_SECRET, provider=provider),
    }
    houselights = [sys.executable, "-m", "houselights", "dashboard", "--access", "access.toml", "--store", store_url]
    otto = ["--user-claims", json.dumps({"sub": "otto"})]
    proxy = {"LISTEN": f"127.0.0.1:{port}", "ONE": f"127.0.0.1:{one}", "TWO": f"127.0.0.1:{two}"}
    with ExitStack() as ending:
        for command, listens, environment in (
            ([sys.executable, "-m", "oidc_provider_mock", "--port", str(provider), *otto], provider, None),
            ([*houselights, "--port", str(one)], one, shared),
            ([*houselights, "--port", str(two)], two, shared),
            ([found, "-db", "-f", str(CONFIGURATION)], port, os.environ | proxy),
        ):
            ending.enter_context(_running(command, listens, folder, environment))
        until(lambda: _is_well(address))
        yield Pair(address, (f"http://127.0.0.1:{one}", f"http://127.0.0.1:{two}"))


def sign_in(visitor: httpx.Client, at: Callable[[int], str], name: str = "otto") -> None:
    """Signs a visitor in.

    Args:
        visitor: keeps the cookies.
        at: the address that is asked in the first step, and in the second.
        name: theirs at the provider.
    """
    to_provider = visitor.get(f"{at(0)}/auth/login")
    agreed = visitor.post(to_provider.headers["location"], data={"sub": name})
    back = httpx.URL(agreed.headers["location"])
    callback = visitor.get(f"{at(1)}{back.raw_path.decode()}")
    assert callback.status_code in (302, 303, 307), callback.text


@contextmanager
def _running(command: list[str], port: int, folder: Path, environment: dict[str, str] | None) -> Iterator[None]:
    with (
        (folder / f"{port}.log").open("wb") as log,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            until(lambda: _listens(process, port, folder))
            yield
        finally:
            process.terminate()
            exit_code(process)


def _listens(process: subprocess.Popen[bytes], port: int, folder: Path) -> bool:
    assert process.poll() is None, (folder / f"{port}.log").read_text()
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _is_well(address: str) -> bool:
    try:
        return httpx.get(f"{address}/_stcore/health", timeout=limit_s()).status_code == 200
    except httpx.HTTPError:
        return False


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _get_it() -> None:
    """Installs Debian's where that is possible; what cannot be had is said, not failed."""
    if program() is None:
        install("haproxy", looked_for="HAProxy")
    if program() is None:
        print(f"The tests of two servers behind a proxy will be skipped: {HOW_TO}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    _get_it()
