"""Untrusted files are read in isolated processes, and the caller survives whatever those do."""

from __future__ import annotations

import io
import json
import os
import resource
import socket
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from audience.errors import InvalidValue, RecordingUnreadable
from tests.timeline_files import hostile
from tests.timeline_files.written import a_slide, a_title, as_pptx
from timeline_files import isolated
from timeline_files.isolated import ProcessCrashed, ProcessTimedOut, run_isolated
from timeline_files.reading import read_timeline

P = 'xmlns="http://schemas.openxmlformats.org/presentationml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'


@pytest.fixture(autouse=True)
def short_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shorter CPU limit, for fast tests."""
    monkeypatch.setattr(isolated, "CPU_S", 0.4)


def cpu_s() -> float:
    """CPU time of this process and of the children it has waited for, seconds."""
    times = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in times)


def deck(slides: list[bytes], shown: list[int]) -> bytes:
    """A deck that shows the given slides in the given order, repeats included."""
    file = io.BytesIO()
    ids = "".join(f'<sldId r:id="r{number}"/>' for number in shown)
    relations = "".join(
        f'<Relationship Id="r{number}" Target="slides/s{number}.xml"/>' for number in range(len(slides))
    )
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("ppt/presentation.xml", f"<presentation {P} {R}><sldIdLst>{ids}</sldIdLst></presentation>")
        packed.writestr(
            "ppt/_rels/presentation.xml.rels",
            f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{relations}'
            "</Relationships>",
        )
        for number, slide in enumerate(slides):
            packed.writestr(f"ppt/slides/s{number}.xml", slide)
    return file.getvalue()


def test_results_and_errors_come_back() -> None:
    assert run_isolated(hostile.size, bytes(3_000_000), times=2) == 6_000_000
    with pytest.raises(RecordingUnreadable, match="no such thing"):
        run_isolated(hostile.refuse, bytes(3_000_000))


@pytest.mark.parametrize("forever", [hostile.loop, hostile.loop_in_c])
def test_an_endless_computation_times_out(forever: object) -> None:
    with pytest.raises(ProcessTimedOut):
        run_isolated(forever, b"")  # type: ignore[arg-type]


def test_an_endless_wait_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "WALL_TIME_FACTOR", 0.2)
    with pytest.raises(ProcessTimedOut):
        run_isolated(hostile.sleep, b"")


@pytest.mark.parametrize("ends", [hostile.take_memory, hostile.crash, hostile.write])
def test_a_crash_affects_no_other_process(ends: object) -> None:
    with pytest.raises(ProcessCrashed):
        run_isolated(ends, bytes(1_000_000))  # type: ignore[arg-type]
    assert run_isolated(hostile.size, b"abc", times=1) == 3


def test_a_reader_inherits_nothing_of_the_calling_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOUSELIGHTS_SHARE_SECRET", "not to be known")
    with socket.create_server(("127.0.0.1", 0)), (tmp_path / "held").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        found = run_isolated(hostile.inherited, b"")
    assert "not to be known" not in found["environment"]
    assert {name.split(":")[0] for name in found["files"]} == {"/dev/null", "socket"}
    assert len([name for name in found["files"] if name.startswith("socket")]) == 1, "its own connection"


def test_a_killed_fork_server_is_restarted() -> None:
    run_isolated(hostile.size, b"", times=1)
    assert isolated._server is not None
    isolated._server[0].kill()
    isolated._server[0].wait()
    assert run_isolated(hostile.size, b"abc", times=1) == 3


def test_a_slow_file_does_not_delay_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "WALL_TIME_FACTOR", 1000)  # the slow one outlasts this test on any machine
    run_isolated(hostile.size, b"", times=1)
    send, sent = isolated._send_socket, threading.Event()
    monkeypatch.setattr(isolated, "_send_socket", lambda theirs: (send(theirs), sent.set()))
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(run_isolated, hostile.sleep, b"")
        try:
            assert sent.wait(60)
            assert run_isolated(hostile.size, b"ab", times=1) == 2
            assert not slow.done()
        finally:
            isolated._close_server()  # which ends the slow one
        assert isinstance(slow.exception(), ProcessCrashed)


def test_a_repeated_slide_is_read_once() -> None:
    slide = f'<p:sld {P.replace("xmlns", "xmlns:p")}><p:transition advTm="1000"/>{" " * 3_000_000}</p:sld>'
    segments = read_timeline("x.pptx", deck([slide.encode()], [0] * 100)).segments
    assert [one.start_s for one in segments] == [float(second) for second in range(100)]


HUGE = b"<a>" + b"<b/>" * ((4 * 2**20 - 20) // 4) + b"</a>"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("again.pptx", lambda: deck([HUGE], [0] * 33)),
        ("many.pptx", lambda: deck([HUGE] * 33, [*range(33)])),
        ("deep.pptx", lambda: deck([b"<a>" * 200_000 + b"</a>" * 200_000] * 20, [*range(20)])),
        (
            "coprime.fcpxml",
            lambda: (
                "<fcpxml><project><sequence><spine>"
                + "".join(f'<clip name="c" duration="{n}/{10**17 + 2 * n + 1}s"/>' for n in range(1, 18_000))
                + "</spine></sequence></project></fcpxml>"
            ).encode(),
        ),
        ("wide.fcpxml", lambda: b"<fcpxml>" + b"<b/>" * 240_000 + b"</fcpxml>"),
        ("long.csv", lambda: b'title,start\n"' + b"\x01x" * 60_000 + b'",0\n'),
        ("long.srt", lambda: b"1\n0:00 --> 0:01\n" + b"<font " * 160_000),
        ("long.vtt", lambda: b"WEBVTT\n\n0:00 --> 0:01\n" + b"&lt" * 330_000),
        ("chapters.txt", lambda: b"\n".join([b"a 1:00" * 160] * 1000)),
        ("deep.otio", lambda: b'{"a":' * 150_000 + b"1" + b"}" * 150_000),
        ("big.otio", lambda: json.dumps({"OTIO_SCHEMA": "Timeline.1", "tracks": [[]] * 240_000}).encode()),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_no_file_of_a_megabyte_costs_more_than_two_seconds(name: str, data: object) -> None:
    made = data()  # type: ignore[operator]
    assert len(made) <= 1_000_000
    before, message = cpu_s(), name
    try:
        read_timeline(name, made)
    except InvalidValue as refused:
        message = str(refused)
    assert (message.startswith(name), "\n" in message) == (True, False)
    # The kernel limits the reader's own process; this is the cost in the calling one.
    assert cpu_s() - before < 0.5


def test_clips_of_many_different_rates_start_at_their_own_seconds() -> None:
    clips = "".join(f'<clip name="c{n}" duration="{10**17 + 2 * n + 1}/{10**17 + 1}s"/>' for n in range(50))
    spine = f"<fcpxml><project><sequence><spine>{clips}</spine></sequence></project></fcpxml>"
    segments = read_timeline("x.fcpxml", spine.encode()).segments
    assert [one.start_s for one in segments] == [float(second) for second in range(50)]


def test_a_small_deck_is_read() -> None:
    assert [one.title for one in read_timeline("x.pptx", as_pptx(a_slide(a_title("A"), ms=2000))).segments] == ["A"]
