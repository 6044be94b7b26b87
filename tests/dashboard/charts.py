"""What a chart draws, read from its definition: its frames, its layers and the labels of its axes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import altair as alt
import pandas as pd


def datasets(chart: alt.LayerChart) -> list[pd.DataFrame]:
    """The frames of a chart's layers, each once, in the order of the layers."""
    found: dict[int, pd.DataFrame] = {}
    for part in [chart, *chart.layer]:
        if isinstance(part.data, pd.DataFrame):
            found.setdefault(id(part.data), part.data)
    return list(found.values())


def layers(chart: alt.LayerChart, mark: str) -> list[dict[str, Any]]:
    """The layers of a kind of mark, from the lowest up."""
    return [layer for layer in chart.to_dict()["layer"] if layer["mark"]["type"] == mark]


def labels_at(chart: alt.LayerChart, channel: str = "x") -> list[tuple[float, str]]:
    """Where the first labelled axis of a channel has its labels, and what they are."""
    return next(_labels(chart.to_dict()["layer"], channel))


def _labels(found: list[dict[str, Any]], channel: str) -> Iterator[list[tuple[float, str]]]:
    for layer in found:
        axis = layer.get("encoding", {}).get(channel, {}).get("axis") or {}
        if match := re.fullmatch(r"(\[.*\])\[indexof\(.*\)\]", axis.get("labelExpr", "")):
            yield list(zip(axis["values"], json.loads(match[1]), strict=True))
