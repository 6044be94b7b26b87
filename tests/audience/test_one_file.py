"""A recording is one file: no reader opens other files or addresses that it refers to."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from audience.errors import RecordingUnreadable
from dashboard.recordings import RecordingFile
from dashboard.stills import Stills
from edge_lambda.recording import open_recording
from tests.edge.cameras_on_loopback import HttpCamera
from timeline_files.media import read_chapters

HLS = "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{named}\n#EXT-X-ENDLIST\n"
LISTS = {
    "hls": HLS,
    "hls with a first part of its own": HLS.replace("{named}", "data:,x\n#EXTINF:5,\n{named}"),
    "hls with a key": HLS.replace("#EXTINF", '#EXT-X-KEY:METHOD=AES-128,URI="{named}"\n#EXTINF').replace(
        "\n{named}\n", "\ndata:,0123456789abcdef\n"
    ),
    "hls of lists": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{named}\n",
    "concat": "ffconcat version 1.0\nfile '{named}'\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT4S" minBufferTime="PT1S"><Period><AdaptationSet mimeType="video/mp4">'
    '<Representation id="1" bandwidth="1"><BaseURL>{named}</BaseURL></Representation></AdaptationSet></Period></MPD>',
    "smil": '<smil><body><video src="{named}"/></body></smil>',
    "asx": '<asx version="3.0"><entry><ref href="{named}"/></entry></asx>',
    "session description": "v=0\no=- 0 0 IN IP4 127.0.0.2\ns=x\nc=IN IP4 127.0.0.2\nt=0 0\nm=video 5004 RTP/AVP 33\n",
}
ENDINGS = (".mp4", ".m3u8", ".ffconcat", ".mpd", ".sdp", ".ts")


def still_of(path: Path) -> None:
    """The session's page makes stills of a recording; where there is none it shows none."""
    if Stills().still(RecordingFile(path=path, status=path.stat(), media_type="video/mp4"), 0) is None:
        raise RecordingUnreadable(str(path))


READERS: dict[str, Callable[[Path], object]] = {
    "recording": open_recording,
    "film": read_chapters,
    "still": still_of,
}


@contextmanager
def nobody_opens(pipe: Path) -> Iterator[None]:
    """Creates a named pipe, and fails if it was opened; opening its other end unblocks the reader."""
    os.mkfifo(pipe)
    opened, over = threading.Event(), threading.Event()

    def watch() -> None:
        while not over.wait(0.005):
            try:
                os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
            except OSError:
                continue
            opened.set()

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join()
    assert not opened.is_set()


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("content", LISTS.values(), ids=LISTS)
def test_a_list_of_others_is_refused_and_nothing_in_it_is_opened(
    tmp_path: Path, content: str, reader: Callable[[Path], object]
) -> None:
    with HttpCamera("127.0.0.2").running() as host, nobody_opens(tmp_path / "other.ts"):
        for named in (f"{host.url}/other.ts", f"file:{tmp_path}/other.ts", f"{tmp_path}/other.ts", "other.ts"):
            for ending in ENDINGS:
                path = tmp_path / f"talk{ending}"
                path.write_text(content.replace("{named}", named))
                with pytest.raises(RecordingUnreadable):
                    reader(path)
        assert host.asked == []


def test_the_error_is_named(tmp_path: Path) -> None:
    (tmp_path / "talk.m3u8").write_text(HLS.replace("{named}", "part.ts"))
    with pytest.raises(RecordingUnreadable, match="list of other files"):
        open_recording(tmp_path / "talk.m3u8")
