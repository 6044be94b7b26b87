"""A page that shows nothing but the player, for the tests in a browser; run by Streamlit, never imported.

`?case=` names what is shown, `?t=` the second to begin at, `?video=` the fingerprint of the recording, and `?title=`
what everything is called.
"""

from __future__ import annotations

import json
from datetime import UTC
from html import escape

import numpy as np
import streamlit as st

from audience.reaction.curve import StageWindows, reaction_curve, smoothed_curve, stage_windows
from audience.window_table import WindowTable
from audience.windows import WindowRecord
from dashboard.charts.theme import palette_of
from dashboard.player.player import Curves, Line, Marker, Range, packed_markers, player
from dashboard.recordings import NoVideo, Video, library
from tests.builders import (
    SCORER,
    a_cue,
    a_head_count,
    a_session,
    a_stage,
    a_timeline,
    after_ms,
    an_exclusion,
    counted,
)

TALK = (
    ("Welcome", 0, 200),
    ("Why bridges hum", 200, 780),
    ("Damping, and what it costs", 780, 1300),
    ("Demo", 1300, 1760),
    ("What went wrong in 2019", 1760, 2300),
    ("Questions", 2300, 3060),
)
MARKERS = (
    Marker(at_s=751, kind="peak", title="43 % of 61 faces smiled, far more than around it"),
    Marker(at_s=1530, kind="peak", title="The demo falls over"),
    Marker(at_s=1548, kind="turn", title="It came down faster than anywhere else"),
    Marker(at_s=2050, kind="dip", title="Hardly any face smiled"),
    Marker(at_s=2700, kind="note", title="Lights went on"),
)
MOMENTS = ((90, 0.25, 20), (751, 0.5, 16), (1530, 0.62, 12), (2480, 0.35, 60))


def a_talk(seconds: int) -> list[WindowRecord]:
    """One window a second: laughs where `MOMENTS` has them, nobody from 31:40 on, three faces from 38:20 on."""
    chance = np.random.default_rng(1)
    at = np.arange(seconds)
    share = 0.12 + sum(height * np.exp(-(((at % 3060 - middle) / width) ** 2)) for middle, height, width in MOMENTS)
    seen = np.clip(np.round(58 + 6 * np.sin(at / 400) + chance.normal(0, 1.5, seconds)), 0, 70).astype(int)
    seen[1900:1930] = 0
    seen[2300:2420] = 3
    smiling = chance.binomial(seen, np.clip(share, 0, 1))
    return [
        WindowRecord(
            session_id="talk-1",
            stage_id="main",
            camera_id="cam-1",
            start_ms=after_ms(int(second)),
            part="0",
            faces=int(faces),
            expected=72,
            tallies={"smile": counted(int(smiles), int(faces))} if faces else {},
            scorer=SCORER,
        )
        for second, faces, smiles in zip(at, seen, smiling, strict=True)
        if not 2800 <= second < 2840
    ]


def a_few(seconds: int) -> list[WindowRecord]:
    """Six faces, of which none smiles in the first half, and all in the second."""
    return [
        WindowRecord(
            session_id="talk-1",
            stage_id="main",
            camera_id="cam-1",
            start_ms=after_ms(second),
            faces=6,
            expected=6,
            tallies={"smile": counted(6 * (second >= seconds // 2), 6)},
            scorer=SCORER,
        )
        for second in range(seconds)
    ]


def lines(windows: StageWindows) -> tuple[Line, ...]:
    """Half of the faces look surprised while the curve is drawn smooth, all of them while it is drawn raw."""
    half, whole = np.full(len(windows.start_ms), 0.5), np.ones(len(windows.start_ms))
    half[1000:1100] = whole[1000:1100] = np.nan
    usual = np.full(len(windows.start_ms), 0.25)
    return (
        Line(name="surprised", kind="expression", smooth=half, raw=whole),
        Line(name="calm", kind="expression", smooth=half / 2, raw=half),
        Line(name="whole talk", kind="baseline", smooth=usual, raw=usual),
    )


def usual_range(windows: StageWindows) -> Range:
    """From a tenth to three tenths, all along."""
    low = np.full(len(windows.start_ms), 0.1)
    return Range(name="Range of 3", low=low, high=3 * low)


case = st.query_params.get("case", "talk")
title = st.query_params.get("title")
slides = a_timeline(*((title or usual, start, end) for usual, start, end in TALK))
markers = [Marker(at_s=one.at_s, kind=one.kind, title=title or one.title) for one in MARKERS]
stage = a_stage(
    timelines=[] if case == "bare" else [slides],
    cues=[a_cue(240, 0), a_cue(1800, 1000)] if case == "pause" else [],
    exclusions=[an_exclusion(600, 690, title=title or "Projector failed")],
)
if case == "heads":
    records = [a_head_count(second, heads=20 + second // 60) for second in range(900)]
    session = a_session(mode="head count", country="DE", setting="workplace")
else:
    records = a_few(3060) if case == "few" else a_talk(3 * 3600 if case == "long" else 3060)
    session = a_session()
windows = stage_windows(session, stage, [], WindowTable.of(records))
smoothing_s = st.select_slider("Averaged over", [5.0, 15.0, 60.0], value=15.0, key="over")
curves = None
if case != "heads":
    curves = Curves(
        smooth=smoothed_curve(windows, "smile", smoothing_s),
        raw=reaction_curve(windows, "smile"),
        smoothing_s=smoothing_s,
        lines=lines(windows) if case == "lines" else (),
        usual=usual_range(windows) if case == "lines" else None,
    )
fingerprint = st.query_params.get("video")
video: Video | NoVideo = NoVideo(reason="No recording was scored on this stage.")
if fingerprint and library().find(fingerprint):
    video = Video(url=f"/recordings/{fingerprint}", starts_s=float(st.query_params.get("starts", 0)))
start = st.query_params.get("t")
noted = player(
    windows,
    curves,
    markers=[] if case in ("bare", "heads") else [one for one in markers if one.kind == "note"],
    video=video,
    start_s=float(start) if start else None,
    palette=palette_of(st.context.theme.type),
    zone=UTC,
    notes=True,
    key="player",
)
runs = st.session_state["runs"] = st.session_state.get("runs", 0) + 1
st.text(f"runs {runs}")
st.text(f"noted {noted}")
# As pages do it: what there is to point at comes after the curve.
if case not in ("bare", "heads") and (case != "later" or st.button("Point it out")):
    listed = escape(json.dumps(packed_markers([one for one in markers if one.kind != "note"])))
    st.html(f'<ol data-markers="{listed}"></ol>')
# What names a second leads there: a list of this page, and a component of its own.
st.html('<a href="?t=1800" data-seek="1800">Half an hour</a>')
