"""Choosing the expression that a page of the lab is about."""

from __future__ import annotations

from collections.abc import Container, Sequence

import streamlit as st

from audience.faces import LEAD_EXPRESSION
from dashboard.wording import expression_name


def lead_of(expressions: Sequence[str]) -> str:
    """The expression of some, one at least, that is told of where nobody chose."""
    return LEAD_EXPRESSION if LEAD_EXPRESSION in expressions else expressions[0]


def choose_expression(expressions: Sequence[str], experimental: Container[str], *, width: int) -> str:
    """The one somebody chose.

    Args:
        expressions: to choose from, one at least.
        experimental: those whose accuracy is not established; their names say so.
        width: of the chooser, pixels.
    """
    return st.selectbox(
        "Expression",
        expressions,
        index=expressions.index(lead_of(expressions)),
        format_func=lambda name: expression_name(name, experimental=name in experimental),
        key="expression",
        bind="query-params",
        label_visibility="collapsed",
        width=width,
    )
