"""Charts as files: SVG and PNG of the very charts that pages show, made without a browser.

vl-convert makes them in a process of its own: it brings a JavaScript engine that keeps 80 to 560 MB for as long as its
process lives, and it aborts that process where a text holds what XML may not.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from importlib.util import find_spec
from threading import Lock, Timer
from typing import Any, Final, Literal

import altair as alt
import pandas as pd

from audience.errors import ExportFailed
from dashboard.charts.axes import HOVER
from dashboard.charts.theme import LIGHT, drawable

_ID: Final = re.compile(r'(?<=["#])(?:clip|gradient_)\d+')
_ASTRAL: Final = re.compile("[\U00010000-\U0010ffff]")
_PNG_SCALE: Final = 2.0
# Without a home folder it would ask the system for one, over a socket.
_ENVIRONMENT: Final = {"HOME": "/nonexistent"}
_WITHIN_S: Final = 120.0
# Altair's version of Vega-Lite, which vl-convert has among others. Nothing is fetched: a chart names no address.
_PROGRAM: Final = """
import base64, json, select, sys
sys.path[:] = {path!r}
import vl_convert
vl_convert.register_font_directory({fonts!r})
while select.select([sys.stdin], [], [], 60)[0] and (line := sys.stdin.buffer.readline()):
    request = json.loads(line)
    convert = getattr(vl_convert, "vegalite_to_" + request["kind"])
    try:
        options = dict(vl_version="6.4", allowed_base_urls=[], **request["options"])
        made = [convert(spec, **options) for spec in request["specs"]]
    except ValueError:
        made = []
    made = [base64.b64encode(one.encode() if isinstance(one, str) else one).decode() for one in made]
    print(json.dumps(made) if made else "", flush=True)
"""


def svgs(charts: Sequence[alt.LayerChart], widths: Sequence[int], says: str) -> list[bytes]:
    """Charts as SVG files on white paper. The same chart makes the same bytes.

    Args:
        charts: in light colours.
        widths: of each, pixels, everything included.
        says: what they show, for those who cannot see it.

    Raises:
        ExportFailed: they cannot be drawn.
    """
    label = f' role="img" aria-label="{escape(says)}"><title>{escape(says)}</title>'
    drawn = _converted("svg", [_still(*one) for one in zip(charts, widths, strict=True)])
    return [drawable(_numbered(one.decode()).replace(">", label, 1)).encode() for one in drawn]


def _numbered(drawn: str) -> str:
    """The SVG with ids from 0: vl-convert counts them through the life of its process."""
    places = {name: place for place, name in enumerate(dict.fromkeys(_ID.findall(drawn)))}
    return _ID.sub(lambda name: f"part{places[name[0]]}", drawn)


def svg(chart: alt.LayerChart, *, width: int, says: str) -> bytes:
    """One chart as an SVG file; see `svgs`."""
    return svgs([chart], [width], says)[0]


def png(chart: alt.LayerChart, *, width: int) -> bytes:
    """A chart as a PNG file on white paper, twice as many pixels wide as `width`; otherwise as `svgs`."""
    return _converted("png", [_still(chart, width)], scale=_PNG_SCALE)[0]


def _still(chart: alt.LayerChart, width: int) -> Any:
    """The definition of a chart without its hover layer.

    Rows are put in by hand: Altair refuses a frame over 5,000 rows (its switch for that is global), and checks every
    row that stands inline against its schema, which takes seconds.
    """
    rows: dict[int, Any] = {}
    still = _named(chart, rows)
    still.layer = [_named(layer, rows) for layer in chart.layer if not str(layer.name).startswith(HOVER)]
    still.width, still.params = width, alt.Undefined
    spec = still.to_dict()
    spec["config"]["background"] = LIGHT.paper
    return _drawable(spec | {"datasets": {f"rows-{place}": one for place, one in enumerate(rows.values())}})


def _named(chart: Any, rows: dict[int, Any]) -> Any:
    """A copy that calls its rows by their place in `rows`, to which they are added once for each frame."""
    chart = chart.copy(deep=False)
    if isinstance(frame := chart.data, pd.DataFrame):
        if id(frame) not in rows:
            rows[id(frame)] = json.loads(frame.to_json(orient="records", double_precision=6))
        chart.data = alt.NamedData(name=f"rows-{list(rows).index(id(frame))}")
    return chart


def _drawable(spec: Any) -> Any:
    """Part of a definition, its texts reduced to what can be drawn."""
    if isinstance(spec, dict):
        return {name: _drawable(value) for name, value in spec.items()}
    if isinstance(spec, list):
        return [_drawable(value) for value in spec]
    return drawable(spec) if isinstance(spec, str) else spec


def _converted(kind: Literal["svg", "png"], specs: Sequence[Any], **options: float) -> list[bytes]:
    """Converts definitions into files of one kind.

    Raises:
        ExportFailed: they cannot be drawn.
        ModuleNotFoundError: vl-convert is not installed.
    """
    if find_spec("vl_convert") is None:
        raise ModuleNotFoundError(name="vl_convert")
    request = json.dumps({"kind": kind, "specs": specs, "options": options}, ensure_ascii=False)
    # vl-convert may cut a title in the middle of an emoji, which are two characters to it, and draws nothing then.
    for text in dict.fromkeys([request, _ASTRAL.sub("\N{WHITE SQUARE}", request)]):
        if made := _converter.convert(text):
            return [b64decode(one) for one in json.loads(made)]
    raise ExportFailed(f"the chart could not be drawn as {kind.upper()}; its figures are in the tables beside it")


class _Converter:
    """The process that draws. It ends with this one, and after a minute without a request."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()

    def convert(self, request: str) -> bytes:
        """The response to a request; empty where it cannot draw the charts, ends, or takes minutes."""
        with self._lock:
            # A process that has ended is started again.
            return self._request(request.encode()) or self._request(request.encode())

    def _request(self, line: bytes) -> bytes:
        if self._process is not None and self._process.poll() is not None:
            self._process.communicate()  # closes its pipes
            self._process = None
        if self._process is None:
            program = _PROGRAM.format(path=sys.path, fonts=str(files("font_source_sans_pro") / "files"))
            command = [sys.executable, "-I", "-c", program]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_ENVIRONMENT
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        late = Timer(_WITHIN_S, process.kill)
        late.start()
        try:
            process.stdin.write(line + b"\n")
            process.stdin.flush()
            response = process.stdout.readline()
        except OSError:
            response = b""
        finally:
            late.cancel()
        if not response:
            process.communicate()
            self._process = None
        return response.strip()


_converter = _Converter()
