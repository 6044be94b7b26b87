"""What all tests share: how hypothesis runs, how long anything may take, and a real browser."""

from __future__ import annotations

import functools
import gc
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser import ARGUMENTS, HOW_TO, browser_path
from tests.examples import register_profiles
from tests.limits import Limits
from tests.ticking import slowdown

register_profiles()

Opened = TypeVar("Opened", BrowserContext, Page)

_PAGE_S = 60.0
_QUICK = ("tests/architecture/", "tests/audience/")


def pytest_configure(config: pytest.Config) -> None:
    """Limits count seconds of a machine that does nothing else."""
    config.pluginmanager.register(Limits())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of quick tests come last: where several run at once, none is left alone with a long one at the end."""
    items.sort(key=lambda item: item.nodeid.startswith(_QUICK))


def pytest_collection_finish() -> None:
    """What every test would do anew, at half of the time of those that ask an emulated AWS, is done once."""
    # Each session of boto3 reads the models of its services from disk, and takes them apart; they are the same for all.
    if (botocore := sys.modules.get("botocore.session")) is not None:
        botocore.create_loader = functools.cache(botocore.create_loader)
    # Modules and tests stay to the end: no garbage collection has to look at each of their objects again.
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Native libraries complain at the end of a process about what was never freed."""
    gc.unfreeze()


def pytest_runtest_setup() -> None:
    """Nor does a page fail because the machine draws others beside it."""
    expect.set_options(timeout=_PAGE_S * 1000 * slowdown())


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real browser. Without one the tests are skipped on a person's machine, and fail where CI is to run them."""
    path = browser_path()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(HOW_TO)
        pytest.skip(HOW_TO)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        browser.new_context = _patient(browser.new_context)  # type: ignore[method-assign]
        browser.new_page = _patient(browser.new_page)  # type: ignore[method-assign]
        yield browser
        browser.close()


def _patient(opens: Callable[..., Opened]) -> Callable[..., Opened]:
    """Opens a window or page that is waited for as long as `expect` waits."""

    def opened(**how: Any) -> Opened:
        one = opens(**how)
        one.set_default_timeout(_PAGE_S * 1000 * slowdown())
        return one

    return opened
