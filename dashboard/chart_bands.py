"""Faint bands behind a chart: what was shown, and the stretches that have no figure, each with its name."""

from __future__ import annotations

from typing import Any

from audience.curve import StageWindows
from dashboard.palette import Palette
from dashboard.stretches import FEW, SHOWN, runs, state_names, states

Options = dict[str, Any]

# Pixels a plot is wide on a usual screen. A guess, as the width is known only in the browser; labels are cut to their
# bands, so a wrong guess costs a few letters.
_PLOT_PX = 1080
_SHORTEST_LABEL_PX = 36
# More marks than this would be a wash: the longest stretches are marked.
_MOST_MARKS = 150


def bands(windows: StageWindows, palette: Palette) -> Options:
    """All bands of a stage as an ECharts markArea.

    Segments alternate between a faint tint and none, so that each edge shows, with their titles at the top. A stretch
    without a figure lies over them, named at the bottom.
    """
    length_s = float(windows.session_s[-1] - windows.session_s[0]) + windows.width_ms / 1000
    data = []
    for index, first, last in runs(windows.segment):
        if index >= 0:
            tint = palette.segment if index % 2 == 0 else "transparent"
            data.append(_band(windows, first, last, windows.segment_title(index), tint, "insideTop", length_s))
    stretches = [run for run in runs(states(windows)) if run[0] != SHOWN]
    stretches.sort(key=lambda run: run[1] - run[2])
    for state, first, last in stretches[:_MOST_MARKS]:
        tint = palette.withheld if state == FEW else palette.unseen
        data.append(_band(windows, first, last, state_names(windows)[state], tint, "insideBottom", length_s))
    return {
        "silent": True,
        "label": {"show": True, "color": palette.quiet, "fontSize": 11},
        "emphasis": {"disabled": True},
        "data": data,
    }


def legend(windows: StageWindows) -> str:
    """What the shading says, for those who cannot read its labels; empty where nothing is shaded."""
    state = states(windows)
    unseen = [name for kind, name in state_names(windows).items() if kind != FEW and (state == kind).any()]
    told = [f"Grey: {' or '.join(unseen)}."] if unseen else []
    if (state == FEW).any():
        told.append(f"Blue-grey: {state_names(windows)[FEW]}.")
    return " ".join(told)


def _band(
    windows: StageWindows, first: int, last: int, name: str, tint: str, position: str, length_s: float
) -> list[Options]:
    """One band from the start of window `first` to the end of window `last`."""
    start_s = float(windows.session_s[first])
    end_s = float(windows.session_s[last]) + windows.width_ms / 1000
    width_px = (end_s - start_s) / length_s * _PLOT_PX
    label = {"position": position, "width": round(width_px) - 6, "overflow": "truncate", "ellipsis": "…"}
    return [
        {
            "name": name if width_px >= _SHORTEST_LABEL_PX else "",
            "xAxis": start_s * 1000,
            "itemStyle": {"color": tint},
            "label": label,
        },
        {"xAxis": end_s * 1000},
    ]
