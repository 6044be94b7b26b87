"""The Scenes page and the planner as people meet them, and what they download there."""

from __future__ import annotations

import csv
import io
import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Download, Page, expect

from tests.dashboard.test_in_a_browser import PHONE, scrolls_sideways

pytestmark = pytest.mark.browser

CHART = ".stVegaLiteChart :is(canvas, svg)"
TALK = "scenes?only=talk-1"


def content(download: Download) -> bytes:
    return Path(download.path()).read_bytes()


def test_what_is_downloaded_holds_the_figures_on_the_screen(opened: Callable[..., Page]) -> None:
    page = opened(TALK)
    page.get_by_text("All figures").click()
    region = page.get_by_role("region", name="Scenes and expressions")
    expect(region.get_by_role("row")).to_have_count(4)
    shown = {row.split("\t")[0]: row.split("\t") for row in region.inner_text().splitlines()[1:]}
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Everything (.zip)").click()
    assert download.value.suggested_filename == "houselights-scenes.zip"
    with zipfile.ZipFile(io.BytesIO(content(download.value))) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("scenes.csv").decode("utf-8-sig"))))
        manifest = json.loads(archive.read("manifest.json"))
        assert b"Live demo" in archive.read("scenes.svg")
        assert archive.read("scenes.parquet")[:4] == b"PAR1"
    assert [row["scene"] for row in rows] == list(shown) == ["Welcome", "Live demo", "Thanks"]
    for row in rows:
        share, low, high = (round(100 * float(row[name])) for name in ("share", "share_low", "share_high"))
        assert shown[row["scene"]][2] == f"{share} % ({low} to {high} %)"
        assert shown[row["scene"]][4] == f"{float(row['faces']):.0f}"
    assert manifest["address"] == TALK
    assert [session["session_id"] for session in manifest["sessions"]] == ["talk-1"]
    page.get_by_text("Every file").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="scenes.csv").click()
    alone = csv.DictReader(io.StringIO(content(download.value).decode("utf-8-sig")))
    # It names units in its columns, as no dictionary goes with it.
    assert [[*row.values()] for row in alone] == [[*row.values()] for row in rows]


def test_the_arrow_saves_the_chart_as_it_looks(opened: Callable[..., Page]) -> None:
    page = opened(TALK)
    chart = page.locator(".stVegaLiteChart")
    expect(page.locator(CHART).first).to_be_visible()
    box = chart.bounding_box()
    assert box is not None
    chart.hover()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as PNG").click()
    picture = content(download.value)
    assert picture[1:4] == b"PNG"
    assert struct.unpack(">II", picture[16:24])[0] > 1.8 * box["width"]


@pytest.mark.parametrize("path", [TALK, f"{TALK}&view=Norms", "planner"])
def test_the_chart_is_seen_on_a_phone_without_scrolling_either_way(opened: Callable[..., Page], path: str) -> None:
    page = opened(path, **PHONE)
    expect(page.locator(CHART).first).to_be_visible()
    box = page.locator(".stVegaLiteChart").bounding_box()
    assert box is not None
    assert box["y"] + 120 < PHONE["height"]
    assert not scrolls_sideways(page)


def test_the_view_that_is_chosen_stands_in_the_address(opened: Callable[..., Page]) -> None:
    page = opened(TALK)
    page.get_by_role("radio", name="Synchrony").click()
    expect(page.get_by_text("No single face of this screening is kept")).to_be_visible()
    page.wait_for_url("**view=synchrony**")
