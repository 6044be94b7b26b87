"""Serves the page that shows nothing but the player, and recordings beside it, for the tests in a browser."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard.recording_route import recording_routes

app = st.App(Path(__file__).with_name("player_page.py"), routes=recording_routes(["127.0.0.1"]))
