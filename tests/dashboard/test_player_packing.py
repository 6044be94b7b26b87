"""What the player is given: every peak, every gap, every title, in little room."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from audience.percents import SHARE_PARTS
from audience.reaction.curve import ReactionCurve, StageWindows, reaction_curve, smoothed_curve, stage_windows
from audience.window_table import WindowTable
from dashboard.charts.theme import LIGHT
from dashboard.player.player import NO_COVERAGE, NOTHING, Curves, Line, Marker, packed
from dashboard.recordings import NoVideo, Video
from tests.builders import (
    BEGAN_MS,
    a_cue,
    a_head_count,
    a_session,
    a_stage,
    a_timeline,
    a_window,
    an_exclusion,
)

NONE = NoVideo(reason="none")


def windows_of(*smiling: int | None, of: int = 20, **stage: Any) -> StageWindows:
    """One window a second, of 20 faces; None where no camera looked."""
    records = [a_window(at, smiling=k, of=of) for at, k in enumerate(smiling) if k is not None]
    return stage_windows(a_session(), a_stage(**stage), [], WindowTable.of(records))


def curves_of(windows: StageWindows, smoothing_s: float = 5) -> Curves:
    return Curves(
        smooth=smoothed_curve(windows, "smile", smoothing_s),
        raw=reaction_curve(windows, "smile"),
        smoothing_s=smoothing_s,
    )


def given_to_player(windows: StageWindows, curves: Curves | None = None, **more: Any) -> dict[str, Any]:
    """What is packed, after its way through JSON."""
    curves = curves_of(windows) if curves is None else curves
    return dict(json.loads(json.dumps(packed(windows, curves, palette=LIGHT, zone=UTC, **{"video": NONE, **more}))))


def numbers(text: str, kind: str = "<u2") -> list[int]:
    return list(np.frombuffer(b64decode(text), dtype=kind).tolist())


def shares(text: str) -> list[float]:
    return [np.nan if part == NOTHING else part / SHARE_PARTS for part in numbers(text)]


def test_the_curve_goes_in_smooth_and_raw_with_its_band_and_its_gaps() -> None:
    windows = windows_of(5, 10, None, 20, 0)
    data, curves = given_to_player(windows), curves_of(windows)
    for level, curve in (("smooth", curves.smooth), ("raw", curves.raw)):
        for name, line in (("share", curve.share), ("low", curve.share_low), ("high", curve.share_high)):
            np.testing.assert_allclose(shares(data[level][name]), line, atol=1 / SHARE_PARTS)
    assert shares(data["raw"]["share"])[:2] == [0.25, 0.5]
    assert numbers(data["faces"]) == [20, 20, NOTHING, 20, 20]
    assert numbers(data["coverage"], "<u1") == [100, 100, NO_COVERAGE, 100, 100]
    assert data["at"] is None


def test_lines_beside_the_curve_go_in_with_their_gaps() -> None:
    windows = windows_of(5, 10, 15)
    smooth, raw = np.array([0.1, np.nan, 0.3]), np.array([0.2, 0.4, np.nan])
    line = Line(name="calm", kind="expression", smooth=smooth, raw=raw)
    (packed_line,) = given_to_player(windows, replace(curves_of(windows), lines=(line,)))["lines"]
    assert (packed_line["name"], packed_line["kind"]) == ("calm", "expression")
    np.testing.assert_allclose(shares(packed_line["smooth"]), smooth)
    np.testing.assert_allclose(shares(packed_line["raw"]), raw)


def test_without_smoothing_the_curve_goes_in_once() -> None:
    windows = windows_of(1, 2, 3)
    assert given_to_player(windows, curves_of(windows, 0))["raw"] is None


@given(
    st.integers(50, 600).flatmap(
        lambda n: arrays.arrays(np.float64, n, elements=st.one_of(st.floats(0, 1, width=32), st.just(np.nan)))
    ),
    st.integers(30, 120),
)
def test_of_a_long_session_every_peak_and_every_gap_goes_in(share: np.ndarray, most: int) -> None:
    windows = windows_of(*[3] * len(share))
    flat = reaction_curve(windows, "smile")
    raw = ReactionCurve(expression="smile", share=share, share_low=share, share_high=share, level=share)
    data = given_to_player(windows, Curves(smooth=flat, raw=raw, smoothing_s=5), most=most)
    at = np.arange(len(share)) if data["at"] is None else np.array(numbers(data["at"], "<u4"))
    sent = np.array(shares(data["raw"]["share"]))
    assert (np.diff(at) > 0).all()
    np.testing.assert_allclose(sent, share[at], atol=1 / SHARE_PARTS)
    gap = np.isnan(share)
    if (~gap).any():
        assert np.nanmax(sent) == pytest.approx(np.nanmax(share), abs=1 / SHARE_PARTS)
        assert np.nanmin(sent) == pytest.approx(np.nanmin(share), abs=1 / SHARE_PARTS)
    edges = np.flatnonzero(gap[1:] != gap[:-1])
    assert set(edges) | set(edges + 1) <= set(at.tolist())


def test_three_hours_go_in_whole_and_take_less_than_a_quarter_of_a_megabyte() -> None:
    record = a_window(0, smiling=3, of=12)
    records = [replace(record, start_ms=BEGAN_MS + 1000 * at) for at in range(3 * 3600)]
    windows = stage_windows(a_session(), a_stage(), [], WindowTable.of(records))
    data = given_to_player(windows)
    assert data["at"] is None
    assert len(json.dumps(data)) < 250_000


def test_gaps_of_one_or_two_seconds_are_bridged_between_their_neighbours_and_longer_ones_are_not() -> None:
    windows = windows_of(5, None, 7, None, None, 9, None, None, None, 4)
    data = given_to_player(windows)
    assert numbers(data["raw"]["bridges"], "<u4") == [0, 2, 2, 5]
    assert shares(data["raw"]["share"])[1] != shares(data["raw"]["share"])[1], "a bridge is no figure"
    assert numbers(given_to_player(windows_of(5, 6, 7))["raw"]["bridges"], "<u4") == []


def test_what_somebody_left_out_is_never_bridged() -> None:
    data = given_to_player(windows_of(*[5] * 10, exclusions=[an_exclusion(4, 5)]))
    assert numbers(data["raw"]["bridges"], "<u4") == []


def test_a_bridge_of_a_long_session_ends_on_its_own_windows() -> None:
    windows = windows_of(*[None if at == 150 else 1 + at % 7 for at in range(300)])
    data = given_to_player(windows, most=60)
    at = numbers(data["at"], "<u4")
    assert [at[end] for end in numbers(data["raw"]["bridges"], "<u4")] == [149, 151]


def test_the_axis_fits_the_smooth_curve_and_in_a_closer_look_the_raw_one() -> None:
    windows = windows_of(*[2, 2, 18, 2, 2] * 12, of=20)
    levels = given_to_player(windows)["levels"]
    assert levels["smooth"][0] == levels["raw"][0] == 0
    assert levels["smooth"][-1] < levels["raw"][-1] == 1
    curve = curves_of(windows).smooth
    assert np.nanmax(curve.share_high) <= levels["smooth"][-1]


def test_the_gap_of_a_pause_is_called_a_break_and_after_which_slide() -> None:
    slides = a_timeline(("One", 0, 20), ("Two", 20, 200))
    empty = [a_window(at, smiling=0, of=0) for at in range(20, 140)]
    seen = [a_window(at, smiling=5, of=20) for at in (*range(20), *range(140, 200))]
    stage = a_stage(timelines=[slides], cues=[a_cue(0, 0), a_cue(140, 20)])
    data = given_to_player(stage_windows(a_session(), stage, [], WindowTable.of([*seen, *empty])))
    ((*_, name),) = data["gaps"]
    assert name == "2-minute break after slide 1"


def test_titles_go_in_as_they_are_and_never_as_markup() -> None:
    nasty = "<img src=x onerror=alert(1)>"
    windows = windows_of(
        *[3] * 10, timelines=[a_timeline((nasty, 0, 10))], exclusions=[an_exclusion(2, 4, title=nasty)]
    )
    data = given_to_player(windows, markers=[Marker(at_s=1, kind="peak", title=nasty)])
    assert data["segments"] == [[0, 10, nasty, 1]]
    assert data["gaps"] == [[2, 4, "excluded", f"left out: {nasty}"]]
    assert data["markers"] == [{"at_s": 1, "kind": "peak", "name": "Peak", "title": nasty}]


def test_each_stretch_without_a_figure_says_why() -> None:
    records = [a_window(at, smiling=0, of=(20, 0, 3, 20)[at // 10]) for at in range(40) if at // 5 != 6]
    data = given_to_player(stage_windows(a_session(), a_stage(), [], WindowTable.of(records)))
    assert data["gaps"] == [
        [10, 20, "unseen", "nobody in view"],
        [20, 30, "withheld", "too few faces to show a share (fewer than 5)"],
        [30, 35, "unseen", "no picture"],
    ]


def test_what_was_shown_is_known_through_a_pause() -> None:
    slides = a_timeline(("One", 0, 20), ("Two", 20, 60))
    windows = windows_of(*[3] * 60, timelines=[slides], cues=[a_cue(10, 0), a_cue(40, 20)])
    data = given_to_player(windows)
    assert data["shown"] == [[10, 30, -10], [40, 60, -20]]
    assert data["segments"] == [[10, 30, "One", 1], [40, 60, "Two", 2]]


def test_a_timeline_that_begins_within_a_window_begins_with_that_window() -> None:
    windows = windows_of(*[3] * 30, timelines=[a_timeline(("One", 0, 60))], cues=[a_cue(10.4, 0)])
    assert given_to_player(windows)["shown"] == [[10, 30, -10.4]]


def test_where_nothing_was_shown_there_is_nothing_to_look_up() -> None:
    assert given_to_player(windows_of(1, 2, 3))["shown"] == []


def test_heads_go_in_without_a_curve() -> None:
    table = WindowTable.of([a_head_count(at, heads=7) for at in range(10)])
    windows = stage_windows(a_session(mode="head count"), a_stage(), [], table)
    data = dict(packed(windows, None, video=NONE, palette=LIGHT, zone=UTC))
    assert (data["smooth"], data["raw"], data["gaps"]) == (None, None, [])
    assert numbers(data["faces"]) == [7] * 10


def test_somebody_never_becomes_nobody_by_rounding() -> None:
    records = [a_window(at, smiling=0, of=1 if at == 0 else 0) for at in range(60)]
    windows = stage_windows(a_session(), a_stage(), [], WindowTable.of(records), width_ms=60_000)
    data = given_to_player(
        windows, Curves(smooth=reaction_curve(windows, "smile"), raw=reaction_curve(windows, "smile"), smoothing_s=0)
    )
    assert max(numbers(data["faces"])) == 1


def test_the_zone_the_words_and_the_recording_go_along() -> None:
    windows = windows_of(1, 2, 3)
    video = Video(url="/recordings/abc", starts_s=-3.5)
    data = packed(windows, curves_of(windows), video=video, palette=LIGHT, zone=ZoneInfo("Europe/Rome"), start_s=2)
    assert (data["zone"], data["began_ms"], data["start_s"]) == ("Europe/Rome", BEGAN_MS, 2)
    assert data["video"] == {"url": "/recordings/abc", "starts_s": -3.5}
    assert data["words"] == {
        "smooth": "Share of faces that smile, averaged over 5 s",
        "raw": "Share of faces that smile, second by second",
        "doing": "smile",
    }
