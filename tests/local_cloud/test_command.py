"""`houselights local-cloud`: what it prints leads a camera and the pages to it, and it takes in what is delivered."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import boto3
import pytest

from audience.stores import open_store
from edge_lambda.delivery.contact_sheet import draw_sheet
from houselights.cli import run
from tests.builders import BEGAN
from tests.ingest.sheets import a_sheet
from tests.local_cloud.pictures import NOBODY, on_a_tile
from tests.ticking import last_words, until

LAST_LINE = re.compile(r"dashboard --store '(.*)'")


class Running:
    """The command, and what it said how to be reached."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.settings: dict[str, str] = {}
        self.store_url = self.said = ""
        assert process.stdout is not None
        for line in process.stdout:
            self.said += line
            if export := re.match(r"  export (\w+)=(.*)", line):
                self.settings[export[1]] = export[2].strip("'")
            if last := LAST_LINE.search(line):
                self.store_url = last[1]
                break

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Its exit code, and what it said at the end."""
        self.process.send_signal(number)
        said, _ = last_words(self.process)
        return self.process.returncode, said


@pytest.fixture(params=["rekognition", "expressionnet"])
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    command = [sys.executable, "-m", "houselights", "local-cloud", "--scorer", request.param]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Running(process)
        finally:
            process.terminate()


def test_a_sheet_that_a_camera_delivers_is_in_the_store_soon(running, monkeypatch):
    assert "Nothing is sent to AWS" in running.said
    for name, value in running.settings.items():
        monkeypatch.setenv(name, value)
    picture = draw_sheet([on_a_tile(), NOBODY, on_a_tile()])
    delivery = a_sheet(2, 1, at_s=int(time.time() - BEGAN.timestamp()), session_id="local", picture=picture).delivery()
    s3 = boto3.Session().client("s3")
    s3.put_object(Bucket=running.settings["HOUSELIGHTS_BUCKET"], Key=delivery.key, Body=delivery.data)
    s3.close()
    with open_store(running.store_url) as store:
        until(lambda: len(store.windows("local", "main")))
        windows = store.windows("local", "main")
        assert windows.faces.tolist() == [1, 1]
        assert windows.over[:, windows.expressions.index("smile")].tolist() == [1, 1]
    code, said = running.end(signal.SIGINT)
    assert code == 0
    assert "1 delivery, 2 faces, 1 tile unmatched" in said


def test_a_port_that_is_taken_is_one_line(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert run(["local-cloud", "--port", str(taken.getsockname()[1])]) == 2
    assert "choose another" in capsys.readouterr().err
