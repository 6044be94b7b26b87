"""Pictures as a phone's page sends them: portraits side by side."""

from __future__ import annotations

import http.client
import json
from typing import Any

import cv2
import numpy as np

from tests.portraits import portrait
from tests.ticking import limit_s

PAGE = "0123456789abcdef"
_SIDE, _STEP = 240, 250


def picture(faces: int) -> bytes:
    """A JPEG of 1280 x 720 with so many portraits, at most five."""
    image = np.full((720, 1280, 3), 60, np.uint8)
    for place in range(faces):
        left = 15 + place * _STEP
        image[200 : 200 + _SIDE, left : left + _SIDE] = portrait(_SIDE)
    encoded, content = cv2.imencode(".jpg", image)
    assert encoded
    return content.tobytes()


def asked(
    address: str | tuple[str, int], method: str, path: str, body: bytes | None = None
) -> tuple[int, dict[str, Any]]:
    """What a server answers: status and JSON."""
    where = (address.removeprefix("http://"), None) if isinstance(address, str) else address
    connection = http.client.HTTPConnection(*where, timeout=limit_s())
    connection.request(method, path, body)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, json.loads(content or b"{}")


def sent(
    address: str | tuple[str, int], token: str, jpeg: bytes, *, page: str = PAGE, began: bool = False
) -> tuple[int, dict[str, Any]]:
    """What a server answers to a picture."""
    return asked(address, "POST", f"/camera/{token}/picture?page={page}&began={int(began)}", jpeg)
