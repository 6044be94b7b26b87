"""Asks the viewer what an imported file means, where its times have several meanings."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import markup
from dashboard.pages.timeline.desk import Desk
from dashboard.wording import plain
from timeline_files.answers import Question


def ask(desk: Desk) -> None:
    """Shows the questions about what came in last, each with its choices, and what was left out.

    A question without whose answer nothing was read stands as a warning; for another the likeliest answer is chosen. A
    chosen answer is kept in the desk, and the page runs again to read the file with it.
    """
    for place, question in enumerate(desk.asked):
        if not question.choices:
            st.html(markup.note(question.saw))
            continue
        answer = _choice(question, key=f"question-{desk.arrivals}-{place}")
        if answer is not None and answer != question.taken:
            desk.answers = (*_without(desk.answers, question), answer)
            st.rerun()


def _choice(question: Question, *, key: str) -> str | None:
    answers = [answer for answer, _ in question.choices]
    meanings = dict(question.choices)
    return st.radio(
        plain(question.saw + ("." if question.taken else ": which is it?")),
        answers,
        index=None if question.taken is None else answers.index(question.taken),
        format_func=lambda answer: plain(meanings[answer][:1].upper() + meanings[answer][1:]),
        key=key,
    )


def _without(answers: Sequence[str], question: Question) -> tuple[str, ...]:
    """The answers given, without those to one question."""
    return tuple(answer for answer in answers if answer not in dict(question.choices))
