"""Faint bands behind a chart: what was shown, and the stretches that have no figure, each with its name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audience.curve import StageWindows
from dashboard.palette import Palette

Options = dict[str, Any]

# Pixels a plot is wide on a usual screen. A guess, as the width is known only in the browser; labels are cut to their
# bands, so a wrong guess costs a few letters.
_PLOT_PX = 1080
_SHORTEST_LABEL_PX = 36
# More marks than this would be a wash: the longest stretches are marked.
_MOST_MARKS = 150

_SHOWN, _NOBODY, _DARK, _FEW = range(4)


def bands(windows: StageWindows, palette: Palette) -> Options:
    """All bands of a stage as an ECharts markArea.

    Segments alternate between a faint tint and none, so that each edge shows, with their titles at the top. A stretch
    without a figure lies over them, named at the bottom.
    """
    length_s = float(windows.session_s[-1] - windows.session_s[0]) + windows.width_ms / 1000
    data = []
    for index, first, last in _runs(windows.segment):
        if index >= 0:
            tint = palette.segment if index % 2 == 0 else "transparent"
            data.append(_band(windows, first, last, windows.segment_title(index), tint, "insideTop", length_s))
    stretches = [run for run in _runs(_state(windows)) if run[0] != _SHOWN]
    stretches.sort(key=lambda run: run[1] - run[2])
    for state, first, last in stretches[:_MOST_MARKS]:
        tint = palette.withheld if state == _FEW else palette.unseen
        data.append(_band(windows, first, last, _names(windows)[state], tint, "insideBottom", length_s))
    return {
        "silent": True,
        "label": {"show": True, "color": palette.quiet, "fontSize": 11},
        "emphasis": {"disabled": True},
        "data": data,
    }


def legend(windows: StageWindows) -> str:
    """What the shading says, for those who cannot read its labels; empty where nothing is shaded."""
    state = _state(windows)
    unseen = [name for kind, name in _names(windows).items() if kind != _FEW and (state == kind).any()]
    told = [f"Grey: {' or '.join(unseen)}."] if unseen else []
    if (state == _FEW).any():
        told.append(f"Blue-grey: {_names(windows)[_FEW]}.")
    return " ".join(told)


def _names(windows: StageWindows) -> dict[int, str]:
    return {
        _NOBODY: "nobody in view",
        _DARK: "no camera",
        _FEW: f"too few faces to show a share (fewer than {windows.min_faces})",
    }


def _state(windows: StageWindows) -> NDArray[np.int64]:
    """(n,) why a window has no figure."""
    state = np.full(len(windows.start_ms), _SHOWN, dtype=np.int64)
    if windows.session.mode != "head count":
        state[windows.withheld] = _FEW
    state[windows.faces == 0] = _NOBODY
    state[np.isnan(windows.faces)] = _DARK
    return state


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


def _runs(values: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Stretches of equal values: the value, and the first and last place of each."""
    edges = np.flatnonzero(np.diff(values)) + 1
    starts = np.concatenate([[0], edges])
    ends = np.concatenate([edges, [len(values)]]) - 1
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        yield int(values[start]), start, end
