"""A fake Rekognition with scripted answers, over real HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from audience.deliveries.grid import Grid
from tests.http_server import QuietHandler, http_server


@dataclass(slots=True)
class FakeRekognition:
    """Its address, its requests, and its next answer: a body, or an error's code and status."""

    address: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    def will_answer(self, faces: Sequence[Mapping[str, Any]]) -> None:
        self.answers.append((200, {"FaceDetails": list(faces)}))

    def will_fail(self, code: str, status: int = 400) -> None:
        self.answers.append((status, {"__type": code, "message": "no"}))


def a_found_face(
    grid: Grid,
    place: int,
    *,
    dx: float = 0.0,
    dy: float = 0.0,
    smile: tuple[bool, float] = (True, 98.0),
    emotions: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """A face as DetectFaces gives it, its centre (dx, dy) tiles off the middle of a tile."""
    columns, rows = grid.columns, grid.rows
    row, column = divmod(place, columns)
    width, height = 0.5 / columns, 0.6 / rows
    told = {"HAPPY": 91.0, "CALM": 9.0} if emotions is None else emotions
    return {
        "BoundingBox": {
            "Left": (column + 0.5 + dx) / columns - width / 2,
            "Top": (row + 0.5 + dy) / rows - height / 2,
            "Width": width,
            "Height": height,
        },
        "Smile": {"Value": smile[0], "Confidence": smile[1]},
        "Emotions": [{"Type": name, "Confidence": value} for name, value in told.items()],
        "Confidence": 99.9,
    }


@contextmanager
def running_rekognition() -> Iterator[FakeRekognition]:
    """One that runs until the context is left."""
    fake = FakeRekognition()

    class Answers(QuietHandler):
        def do_POST(self) -> None:
            body = json.loads(self.body())
            body["Image"]["Bytes"] = base64.b64decode(body["Image"]["Bytes"])
            fake.requests.append({"target": self.headers["X-Amz-Target"], **body})
            status, answer = fake.answers.pop(0) if len(fake.answers) > 1 else fake.answers[0]
            self.answer(status, json.dumps(answer).encode(), Content_Type="application/x-amz-json-1.1")

    with http_server(Answers) as fake.address:
        yield fake
