"""The expressions a face can show, in the order records, pages and exports give them."""

from __future__ import annotations

EXPRESSIONS: tuple[str, ...] = (
    "smile",
    "happy",
    "surprised",
    "calm",
    "sad",
    "angry",
    "confused",
    "disgusted",
    "fear",
)

# Expressions are kept in records by their code, so this table may grow but never change.
CODES: dict[str, int] = {name: code for code, name in enumerate(EXPRESSIONS)}

# What "an audience reacting" is told by where nothing else is asked for.
LEAD_EXPRESSION = "smile"
