"""A slide, as every reader of decks gives it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Slide:
    """A slide that is not hidden.

    Attributes:
        number: its place in the deck, from 1; hidden slides count.
        title: its title; "Slide 7" where it has none.
        shown_s: rehearsed time, seconds, over 0; None where none was saved.
        notes: speaker notes; "" for none.
        pages: the pages of the deck, printed as PDF without hidden slides, that show it, from 0: one, or in a PDF one
            for each step in which it is built up.
    """

    number: int
    title: str
    shown_s: float | None
    notes: str = ""
    pages: tuple[int, ...] = ()

    @property
    def page_name(self) -> str:
        """What stands for its picture until that is drawn: the page on which all of it is shown; "" for none."""
        return f"page {self.pages[-1]}" if self.pages else ""
