"""A bar for what takes a while, and nothing for what does not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

# A bar that comes and goes at once would only be a flicker.
_WORTH_A_BAR_S = 0.4


@contextmanager
def bar(words: str) -> Iterator[Callable[[float], None]]:
    """Gives what is to be called with the part that is done, 0..1; the bar goes when the context does.

    Args:
        words: what is being done, as "Reading 12 sessions".
    """
    place = st.empty()
    began = time.monotonic()

    def told(part: float) -> None:
        if time.monotonic() - began > _WORTH_A_BAR_S:
            place.progress(part, words)

    try:
        yield told
    finally:
        place.empty()
