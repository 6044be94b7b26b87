"""The server of the dashboard: the pages, and beside them what is no page.

`streamlit run dashboard/asgi.py`, or `houselights dashboard`; any ASGI server can run `dashboard.asgi:app` too.
"""

from __future__ import annotations

import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.recording_route import recording_routes


@asynccontextmanager
async def browser_opened(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Opens a browser once the server listens, as Streamlit does for a bare script."""
    if not st.get_option("server.headless"):
        webbrowser.open(f"http://127.0.0.1:{st.get_option('server.port')}")
    yield {}


app = st.App(
    Path(__file__).parent / "app.py",
    routes=recording_routes(st.get_option("server.allowedHosts")),
    lifespan=browser_opened,
)
