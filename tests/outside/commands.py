"""Every command as somebody would give it, in a network with loopback alone and under the tracer.

`GROUPS` holds them all, in an order in which each finds what it needs, in one home; who they are told to turn to are
stand-ins.

    every_command(folder).seen["score"]
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np

from edge_lambda.recording import open_recording
from tests.outside.stand_ins import BROKER, CAMERA, PORT, WEBHOOK
from tests.outside.tracing import Contact, Network, Seen, Traced, loopback_only
from tests.ticking import until

SECONDS = 4
SECRET = "a secret of share links, long enough"
PAGES = (
    "/",
    "/session?session=talk",
    "/compare",
    "/scenes",
    "/planner",
    "/timeline?session=talk",
    "/board",
    "/operate",
    "/bring",
)
_BRING = """
import http.client, json, pathlib, sys
from urllib.parse import urlsplit
content = pathlib.Path("FILE.mp4").read_bytes()
session = {"setting": "event", "title": "brought", "started_ms": 1777923000000}
form = {"file": {"name": "FILE.mp4", "size": len(content), "modified_ms": 0}, "session": session}
def ask(method, path, body, **headers):
    line = http.client.HTTPConnection(urlsplit(sys.argv[1]).netloc)
    line.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    return json.loads(line.getresponse().read())
answer = ask("POST", "/incoming", json.dumps(form))
while answer["wanted"]:
    first, until = answer["wanted"]
    said = f"bytes {first}-{until - 1}/{len(content)}"
    answer = ask("PATCH", "/incoming/" + answer["id"], content[first:until], Content_Range=said)
"""
_CLIP = f"""
from datetime import UTC, datetime
from pathlib import Path
from sample_data.clip import make_clip
make_clip(Path("FILE.mp4"), created_at=datetime(2026, 5, 4, tzinfo=UTC), seconds={SECONDS})
"""


class Runs:
    """What was seen of each command; `once` runs them.

    Attributes:
        seen: by what the command is called in docs/privacy.md.
        named: the stand-ins by name.
        asked: the address of the pages that a browser was shown, with what it asked for.
    """

    def __init__(self, network: Network, folder: Path) -> None:
        self.seen: dict[str, list[Seen]] = defaultdict(list)
        self.named = {
            Contact(CAMERA, PORT): "CAMERA",
            Contact(WEBHOOK, PORT): "WEBHOOK",
            Contact(BROKER, PORT): "BROKER",
        }
        self.asked: list[tuple[str, list[str]]] = []
        self.folder = folder
        self._network = network
        self._begun: set[Callable[[Runs], None]] = set()

    def once(self, group: Callable[[Runs], None]) -> None:
        """Runs a group of commands, unless that was done before.

        Raises:
            AssertionError: one did not do what it was told.
        """
        if group not in self._begun:
            self._begun.add(group)
            group(self)

    def run(self, name: str, *words: str, code: int = 0, **environment: str) -> None:
        """Runs a command to its end, which is to be a good one unless another code is given."""
        seen = self._network.run(words, self.folder, **environment)
        assert seen.code == code, seen.said
        self.seen[name].append(seen)

    def houselights(self, command: str, *words: str, name: str | None = None, **environment: str) -> None:
        """Runs `houselights COMMAND` to its end."""
        self.run(name or command, "-m", "houselights", command, *words, **environment)

    @contextmanager
    def serving(self, name: str, *words: str, **environment: str) -> Iterator[Traced]:
        """Runs a command that goes on until it is told to end, which it is with the context."""
        with self._network.starting(words, self.folder, **environment) as traced:
            yield traced
            traced.stop()
            seen = traced.seen()
        assert seen.code == 0, seen.said
        self.seen[name].append(seen)

    def visit(self, address: str, *paths: str) -> None:
        """Looks at pages in a real browser, untraced: it is the user's own."""
        words = [sys.executable, "-m", "tests.outside.visiting", address, *paths]
        printed = subprocess.run(self._network.command(words), stdout=subprocess.PIPE, text=True, check=True).stdout
        self.asked.append((address, json.loads(printed)))

    def bring(self, address: str) -> None:
        """Brings the clip to the pages as a browser does, untraced, and waits until it is scored."""
        words = self._network.command([sys.executable, "-c", _BRING, address])
        subprocess.run(words, cwd=self.folder / "cwd", check=True)
        brought = self.folder / "home" / ".local/share/houselights/houselights.db-recordings"
        until(lambda: any('"done"' in state.read_text() for state in brought.glob("*/state.json")))

    @contextmanager
    def stand_ins(self) -> Iterator[None]:
        """A camera, a webhook and a broker, for as long as the context lasts."""
        words = self._network.command([sys.executable, "-m", "tests.outside.stand_ins"])
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            assert process.stdout.readline() == "ready\n"
            try:
                yield
            finally:
                process.stdin.close()


