"""Comparisons of two groups, and the people behind them, worked out once for every viewer."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from audience.comparing.comparison import Comparison, compare, people
from audience.comparing.cuts import Cut, Edit, SharedAxis
from audience.comparing.tracks import tracks_of
from dashboard.data import store_url
from dashboard.lab import data
from dashboard.lab.film_axis import FilmAxis
from dashboard.lab.laying import Laid
from dashboard.lab.selection import Screening

Floats = NDArray[np.float64]

_KEPT_S = 300
_SEED = 20_260_504  # so that everybody is told the same p


def compared(a: Floats, b: Floats, axis: FilmAxis) -> Comparison:
    """Compares units along what is shared.

    Args:
        a, b: (units, c) along all of the axis.
        axis: theirs.
    """
    return _compared(a[:, axis.at], b[:, axis.at], axis.shared.edits, axis.shared.cell_s)


def people_of(laid: Laid, screening: Screening) -> Floats:
    """(tracks, c) mean confidence of the people of one screening along the axis; none where faces are not kept."""
    cut = laid.cuts[screening.key]
    axis = laid.axis.own if cut == "A" else laid.axis.shared
    units = _people(store_url(), screening.marks, laid.expression, axis.edits, axis.cell_s, cut, screening)
    return units if cut == "A" else laid.axis.on_own(units)


@st.cache_resource(ttl=_KEPT_S, max_entries=16, show_spinner=False)
def _people(
    url: str, marks: str, expression: str, edits: tuple[Edit, ...], cell_s: float, cut: Cut, _screening: Screening
) -> Floats:
    tracks = tracks_of(_screening.windows, data.faces(_screening), _screening.cameras, expression)
    return people(tracks, _screening.windows, SharedAxis.of(edits, cell_s), cut)


@st.cache_resource(max_entries=64, show_spinner=False)
def _compared(a: Floats, b: Floats, edits: tuple[Edit, ...], cell_s: float) -> Comparison:
    return compare(a, b, SharedAxis.of(edits, cell_s), seed=_SEED)
