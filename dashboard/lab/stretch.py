"""The stretch that is looked at: a brush over the chart and a slider under it are one, and it stands in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor
from typing import Any

import streamlit as st

from audience.time import clock_text

STEP_S = 5

_NAME = "stretch"
_DRAWN = "stretch-drawn"  # how often the stretch was set from elsewhere, each time for a slider of its own
_HOW = "Draw over a stretch with the brush (the brackets above the chart), or move the ends of the slider."


def chosen_stretch(until_s: float) -> tuple[float, float]:
    """The stretch, seconds; from 0 to `until_s` where nobody chose one."""
    places = _places(until_s)
    first, last = _chosen(places)
    return float(places[first]), min(float(places[last]), until_s)


def slider(until_s: float) -> None:
    """The slider: for those without a mouse, and to widen the stretch again."""
    places = _places(until_s)
    whole = _whole(places)
    with st.container(horizontal=True, vertical_alignment="bottom", key="stretch-row"):
        st.select_slider(
            "Stretch looked at, in chart and tables", list(places), value=_set(places), key=_key(), help=_HOW
        )
        chosen = _chosen(places)
        if chosen != whole:
            st.button("Whole length", on_click=_draw, args=(whole,))
    if (told := [] if chosen == whole else list(chosen)) != st.query_params.get_all(_NAME):
        st.query_params[_NAME] = told


def brushed(event: Mapping[str, Any], until_s: float) -> None:
    """Takes what was drawn over the chart as the stretch."""
    areas = event["selection"]["areas"]
    if areas:
        low_ms, high_ms = areas[-1]["coord_range"][:2]
        places = list(_places(until_s))
        first = min(max(floor(low_ms / 1000 / STEP_S), 0), len(places) - 2)
        last = min(max(ceil(high_ms / 1000 / STEP_S), first + 1), len(places) - 1)
        _draw((places[first], places[last]))


def _draw(stretch: tuple[str, str]) -> None:
    st.query_params[_NAME] = list(stretch)
    st.session_state[_DRAWN] = st.session_state.get(_DRAWN, 0) + 1


def _key() -> str:
    return f"{_NAME}-{st.session_state.get(_DRAWN, 0)}"


def _chosen(places: Mapping[str, int]) -> tuple[str, str]:
    """As the slider stands, or will stand once it is shown."""
    return _valid(st.session_state.get(_key(), ()), places) or _set(places)


def _set(places: Mapping[str, int]) -> tuple[str, str]:
    """As the address says."""
    return _valid(st.query_params.get_all(_NAME), places) or _whole(places)


def _valid(told: Sequence[str], places: Mapping[str, int]) -> tuple[str, str] | None:
    """A stretch of this film; None where it is none: of a film that was looked at before, or written by hand."""
    if len(told) == 2 and set(told) <= set(places) and places[told[0]] < places[told[1]]:
        return told[0], told[1]
    return None


def _whole(places: Mapping[str, int]) -> tuple[str, str]:
    first, *_, last = places
    return first, last


def _places(until_s: float) -> dict[str, int]:
    """Where the slider can stand: the seconds, by how they are written."""
    return {clock_text(second): second for second in range(0, STEP_S * (ceil(until_s / STEP_S) + 1), STEP_S)}
