"""Public boards on this machine: made by the cloud's functions, at the addresses of the cloud's distribution."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from dataclasses import replace

from audience.board.snapshot import read_snapshot
from audience.stores import open_store
from audience.time import from_ms
from board_page.page import page
from houselights.local_cloud.boards import making_boards
from houselights.local_cloud.cloud import LocalCloud
from tests.builders import a_camera, a_session, a_stage, a_window
from tests.ticking import until


def answered(address: str, **headers: str) -> tuple[int, bytes, str]:
    """Status, body and policy of an answer."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers)) as answer:
            return answer.status, answer.read(), answer.headers["Content-Security-Policy"]
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read(), ""


def test_a_festival_in_the_table_has_its_board_at_the_address_that_it_has_in_the_cloud(cloud: LocalCloud) -> None:
    now_ms = time.time_ns() // 1_000_000
    second_ms = now_ms - now_ms % 1000
    with open_store(cloud.store_url) as store:
        store.put_session(replace(a_session("fete", started_at=from_ms(second_ms - 120_000)), kind="festival"))
        store.put_stage("fete", a_stage("barn", title="Barn"))
        store.put_camera("fete", "barn", a_camera())
        at = {"session_id": "fete", "stage_id": "barn"}
        store.put_windows(
            [a_window(smiling=20, of=40, start_ms=second_ms - 1000 * ago, **at) for ago in range(100, 0, -1)]
        )
    with making_boards(cloud) as address:
        snapshot = f"{address}/live/fete/live.json"
        until(lambda: answered(snapshot)[0] == 200)
        first = read_snapshot(answered(snapshot)[1])
        assert [(row.stage_id, row.title, row.faces) for row in first.stages] == [("barn", "Barn", 40)]
        assert answered(f"{address}/live/fete") == (200, page().body, page().policy)
        until(lambda: read_snapshot(answered(snapshot)[1]).as_of_ms > first.as_of_ms)
        for nothing in ("/live/talk/live.json", "/page/fete", "/parts/fete/0"):
            assert answered(address + nothing)[0] == 404, nothing
    with open_store(cloud.store_url) as store:
        store.delete_session("fete")
