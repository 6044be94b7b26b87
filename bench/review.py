"""The review of a session: how soon its page stands and answers, what a viewer and an archive cost, and whether what
the statistics say holds.

Everything is simulated. Pages are opened in a real browser on the machine that serves them. A figure of a page is the
median of five; each is drawn by a server that was just started and has shown another page. It takes about six minutes.
"""

from __future__ import annotations

from bench.figures import Parts
from bench.review_parts.archive import answers, exports
from bench.review_parts.pages import pictures_from_dynamodb, pictures_from_sqlite, seeks
from bench.review_parts.statistics import cuts_told_apart, moments_told
from bench.review_parts.viewers import memory_per_viewer

NEEDS = ("browser", "dynalite")

PARTS: Parts = {
    "pictures_from_sqlite": pictures_from_sqlite,
    "pictures_from_dynamodb": pictures_from_dynamodb,
    "seeks": seeks,
    "memory_per_viewer": memory_per_viewer,
    "answers": answers,
    "exports": exports,
    "moments_told": moments_told,
    "cuts_told_apart": cuts_told_apart,
}