@contextmanager
def commands_in(folder: Path) -> Iterator[Runs]:
    """A network in which commands can be run, and those whom they turn to.

    Args:
        folder: for all commands: home, temporary files, what they are told to write.
    """
    with loopback_only() as network:
        runs = Runs(network, folder)
        with runs.stand_ins():
            yield runs


def a_talk(runs: Runs) -> None:
    runs.run("demo", "-c", _CLIP)
    runs.houselights("score", "FILE.mp4", "--session", "talk", "--preview", "FILE-marked.mp4")
    runs.houselights("timeline", "talk", "FILE.mp4", "--scenes")
    runs.houselights("export", "talk", "--out", "DIR", "--format", "csv,parquet")
    runs.houselights("export", "--archive", "DIR/archive")
    runs.houselights("report", "talk", "--to", "FILE.pdf")
    # Too short for moments. That it shows many faces is what somebody allows here.
    words = ("--video", "FILE-marked.mp4", "--shows", "screen", "--offset", "0", "--faces-allowed")
    runs.houselights("highlights", "talk", *words, "--slides", "FILE.png")
    runs.houselights("convert", "FILE.mp4")
    runs.houselights("describe", "talk", "--city", "Lyon")
    runs.houselights("sessions")
    runs.houselights("share", "talk", "--at", "https://example.org", HOUSELIGHTS_SHARE_SECRET=SECRET)
    runs.houselights("doctor")


def a_camera(runs: Runs) -> None:
    camera = f"http://{CAMERA}:{PORT}/"
    # Too short to say where a room looks.
    runs.run("axis", "-m", "houselights", "axis", camera, "--seconds", "2", code=2)
    words = ("-m", "houselights", "watch", camera, "--session", "live", "--preview-port", "0")
    with runs.serving("watch", *words) as watch:
        watch.until("faces=1 ")
    runs.houselights("prepare", "--session", "hall")
    device = {"HOUSELIGHTS_SESSION": "hall", "HOUSELIGHTS_SOURCE": "file:FILE.mp4"}
    device |= {"HOUSELIGHTS_BUCKET": "dir:DIR/delivered", "HOUSELIGHTS_STATUS": f"mqtt://{BROKER}:{PORT}"}
    device |= {"HOUSELIGHTS_THING": "front"}
    runs.run("python -m edge_lambda", "-m", "edge_lambda", **device)
    runs.houselights("ingest", "--local", "DIR/delivered", "--once", name="ingest --local DIR")
    webhook = ("--webhook", f"http://{WEBHOOK}:{PORT}/")
    runs.houselights("alerts", *webhook, "--test")
    with runs.serving("alerts", "-m", "houselights", "alerts", *webhook) as alerts:
        alerts.until("checking the rules")
    runs.houselights("plan", "--stages", "9", "--cameras", "2", "--hours", "8", "--write", "FILE-plan.txt")
    runs.houselights("qr", "talk", "--at", "https://example.org", "--to", "FILE.svg")
    runs.houselights("notice", "hall", "--languages", "de,en", "--to", "FILE-2.pdf")
    runs.houselights("notice", "hall", "--up", "--by", "Ada")
    runs.houselights("simulate", "festival", "--stages", "1", "--hours", "0.05", "--truth", "FILE.json")
    runs.houselights("simulate", "household", "--session", "evening", "--truth", "FILE-2.json")
    for words in (
        ("list", "simulated-panel"),
        ("link", "simulated-panel", "household-1", "--at", "https://example.org"),
    ):
        runs.houselights("household", *words, "--by", "ada@example.org")


