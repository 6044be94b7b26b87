"""The dashboard's server: pages, the public board, recordings and share links.

`streamlit run dashboard/app.py`, or `houselights dashboard`; any ASGI server can run `dashboard.app:app` too.
"""

from __future__ import annotations

import os
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware

from audience.time import to_ms
from board_page.page import page
from dashboard.access.gate import Gate
from dashboard.access.identity import asked_as
from dashboard.access.link_route import link_routes
from dashboard.access.login_redirect import LoginRedirect
from dashboard.access.permits import THE_PUBLIC
from dashboard.access.provider import ProviderApart
from dashboard.pages.board.data import boards
from dashboard.pages.board.routes import BoardBeforePages, board_routes
from dashboard.pages.board.snapshots import Snapshots
from dashboard.pages.bring.routes import incoming_routes
from dashboard.pages.camera.routes import camera_routes
from dashboard.pages.desk.routes import desk_routes
from dashboard.pages.household.routes import household_routes
from dashboard.pages.join.routes import join_routes
from dashboard.pages.watch.routes import watch_routes
from dashboard.phone_listener import listener
from dashboard.phone_process import phones
from dashboard.photos import photos
from dashboard.recording_route import recording_routes
from dashboard.scoring_process import scoring


@asynccontextmanager
async def running(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Scores what is in the queue and looks at phones' pictures for as long as the server runs; opens a browser once it
    listens, where one is wanted.

    Streamlit itself is kept from it: it would ask for an e-mail address first, and offer people who look at a talk to
    install something for programmers.
    """
    if os.environ.get("HOUSELIGHTS_OPEN_BROWSER"):
        webbrowser.open(f"http://127.0.0.1:{st.get_option('server.port')}")
    if os.environ.get("HOUSELIGHTS_PHONES"):
        listener().open()
    with scoring().running(), phones().running():
        yield {}
    listener().close()


def now_ms() -> int:
    """The wall clock, milliseconds since the epoch."""
    return to_ms(datetime.now(UTC))


public_board = asked_as(THE_PUBLIC, boards().document)
hosts = st.get_option("server.allowedHosts")
app = st.App(
    Path(__file__).parent / "pages" / "navigation.py",
    routes=[
        *recording_routes(hosts),
        *incoming_routes(hosts),
        *camera_routes(hosts),
        *link_routes(),
        *join_routes(photos(), hosts),
        *desk_routes(hosts),
        *household_routes(hosts),
        *watch_routes(hosts),
    ],
    middleware=[
        Middleware(Gate),
        Middleware(LoginRedirect),
        Middleware(ProviderApart),
        Middleware(BoardBeforePages, routes=board_routes(page(), Snapshots(public_board, now_ms), hosts)),
    ],
    lifespan=running,
)
