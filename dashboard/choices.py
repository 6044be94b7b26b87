"""Choices that are called by words: the address of a page holds their keys, which are the same in every language.

Streamlit can bind a widget to the address, and then writes what the choice is called there. A link would open another
choice for whoever reads another language.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import Any, Literal, TypeVar

import streamlit as st

from audience.faces import LEAD_EXPRESSION
from audience.language import ENGLISH, gettext, using
from dashboard.wording import expression_name

Option = TypeVar("Option", bound=str | float)


def choose(
    label: str,
    options: Sequence[Option],
    *,
    key: str,
    usual: Option,
    name: Callable[[Option], str],
    labelled: bool = True,
    width: int | Literal["stretch"] = "stretch",
) -> Option:
    """Shows a select box whose choice the address holds.

    Args:
        label: of the box; for screen readers alone unless it is `labelled`.
        options, key, usual, name: see `take_from_address`.
        labelled: whether the label is shown.
        width: of the box, pixels.
    """
    take_from_address(key, options, usual, name)
    return st.selectbox(
        label,
        options,
        format_func=name,
        key=key,
        on_change=put_into_address,
        args=(key, usual),
        label_visibility="visible" if labelled else "collapsed",
        width=width,
    )


def choose_segment(
    label: str,
    options: Sequence[Option],
    *,
    key: str,
    usual: Option,
    name: Callable[[Option], str],
    labelled: bool = True,
) -> Option:
    """Shows all options side by side, one of them chosen; as `choose` otherwise."""
    take_from_address(key, options, usual, name)
    chosen: Option | None = st.segmented_control(
        label,
        options,
        required=True,
        format_func=name,
        key=key,
        on_change=put_into_address,
        args=(key, usual),
        label_visibility="visible" if labelled else "collapsed",
    )
    return usual if chosen is None else chosen


def lead_of(expressions: Sequence[str]) -> str:
    """The expression to show where nobody chose one."""
    return LEAD_EXPRESSION if LEAD_EXPRESSION in expressions else expressions[0]


def choose_expression(expressions: Sequence[str], experimental: Container[str], *, width: int) -> str:
    """Shows the chooser of an expression.

    Args:
        expressions: to choose from, one at least.
        experimental: those whose accuracy is not established; their names say so.
        width: of the chooser, pixels.
    """

    def name_of(expression: str) -> str:
        return expression_name(expression, experimental=expression in experimental)

    usual = lead_of(expressions)
    return choose(
        gettext("Expression"), expressions, key="expression", usual=usual, name=name_of, labelled=False, width=width
    )


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
