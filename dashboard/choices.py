"""Choices that are called by words: the address of a page holds their keys, which are the same in every language.

Streamlit can bind a widget to the address, and then writes what the choice is called there. A link would open another
choice for whoever reads another language.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

from audience.language import ENGLISH, using

Option = TypeVar("Option", str, int, float)


def take_from_address(key: str, options: Sequence[Option], usual: Option, name: Callable[[Any], str]) -> None:
    """Chooses what the address says, before the widget is drawn; use `put_into_address` when it changes.

    Args:
        key: of the widget, and of its value in the address.
        options: of the widget.
        usual: one of them, for an address that names none of them.
        name: what an option is called; addresses once had that, in English.
    """
    asked = st.query_params.get(key)
    found = next((one for one in options if str(one) == asked), None)
    if found is None and asked is not None:
        with using(ENGLISH):
            found = next((one for one in options if name(one) == asked), None)
    st.session_state[key] = usual if found is None else found


def put_into_address(key: str, usual: Option) -> None:
    """Writes a choice to the address; the usual one is left out.

    Args:
        key, usual: see `take_from_address`.
    """
    chosen = st.session_state[key]
    if chosen != usual:
        st.query_params[key] = str(chosen)
    elif key in st.query_params:
        del st.query_params[key]


def take_several_from_address(key: str, options: Sequence[str], most: int, name: Callable[[str], str]) -> None:
    """As `take_from_address`, for a widget with which several are chosen, none at first.

    Args:
        key, options, name: see there.
        most: as many are taken.
    """
    with using(ENGLISH):
        named = {name(one): one for one in options}
    asked = [one if one in options else named.get(one) for one in st.query_params.get_all(key)]
    st.session_state[key] = [one for one in dict.fromkeys(asked) if one is not None][:most]


def put_several_into_address(key: str) -> None:
    """Writes the choices to the address, one after another."""
    if chosen := st.session_state[key]:
        st.query_params[key] = chosen
    elif key in st.query_params:
        del st.query_params[key]
