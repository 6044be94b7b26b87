"""What charts share: axes, the words of their shading, and colours that stand out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from audience.reaction.curve import stage_windows
from audience.window_table import WindowTable
from dashboard.chart_axes import share_axis, time_axis
from dashboard.charts.theme import DARK, LIGHT
from dashboard.stretches import legend
from tests.builders import a_session, a_stage, a_window


def test_what_the_shading_says_is_said_in_words_too() -> None:
    def said(*records: Any) -> str:
        return legend(stage_windows(a_session(), a_stage(), [], WindowTable.of(records)))

    seen = a_window(0, smiling=5, of=10)
    assert said(seen, a_window(1, of=0), a_window(3, smiling=2, of=3), a_window(4, smiling=5, of=10)) == (
        "Grey: nobody in view or no picture. Blue-grey: too few faces to show a share (fewer than 5)."
    )
    assert said(seen) == ""


@pytest.mark.parametrize(("hours", "label"), [(0.5, "{m}:{ss}"), (3, "{H}:{mm}:{ss}"), (30, "day {d}, {H}:{mm}")])
def test_the_axis_reads_as_a_duration_however_long_it_is(hours: float, label: str) -> None:
    axis = time_axis(0, (0.0, hours * 3_600_000), True, LIGHT)
    assert axis["axisLabel"]["formatter"] == label


def test_what_was_seen_before_the_session_is_on_the_axis_and_has_no_label() -> None:
    axis = time_axis(0, (-3000.0, 5000.0), True, LIGHT)
    assert (axis["min"], axis["axisLabel"]["customValues"]) == (-3000, [0, 5000])


@pytest.mark.parametrize(("highest", "top"), [(float("nan"), 100), (10, 50), (90, 100)])
def test_the_share_is_always_measured_from_zero_to_a_half_or_the_whole(highest: float, top: int) -> None:
    axis = share_axis(highest, LIGHT)
    assert (axis["min"], axis["max"]) == (0, top)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_lines_stand_out_from_the_page(palette: Any) -> None:
    page = "#fbf9f5" if palette is LIGHT else "#16131b"
    assert min(_contrast(colour, page) for colour in (palette.curve, palette.faces, *palette.beside)) >= 3
    assert min(_contrast(colour, page) for colour in (palette.ink, palette.quiet)) >= 4.5


def _contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (WCAG 2.1)."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
