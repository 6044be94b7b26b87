"""The operator's page of one stage, of 200, and of 200 with 20 cameras each: how soon it is drawn, how much is sent.

A viewer is a connection that asks as a browser does. Every camera reports and records while it looks, and some of them
are dark, late or dead, so that what is sent again is what an evening sends again. Of what is sent each time
22 kB are the table's own script, which Streamlit sends with every drawing.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg

from audience.alerts import default_rules
from audience.sessions import Session, Stage
from audience.store import Store
from audience.stores import open_store
from audience.time import to_ms
from bench.figures import Figure
from bench.viewing import connected, drawn, server_of
from dashboard.pages.operate.data import SHARED_MS
from tests.builders import a_camera, a_heartbeat, a_scorer, a_session, a_window
from tests.dashboard.conftest import SERVER, serving

SESSION: Final = "operate-bench"
SIZES: Final = ((1, 4, 1.0, 0.5, 25.0), (200, 4, 2.0, 1.0, 100.0), (200, 20, 2.0, 1.0, 100.0))
"""Stages, cameras of each, and what to reach: first picture and drawn again, s, and kB sent each time."""

REFRESHES: Final = 8
_FACES, _SMILING = 12, 3
_RECORDED_S: Final = 90
_UNSHARED_S: Final = SHARED_MS / 1000
"""After this long, a viewer is not shown what was read for another."""


def figures() -> Iterator[Figure]:
    """The figures of this part."""
    for stages, cameras, first_s, refresh_s, refresh_kb in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            url = f"sqlite:///{folder}/bench.db"
            with serving(SERVER, HOUSELIGHTS_STORE=url) as address, open_store(url) as store:
                yield from asyncio.run(_looked(address, store, stages, cameras, first_s, refresh_s, refresh_kb))


async def _looked(
    address: str, store: Store, stages: int, cameras: int, first_s: float, refresh_s: float, refresh_kb: float
) -> list[Figure]:
    put_festival(store, stages, cameras)
    # What is loaded once a server, whoever comes first.
    warming = await connected(address)
    await drawn(warming, _request())
    await warming.close()
    put_reports(store, stages, cameras)
    await asyncio.sleep(_UNSHARED_S)
    connection = await connected(address)
    began = time.monotonic()
    messages = await drawn(connection, _request())
    first = time.monotonic() - began
    first_bytes = sum(message.ByteSize() for message in messages)
    part = next(one.auto_rerun.fragment_id for one in messages if one.WhichOneof("type") == "auto_rerun")
    took, busy, sent = [], [], []
    server = server_of(address)
    for _ in range(REFRESHES):
        put_reports(store, stages, cameras)
        await asyncio.sleep(_UNSHARED_S)
        began, before = time.monotonic(), server.cpu_times()
        messages = await drawn(connection, _request(part))
        after = server.cpu_times()
        busy.append(after.user + after.system - before.user - before.system)
        took.append(time.monotonic() - began)
        sent.append(sum(message.ByteSize() for message in messages))
    await connection.close()
    of = f"Operate, {stages} {'stage' if stages == 1 else 'stages'}, {cameras} cameras each"
    return [
        Figure(name=f"{of}: first picture", value=first, unit="s", reach=first_s, direction="at most"),
        Figure(name=f"{of}: sent for it", value=first_bytes / 1000, unit="kB"),
        Figure(
            name=f"{of}: drawn again, median",
            value=float(np.median(took)),
            unit="s",
            reach=refresh_s,
            direction="at most",
        ),
        Figure(name=f"{of}: processor of the server each time", value=float(np.median(busy)), unit="s"),
        Figure(
            name=f"{of}: sent each time",
            value=float(np.median(sent)) / 1000,
            unit="kB",
            reach=refresh_kb,
            direction="at most",
        ),
    ]


def put_festival(store: Store, stages: int, cameras: int = 4, *, session_id: str = SESSION) -> Session:
    """A festival under way with so many stages, whose cameras have recorded for a while and report."""
    now = datetime.now(UTC)
    began = replace(a_session(session_id, title="Two hundred stages", started_at=now - timedelta(hours=1)))
    session = replace(began, kind="festival")
    store.put_scorer(a_scorer())
    store.put_session(session)
    for rule in default_rules():
        store.alerting.put(session_id, rule)
    for number in range(stages):
        store.put_stage(session_id, Stage(stage_id=_stage_id(number), title=f"Stage {number + 1}"))
        for camera in range(cameras):
            store.put_camera(session_id, _stage_id(number), a_camera(f"cam-{camera + 1}"))
    put_reports(store, stages, cameras, session_id=session_id, recorded_s=_RECORDED_S)
    return session


def put_reports(store: Store, stages: int, cameras: int = 4, *, session_id: str = SESSION, recorded_s: int = 2) -> None:
    """What every camera reports now, with the last seconds it recorded: one in ten is dark, late or dead."""
    now_ms = to_ms(datetime.now(UTC)) // 1000 * 1000
    windows = []
    for number in range(stages):
        for camera in range(cameras):
            which = (number * cameras + camera) % 30
            ago_ms = {3: 300_000, 13: 15_000}.get(which, 0)
            beat = a_heartbeat(session_id, _stage_id(number), f"cam-{camera + 1}")
            store.put_heartbeat(
                replace(
                    beat,
                    at_ms=now_ms - ago_ms,
                    last_window_ms=now_ms - 2000 - ago_ms,
                    brightness=0.01 if which == 23 else 0.5,
                    sharpness=0.6,
                    detector="centerface-1",
                    scorer="expressionnet-2",
                )
            )
            if not ago_ms:
                windows += [
                    a_window(
                        start_ms=now_ms - second * 1000,
                        of=_FACES,
                        smiling=_SMILING,
                        session_id=session_id,
                        stage_id=_stage_id(number),
                        camera_id=f"cam-{camera + 1}",
                    )
                    for second in range(1, recorded_s + 1)
                ]
    store.put_windows(windows)


def _stage_id(number: int) -> str:
    return f"stage-{number + 1}"


def _request(part: str = "") -> BackMsg:
    """What a browser sends for the whole page, or for the part that is drawn again by itself."""
    asked = BackMsg()
    asked.rerun_script.page_name = "operate"
    asked.rerun_script.query_string = f"session={SESSION}"
    asked.rerun_script.fragment_id = part
    asked.rerun_script.is_auto_rerun = bool(part)
    return asked
