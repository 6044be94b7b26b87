"""Every command in a network of its own and under a tracer: whom it turns to beyond this machine, and what it leaves.

What is documented is the table of `docs/privacy.md`, to which the tests hold each command by itself.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure
from bench.trust.shortfalls import named
from tests.outside.commands import every_command
from tests.outside.test_commands import DOCUMENTED, left
from tests.outside.tracing import what_is_missing


def figures() -> Iterator[Figure]:
    """What was seen of all of them.

    Raises:
        RuntimeError: this machine cannot trace.
        AssertionError: a command did not do what it was told.
    """
    if missing := what_is_missing():
        raise RuntimeError(missing)
    with tempfile.TemporaryDirectory() as folder:
        runs = every_command(Path(folder))
        beyond = [f"a page, {url}" for address, urls in runs.asked for url in urls if not _own(url, address)]
        elsewhere = set()
        for command, many in runs.seen.items():
            documented = DOCUMENTED[command][0] if command in DOCUMENTED else set()
            for seen in many:
                beyond += [f"{command}, {contact}" for contact in seen.contacts if contact.beyond_loopback]
                elsewhere |= {f"{command}, {file}" for file in left(runs, seen, documented) - documented}
    yield Figure(
        name="connections and look-ups beyond loopback, over all commands",
        value=named("beyond loopback", beyond),
        reach=0,
        direction="exactly",
    )
    yield Figure(
        name="files left outside the documented folders, over all commands",
        value=named("outside the documented folders", elsewhere),
        reach=0,
        direction="exactly",
    )


def _own(url: str, address: str) -> bool:
    """Whether a page asks its own server, or nobody."""
    return url.startswith((address, address.replace("http", "ws", 1), "data:", "blob:"))
