"""Files from strangers are read in processes of their own, and whatever these do the one that asked goes on."""

from __future__ import annotations

import io
import json
import os
import resource
import socket
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from audience.errors import InvalidValue, RecordingUnreadable
from tests.timeline_files import hostile
from tests.timeline_files.written import a_slide, a_title, as_pptx
from timeline_files import confined as confining
from timeline_files.confined import BroughtDown, TookTooLong, confined
from timeline_files.reading import read_timeline

P = 'xmlns="http://schemas.openxmlformats.org/presentationml/2006/main"'
R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes too long has taken it sooner."""
    monkeypatch.setattr(confining, "PROCESSOR_S", 0.4)


def processor_s() -> float:
    """Processor time of this process and of what it has waited for, seconds."""
    times = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in times)


def deck(slides: list[bytes], shown: list[int]) -> bytes:
    """A deck that shows some of its slides, some of them again and again."""
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


def test_what_a_function_makes_or_says_comes_back() -> None:
    assert confined(hostile.size, bytes(3_000_000), times=2) == 6_000_000
    with pytest.raises(RecordingUnreadable, match="no such thing"):
        confined(hostile.refuse, bytes(3_000_000))


@pytest.mark.parametrize("forever", [hostile.reckon, hostile.reckon_in_c])
def test_what_reckons_for_ever_is_ended(forever: object) -> None:
    with pytest.raises(TookTooLong):
        confined(forever, b"")  # type: ignore[arg-type]


def test_what_waits_for_ever_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confining, "PATIENCE", 0.2)
    with pytest.raises(TookTooLong):
        confined(hostile.sleep, b"")


@pytest.mark.parametrize("ends", [hostile.take_memory, hostile.crash, hostile.write])
def test_what_brings_its_process_down_brings_down_nothing_else(ends: object) -> None:
    with pytest.raises(BroughtDown):
        confined(ends, bytes(1_000_000))  # type: ignore[arg-type]
    assert confined(hostile.size, b"abc", times=1) == 3


def test_a_reader_finds_nothing_of_the_process_that_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOUSELIGHTS_SHARE_SECRET", "not to be known")
    with socket.create_server(("127.0.0.1", 0)), (tmp_path / "held").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        found = confined(hostile.inherited, b"")
    assert "not to be known" not in found["environment"]
    assert {name.split(":")[0] for name in found["files"]} == {"/dev/null", "socket"}
    assert len([name for name in found["files"] if name.startswith("socket")]) == 1, "the one it answers by"


def test_where_the_server_of_processes_was_ended_another_is_started() -> None:
    confined(hostile.size, b"", times=1)
    assert confining._server is not None
    confining._server[0].kill()
    confining._server[0].wait()
    assert confined(hostile.size, b"abc", times=1) == 3


def test_one_file_that_takes_long_holds_up_no_other() -> None:
    confined(hostile.size, b"", times=1)
    with ThreadPoolExecutor(2) as threads:
        long = threads.submit(confined, hostile.reckon, b"")
        while not long.running():
            time.sleep(0.001)
        assert threads.submit(confined, hostile.size, b"ab", times=1).result() == 2
        assert not long.done()
        assert isinstance(long.exception(), TookTooLong)


def test_a_slide_that_is_shown_again_is_read_once() -> None:
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
    before, said = processor_s(), name
    try:
        read_timeline(name, made)
    except InvalidValue as refused:
        said = str(refused)
    assert (said.startswith(name), "\n" in said) == (True, False)
    # What the process that read it has cost is bounded by the system; this is what is left to the one that serves.
    assert processor_s() - before < 0.5


def test_a_clip_of_another_rate_each_lies_where_it_is_said_to() -> None:
    clips = "".join(f'<clip name="c{n}" duration="{10**17 + 2 * n + 1}/{10**17 + 1}s"/>' for n in range(50))
    spine = f"<fcpxml><project><sequence><spine>{clips}</spine></sequence></project></fcpxml>"
    segments = read_timeline("x.fcpxml", spine.encode()).segments
    assert [one.start_s for one in segments] == [float(second) for second in range(50)]


def test_a_small_deck_among_them_is_read_all_the_same() -> None:
    assert [one.title for one in read_timeline("x.pptx", as_pptx(a_slide(a_title("A"), ms=2000))).segments] == ["A"]
