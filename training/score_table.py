"""The table of a scorer's confidences that the corrected share needs, from faces of people it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

INTERVALS: Final = 20
"""Intervals of confidence, of about equally many faces of both kinds together, which count alike."""

_ADDED: Final = 0.5  # faces added to each interval, so that none is empty


def score_table(shows: NDArray[np.bool_], confidence: NDArray[np.float64], people: Sequence[str]) -> dict[str, Any]:
    """Measures the table of one expression, as `audience.reaction.corrected_share.ScoreTable` reads it.

    Args:
        shows: n, whether each face shows the expression.
        confidence: n, the scorer's confidence of it, 0..1.
        people: n, who each face is of.

    Returns:
        A JSON object for the model file's metadata.
    """
    weight = np.where(shows, 0.5 / shows.sum(), 0.5 / (~shows).sum())
    order = np.argsort(confidence, kind="stable")
    reached = np.cumsum(weight[order])
    inner = confidence[order][np.searchsorted(reached, np.arange(1, INTERVALS) / INTERVALS)]
    edges = np.unique(np.concatenate([[0.0], inner.round(6), [1.0]]))
    counts = [np.histogram(confidence[kind], edges)[0] + _ADDED for kind in (shows, ~shows)]
    showing, others = (count / count.sum() for count in counts)
    # The part of those showing it among both, made monotone with the least change (pool adjacent violators).
    both = showing + others
    part = isotonic_regression(showing / both, weights=both).x
    showing, others = both * part, both * (1 - part)
    named = np.asarray(people)
    return {
        "edges": edges.tolist(),
        "showing": [float(f"{fraction:.7g}") for fraction in showing / showing.sum()],
        "others": [float(f"{fraction:.7g}") for fraction in others / others.sum()],
        "people_showing": len(set(named[shows].tolist())),
        "people_others": len(set(named[~shows].tolist())),
    }