def a_data_set(runs: Runs) -> None:
    frame = next(open_recording(runs.folder / "cwd" / "FILE.mp4").sample(1.0)).image
    for number, strip in enumerate(np.array_split(frame, 4, axis=1)):
        photo = runs.folder / "cwd" / "DIR" / "photos" / f"people {number}" / "photo.jpg"
        photo.parent.mkdir(parents=True)
        photo.write_bytes(cv2.imencode(".jpg", strip)[1].tobytes())
    runs.houselights("dataset", "label", "DIR/photos", "--by", "expressionnet", "--to", "DIR/faces")
    runs.houselights("dataset", "split", "DIR/faces")
    runs.houselights("dataset", "check", "DIR/faces")
    runs.houselights("dataset", "pack", "DIR/faces", "--to", "DIR/packed")


def pages(runs: Runs) -> None:
    with runs.serving("dashboard", "-m", "houselights", "dashboard", "--no-browser", "--videos", ".") as dashboard:
        address = dashboard.until(r"http://127\.0\.0\.1:\d+")[0]
        runs.visit(address, *PAGES)
        runs.bring(address)
    with runs.serving("demo", "-m", "houselights", "demo", "--video", "FILE.mp4") as demo:
        runs.visit(demo.until(r"http://127\.0\.0\.1:\d+")[0], "/live/demo")


def the_cloud(runs: Runs) -> None:
    words = ("-m", "houselights", "local-cloud", "--scorer", "expressionnet")
    with runs.serving("local-cloud", *words) as cloud:
        cloud.until("edge_lambda")
        settings = dict(re.findall(r"export (\w+)='?([^'\n]*)", "".join(cloud.said)))
        for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_REKOGNITION"):
            endpoint = urlsplit(settings[name])
            runs.named[Contact(str(endpoint.hostname), int(endpoint.port or 0))] = "AWS"
        account = {name: value for name, value in settings.items() if name.startswith("AWS_")}
        runs.houselights("calibrate-sheets", "FILE.mp4", "--faces", "5", "--yes", **account)
        runs.houselights("compare-scorers", "FILE.mp4", "--minutes", "0.1", "--yes", "--to", "FILE.html", **account)
        label = ("label", "DIR/photos", "--by", "rekognition", "--to", "DIR/faces", "--yes")
        runs.houselights("dataset", *label, name="dataset --by rekognition", **account)
        settings["HOUSELIGHTS_SOURCE"] = f"http://{CAMERA}:{PORT}/"
        del settings["HOUSELIGHTS_OUTBOX"]
        with runs.serving("python -m edge_lambda", "-m", "edge_lambda", **settings) as device:
            device.until(r"sent=\d")


def a_roster(runs: Runs) -> None:
    accepted = ("consent", "marked lane", "notice", "impact assessment")
    words = ("roster", "members", "--purpose", "register", "--country", "France", "--stages", "talk/main")
    for given in (
        (*words, *(word for name in accepted for word in ("--accept", name))),
        ("add", "members", "--name", "Grace", "--consent", "form 1"),
        ("list", "members", "--names"),
        ("link", "members", "--at", "https://example.org"),
        ("device", "talk", "main", "cam-1"),
        ("bundles", "--bundles", "dir:DIR/people", "--once"),
        ("erase", "members"),
        ("trail",),
    ):
        # Named, because the system's own list of users may be asked for who runs this.
        runs.houselights("people", *given, "--by", "ada@example.org")


def an_end(runs: Runs) -> None:
    runs.houselights("prune")
    runs.houselights("migrate")
    runs.houselights("delete", "talk", "--yes")


GROUPS = (a_talk, a_data_set, a_camera, pages, the_cloud, a_roster, an_end)


def every_command(folder: Path) -> Runs:
    """Runs them all; see `commands_in`.

    Raises:
        AssertionError: one did not do what it was told.
    """
    with commands_in(folder) as runs:
        for group in GROUPS:
            runs.once(group)
    return runs
