# ruff: noqa: E501  files stand here as the programs write them
"""Files of every kind that people have, each as its program writes it, with what it must be read as.

`CASES` are read by the tests and counted by `python -m bench bring --part files`.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import openpyxl
import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from tests.timeline_files.written import a_slide, a_title, as_pptx

Segments = tuple[tuple[str, float, float | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A file and what it is.

    Attributes:
        kind: what people call it.
        name: the file's name.
        data: its content.
        segments: title, start and end (None: whatever) of what must be read; None where it must not be.
        refused: words that the refusal must hold: what the file is, or what is asked.
        not_said: words that it must not hold.
        length_s: length of the session, seconds.
        read_as: answers given.
    """

    kind: str
    name: str
    data: bytes
    segments: Segments | None = None
    refused: tuple[str, ...] = ()
    not_said: tuple[str, ...] = ()
    length_s: float | None = 600.0
    read_as: tuple[str, ...] = ()


TALK: Segments = (("Opening", 0, 130), ("Demo", 130, 300.5), ("Questions", 300.5, 600))
ENDS: Segments = (("Opening", 0, 130), ("Demo", 130, 300.5), ("Questions", 300.5, 420))
_MS = (0, 130_000, 300_500, 420_000)
_NTSC_30 = Fraction(30_000, 1001)


def cases() -> Iterator[Case]:
    """Every case."""
    for make in (_tables, _workbooks, _pasted, _subtitles, _edits, _chapters, _audio, _other, _unclear, _encodings):
        yield from make()


def _text(kind: str, name: str, text: str, segments: Segments = TALK, **options: object) -> Case:
    return Case(kind=kind, name=name, data=text.encode(), segments=segments, **options)  # type: ignore[arg-type]


def _tables() -> Iterator[Case]:
    plain = "Title,Start\nOpening,0:00\nDemo,2:10\nQuestions,5:00.5\n"
    yield _text("CSV", "talk.csv", plain)
    yield _text(
        "CSV with semicolons and decimal commas", "talk.csv", "Titel;Beginn\nOpening;0\nDemo;130\nQuestions;300,5\n"
    )
    yield _text(
        "CSV with Excel's separator line",
        "talk.csv",
        "sep=;\r\nTitle;Start\r\nOpening;0:00\r\nDemo;2:10\r\nQuestions;5:00,5\r\n",
    )
    yield _text(
        "TSV",
        "talk.tsv",
        "Name\tStart Time\tEnd Time\nOpening\t0:00\t2:10\nDemo\t2:10\t5:00.5\nQuestions\t5:00.5\t7:00\n",
        ENDS,
    )
    yield _text("CSV without a header", "talk.csv", "Opening,0:00\nDemo,2:10\nQuestions,5:00.5\n")
    yield _text(
        "CSV in Excel's 12-hour times",
        "talk.csv",
        "Title,Start\nOpening,12:00:00 AM\nDemo,12:02:10 AM\nQuestions,12:05:00.5 AM\n",
    )
    yield _text(
        "CSV with units in its header", "talk.csv", "Chapter,Start (ms)\nOpening,0\nDemo,130000\nQuestions,300500\n"
    )
    yield _text(
        "CSV with durations",
        "talk.csv",
        "Segment,Begin,Duration\nOpening,0:00,2:10\nDemo,2:10,2:50.5\nQuestions,5:00.5,1:59.5\n",
        ENDS,
    )
    yield _text(
        "Google Sheets CSV with lines above",
        "sheet.csv",
        "My talk,,\n,,\nSlide,Time,Notes\nOpening,0:00:00,hello\nDemo,0:02:10,\nQuestions,0:05:00.5,x\n",
    )
    premiere = "Marker Name\tDescription\tIn\tOut\tDuration\tMarker Type\n" + "".join(
        f"{title}\t\t00:0{at // 60}:{at % 60:02d}:{frame:02d}\t00:0{at // 60}:{at % 60:02d}:{frame:02d}\t00:00:00:00\tComment\n"
        for title, at, frame in (("Opening", 0, 0), ("Demo", 130, 0), ("Questions", 300, 24))
    )
    yield Case(
        kind="Premiere markers (CSV, UTF-16)",
        name="markers.csv",
        data=premiere.encode("utf-16"),
        segments=(("Opening", 0, 130), ("Demo", 130, 300.96), ("Questions", 300.96, 600)),
    )
    drop = premiere.replace("00:0", "00;0").replace(":00\t", ";00\t").replace(":", ";")
    yield Case(
        kind="Premiere markers, drop-frame",
        name="markers.csv",
        data=drop.encode("utf-16"),
        segments=(("Opening", 0, 129.996), ("Demo", 129.996, 300.767), ("Questions", 300.767, 600)),
    )
    resolve = (
        '"#","Reel","Match","V","C","Dur","Rec In","Rec Out","Name","Comments","Source FPS","Color","Notes"\n'
        + "".join(
            f'"{number}","","","V1","C","00:00:00:01","01:0{at // 60}:{at % 60:02d}:00","01:0{at // 60}:{at % 60:02d}:01","{title}","","","Blue","{title}"\n'
            for number, (title, at) in enumerate((("Opening", 0), ("Demo", 130), ("Questions", 300)), 1)
        )
    )
    yield Case(
        kind="DaVinci Resolve edit index (CSV)",
        name="index.csv",
        data=resolve.encode(),
        read_as=("25fps",),
        segments=(("Opening", 0, 0.04), ("Demo", 130, 130.04), ("Questions", 300, 300.04)),
    )
    yield _text(
        "Reaper markers (CSV)",
        "regions.csv",
        "#,Name,Start,End,Length,Color\nM1,Opening,0:00.000,,,\nM2,Demo,2:10.000,,,\nM3,Questions,5:00.500,,,\n",
    )
    yield _text(
        "Audition markers (CSV)",
        "markers.csv",
        "Name\tStart\tDuration\tTime Format\tType\tDescription\nOpening\t0:00.000\t0:00.000\tdecimal\tCue\t\nDemo\t2:10.000\t0:00.000\tdecimal\tCue\t\nQuestions\t5:00.500\t0:00.000\tdecimal\tCue\t\n",
    )
    yield _text(
        "Frame.io comments (CSV)",
        "comments.csv",
        'Project Name,File Name,Commenter,Comment,Timecode In,Timecode Out,Resolved\nP,talk.mp4,Ada,Opening,00:00:00:00,,No\nP,talk.mp4,Ada,"Demo, live",00:02:10:12,,No\n',
        (("Opening", 0, 130.48), ("Demo, live", 130.48, 600)),
        read_as=("25fps",),
    )
    scenes = "Timecode List:,00:02:10.000,00:05:00.500\nScene Number,Start Frame,Start Timecode,Start Time (seconds),End Frame,End Timecode,End Time (seconds),Length (frames),Length (timecode),Length (seconds)\n1,0,00:00:00.000,0.000,3250,00:02:10.000,130.000,3250,00:02:10.000,130.000\n2,3250,00:02:10.000,130.000,7512,00:05:00.500,300.500,4262,00:02:50.500,170.500\n"
    yield _text("PySceneDetect scenes (CSV)", "talk-Scenes.csv", scenes, (("Scene 1", 0, 130), ("Scene 2", 130, 300.5)))
    yield _text(
        "Audacity labels",
        "labels.txt",
        "0.000000\t0.000000\tOpening\n130.000000\t130.000000\tDemo\n300.500000\t300.500000\tQuestions\n",
    )
    yield _text(
        "Audacity labels with frequencies",
        "labels.txt",
        "0.000000\t130.000000\tOpening\n\\\t0.000000\t8000.000000\n130.000000\t300.500000\tDemo\n\\\t100.0\t900.0\n",
        ENDS[:2],
    )
    yield _text(
        "Avid markers (text)",
        "markers.txt",
        "Ada\t01:00:00:00\tV1\tred\tOpening\t1\t\tRed\nAda\t01:02:10:00\tV1\tgreen\tDemo\t1\t\tGreen\nAda\t01:05:00:12\tV1\tblue\tQuestions\t1\t\tBlue\n",
        (("Opening", 0, 130), ("Demo", 130, 300.48), ("Questions", 300.48, 600)),
        read_as=("25fps",),
    )
    yield _text(
        "Vegas edit list (text)",
        "talk.txt",
        '"ID";"Track";"StartTime";"Length";"PlayRate";"Locked";"FileName"\n1;0;0.0000;130000.0000;1.000000;FALSE;"Opening.mp4"\n2;0;130000.0000;170500.0000;1.000000;FALSE;"Demo.mp4"\n',
        (("Opening.mp4", 0, 130), ("Demo.mp4", 130, 300.5)),
    )
    protools = "SESSION NAME:\tTalk\nSAMPLE RATE:\t48000.000000\nBIT DEPTH:\t24-bit\nSESSION START TIMECODE:\t01:00:00:00\nTIMECODE FORMAT:\t25 Frame\n# OF AUDIO TRACKS:\t1\n\n\nM A R K E R S  L I S T I N G\n#   \tLOCATION     \tTIME REFERENCE    \tUNITS    \tNAME                             \tCOMMENTS\n1   \t01:00:00:00  \t0                 \tSamples  \tOpening                          \t\n2   \t01:02:10:00  \t6240000           \tSamples  \tDemo                             \t\n3   \t01:05:00:12  \t14424000          \tSamples  \tQuestions                        \t\n"
    yield _text(
        "Pro Tools session text",
        "session.txt",
        protools,
        (("Opening", 0, 130), ("Demo", 130, 300.48), ("Questions", 300.48, 600)),
    )


def _book(*sheets: tuple[str, Sequence[Sequence[object]]], formats: str | None = None) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
        if formats:
            for cells in sheet.iter_rows(min_row=2, min_col=2):
                for cell in cells:
                    cell.number_format = formats
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def _workbooks() -> Iterator[Case]:
    rows = [("Opening", 0.0), ("Demo", 130 / 86400), ("Questions", 300.5 / 86400)]
    yield Case(
        kind="Excel, time cells",
        name="talk.xlsx",
        data=_book(("Talk", [("Title", "Start"), *rows]), formats="[h]:mm:ss.0"),
        segments=TALK,
    )
    yield Case(
        kind="Excel, text cells",
        name="talk.xlsx",
        data=_book(("Talk", [("Title", "Start"), ("Opening", "0:00"), ("Demo", "2:10"), ("Questions", "5:00.5")])),
        segments=TALK,
    )
    yield Case(
        kind="Excel, numbers in seconds",
        name="talk.xlsx",
        data=_book(
            (
                "Talk",
                [
                    ("Name", "Start (s)", "End (s)"),
                    ("Opening", 0, 130),
                    ("Demo", 130, 300.5),
                    ("Questions", 300.5, 420),
                ],
            )
        ),
        segments=ENDS,
    )
    yield Case(
        kind="Excel, table on the second sheet",
        name="talk.xlsx",
        data=_book(
            ("Costs", [("Item", "Price"), ("Hall", 900)]),
            ("Talk", [("Slide", "Time"), ("Opening", "0:00"), ("Demo", "2:10"), ("Questions", "5:00.5")]),
        ),
        segments=TALK,
    )
    two = _book(
        ("Friday", [("Title", "Start"), ("Opening", "0:00")]), ("Saturday", [("Title", "Start"), ("Demo", "0:00")])
    )
    yield Case(
        kind="Excel, two sheets with times", name="talk.xlsx", data=two, refused=("Friday", "Saturday", "sheet=")
    )
    yield Case(
        kind="Excel, the sheet chosen",
        name="talk.xlsx",
        data=two,
        read_as=("sheet=Saturday",),
        segments=(("Demo", 0, 600),),
    )
    short = _book(
        ("Talk", [("Title", "Start"), ("Opening", 0.0), ("Demo", 130 / 1440), ("Questions", 300 / 1440)]),
        formats="h:mm",
    )
    yield Case(
        kind="Excel, minutes taken for hours",
        name="talk.xlsx",
        data=short,
        segments=(("Opening", 0, 130), ("Demo", 130, 300), ("Questions", 300, 600)),
    )
    yield Case(
        kind="Excel, minutes or hours",
        name="talk.xlsx",
        data=short,
        length_s=None,
        refused=("5:00", "minutes", "hours"),
    )


def _pasted() -> Iterator[Case]:
    for kind, text in {
        "YouTube chapters": "0:00 Opening\n2:10 Demo\n5:00.5 Questions",
        "chapters with text around": "Recorded at FOSDEM 2024\nDoors 19:30, starts 20:00\n\n0:00 Opening\n2:10 Demo\n5:00.5 Questions\n\nFollow us: https://example.org\n",
        "chapters with bullets and en dashes": "• 0:00 – Opening\n• 2:10 – Demo\n• 5:00.5 – Questions",
        "chapters with emoji": "🎬 0:00 Opening\n🎤 2:10 Demo\n❓ 5:00.5 Questions",
        "chapters with links": "[0:00](https://youtu.be/x?t=0) Opening\n[2:10](https://youtu.be/x?t=130) Demo\n[5:00.5](https://youtu.be/x?t=300) Questions",
        "chapters with numbers": "1. Opening (0:00)\n2. Demo (2:10)\n3. Questions (5:00.5)",
        "chapters with words": "at 0:00 – Opening\nat 2:10 – Demo\nat 5:00.5 – Questions",
        "chapters with times after": "Opening @ 0:00\nDemo @ 2:10\nQuestions @ 5:00.5",
        "chapters on two lines": "0:00\nOpening\n2:10\nDemo\n5:00.5\nQuestions",
        "chapters in one line": "0:00 Opening 2:10 Demo 5:00.5 Questions",
        "chapters in a web page's tags": '<a href="#">0:00</a> Opening<br>\n<a href="#">2:10</a> Demo<br>\n<a href="#">5:00.5</a> Questions<br>',
        "chapters with invisible marks": "\u200b0:00 Opening\n\u200e2:10 Demo\n\u2060 5:00.5 Questions",
        "chapters in wide digits": "０：００ Opening\n０２：１０ Demo\n５：００.５ Questions",
        "chapters with h and m": "0m00s Opening\n2m10s Demo\n5:00.5 Questions",
        "mp4chaps": "00:00:00.000 Opening\n00:02:10.000 Demo\n00:05:00.500 Questions\n",
    }.items():
        yield _text(kind, "chapters.txt", text)
    yield _text(
        "chapters with ranges",
        "chapters.txt",
        "0:00 to 2:10 Opening\n2:10 - 5:00.5 Demo\n5:00.5 → 7:00 Questions",
        ENDS,
    )
    yield _text(
        "chapters right to left",
        "chapters.txt",
        "\u200f0:00 פתיחה\n\u200f2:10 הדגמה\n",
        (("פתיחה", 0, 130), ("הדגמה", 130, 600)),
    )
    yield _text(
        "Zoom chat",
        "chat.txt",
        "00:00:00\tFrom Ada : Opening\n00:02:10\tFrom Ada : Demo\n",
        (("From Ada : Opening", 0, 130), ("From Ada : Demo", 130, 600)),
    )


def _subtitles() -> Iterator[Case]:
    yield _text(
        "WebVTT",
        "talk.vtt",
        "WEBVTT\n\n00:00.000 --> 02:10.000\nOpening\n\n02:10.000 --> 05:00.500\nDemo\n\n05:00.500 --> 07:00.000\n<v Ada>Questions\n",
        ENDS,
    )
    yield _text(
        "WebVTT without blank lines",
        "talk.vtt",
        "WEBVTT\n00:00.000 --> 02:10.000\nOpening\n02:10.000 --> 05:00.500\nDemo\n05:00.500 --> 07:00.000\nQuestions\n",
        ENDS,
    )
    yield _text("WebVTT under another name", "talk.srt", "WEBVTT\n\n00:00.000 --> 02:10.000\nOpening\n", ENDS[:1])
    yield _text(
        "SubRip",
        "talk.srt",
        "1\r\n00:00:00,000 --> 00:02:10,000\r\n<i>Opening</i>\r\n\r\n2\r\n00:02:10,000 --> 00:05:00,500\r\nDemo\r\n\r\n3\r\n00:05:00,500 --> 00:07:00,000\r\nQuestions\r\n",
        ENDS,
    )
    yield _text(
        "SubRip without blank lines",
        "talk.srt",
        "1\n00:00:00,000 --> 00:02:10,000\nOpening\n2\n00:02:10,000 --> 00:05:00,500\nDemo\n",
        ENDS[:2],
    )
    yield _text(
        "SubRip of two who speak at once",
        "talk.srt",
        "1\n00:00:00,000 --> 00:02:12,000\nOpening\n\n2\n00:02:10,000 --> 00:05:00,500\nDemo\n",
        ENDS[:2],
    )
    yield _text(
        "SBV",
        "captions.sbv",
        "0:00:00.000,0:02:10.000\nOpening\n\n0:02:10.000,0:05:00.500\nDemo\n\n0:05:00.500,0:07:00.000\nQuestions\n",
        ENDS,
    )
    ass = "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname\nStyle: Default,Arial\n\n[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\nComment: 0,0:00:00.00,0:00:05.00,Default,,0,0,0,,not this\nDialogue: 0,0:00:00.00,0:02:10.00,Default,,0,0,0,,{\\an8}Opening\nDialogue: 0,0:02:10.00,0:05:00.50,Default,,0,0,0,,Demo\nDialogue: 0,0:05:00.50,0:07:00.00,Default,,0,0,0,,Questions\n"
    yield _text("ASS (Aegisub)", "talk.ass", ass, ENDS)
    ssa = (
        ass.replace("v4.00+", "v4.00")
        .replace("[V4+ Styles]", "[V4 Styles]")
        .replace("Layer,", "Marked,")
        .replace("ue: 0,", "ue: Marked=0,")
        .replace("ment: 0,", "ment: Marked=0,")
    )
    yield _text("SSA", "talk.ssa", ssa, ENDS)
    yield _text(
        "MicroDVD with its rate",
        "talk.sub",
        "{1}{1}25\n{0}{3250}Opening\n{3250}{7512}Demo|live\n",
        (("Opening", 0, 130), ("Demo live", 130, 300.48)),
    )
    yield _text(
        "MicroDVD without a rate",
        "talk.sub",
        "{10}{3250}Opening\n{3250}{7512}Demo\n",
        refused=("frame rate", "25fps"),
        segments=None,
    )  # type: ignore[arg-type]
    yield _text("MPL2", "talk.txt", "[0][1300]Opening\n[1300][3005]Demo\n", ENDS[:2])
    yield _text(
        "TMPlayer",
        "talk.txt",
        "00:00:00:Opening\n00:02:10:Demo\n00:05:00:Questions\n",
        (("Opening", 0, 130), ("Demo", 130, 300), ("Questions", 300, 600)),
    )
    yield _text(
        "SAMI",
        "talk.smi",
        '<SAMI><HEAD><STYLE TYPE="text/css"><!-- P {} .EN {Name: English; lang: en-US;} --></STYLE></HEAD><BODY>\n<SYNC Start=0><P Class=EN>Opening\n<SYNC Start=130000><P Class=EN>Demo\n<SYNC Start=300500><P Class=EN>Questions\n<SYNC Start=420000><P Class=EN>&nbsp;\n</BODY></SAMI>',
        ENDS,
    )
    ttml = '<?xml version="1.0" encoding="UTF-8"?>\n<tt xmlns="http://www.w3.org/ns/ttml" xmlns:ttp="http://www.w3.org/ns/ttml#parameter" ttp:frameRate="25"{0}><body><div>{1}</div></body></tt>'
    yield _text(
        "TTML",
        "talk.ttml",
        ttml.format(
            "",
            '<p begin="0s" end="130s">Opening</p><p begin="00:02:10.000" end="00:05:00.500">Demo</p><p begin="300500ms" dur="119.5s">Questions</p>',
        ),
        ENDS,
    )
    yield _text(
        "IMSC in frames",
        "talk.xml",
        ttml.format(
            "",
            '<p begin="00:00:00:00" end="00:02:10:00"><span>Open</span>ing</p><p begin="3250f" end="00:05:00:12">Demo<br/>live</p>',
        ),
        (("Opening", 0, 130), ("Demo live", 130, 300.48)),
    )
    yield _text(
        "DFXP in ticks",
        "talk.dfxp",
        ttml.format(
            ' ttp:tickRate="10000000"',
            '<p begin="0t" end="1300000000t">Opening</p><p begin="1300000000t" end="3005000000t">Demo</p>',
        ),
        ENDS[:2],
    )
    yield _text(
        "iTunes Timed Text, 29.97",
        "talk.itt",
        ttml.replace(
            'ttp:frameRate="25"',
            'ttp:timeBase="smpte" ttp:frameRate="30" ttp:frameRateMultiplier="1000 1001" ttp:dropMode="nonDrop"',
        ).format("", '<p begin="00:00:00:00" end="01:00:00:00">Opening</p>'),
        (("Opening", 0, 3603.6),),
        length_s=None,
    )
    yield _text(
        "LRC lyrics",
        "song.lrc",
        "[ar:Ada]\n[ti:Song]\n[offset:0]\n[00:00.00]Opening\n[02:10.00]Demo\n[05:00.50]Questions\n[07:00.00]\n",
        ENDS,
    )


def _edits() -> Iterator[Case]:
    edl = "TITLE: Film\nFCM: NON-DROP FRAME\n\n001  AX       V     C        00:00:00:00 00:02:10:00 01:00:00:00 01:02:10:00\n* FROM CLIP NAME: Opening\n002  AX       V     C        00:00:00:00 00:02:50:12 01:02:10:00 01:05:00:12\n* FROM CLIP NAME: Demo\n"
    yield _text("EDL at 25", "film.edl", edl, (("Opening", 0, 130), ("Demo", 130, 300.48)), read_as=("25fps",))
    hour = "TITLE: Film\nFCM: NON-DROP FRAME\n001  AX       V     C        00:00:00:00 01:00:00:00 01:00:00:00 02:00:00:00\n* FROM CLIP NAME: Reel 1\n002  AX       V     C        00:00:00:00 00:59:59:29 02:00:00:00 02:59:59:29\n* FROM CLIP NAME: Reel 2\n"
    yield _text(
        "EDL at 29.97 non-drop, two hours",
        "film.edl",
        hour,
        (("Reel 1", 0, 3603.6), ("Reel 2", 3603.6, 7207.167)),
        length_s=None,
    )
    yield _text(
        "EDL, drop-frame by its FCM line",
        "film.edl",
        hour.replace("NON-DROP", "DROP"),
        (("Reel 1", 0, 3599.996), ("Reel 2", 3599.996, 7199.96)),
        length_s=None,
    )
    markers = "TITLE: Markers\nFCM: NON-DROP FRAME\n\n" + "".join(
        f"{number:03d}  001      V     C        01:0{at // 60}:{at % 60:02d}:{frame:02d} 01:0{at // 60}:{at % 60:02d}:{frame + 1:02d} 01:0{at // 60}:{at % 60:02d}:{frame:02d} 01:0{at // 60}:{at % 60:02d}:{frame + 1:02d}\n |C:ResolveColorBlue |M:{title} |D:1\n\n"
        for number, (title, at, frame) in enumerate((("Opening", 0, 0), ("Demo", 130, 0), ("Questions", 300, 12)), 1)
    )
    yield _text(
        "DaVinci Resolve markers (EDL)",
        "markers.edl",
        markers,
        (("Opening", 0, 130), ("Demo", 130, 300.48), ("Questions", 300.48, 600)),
        read_as=("25fps",),
    )
    frames = "".join(line for line in markers.splitlines(keepends=True) if "|M:" not in line)
    yield Case(
        kind="EDL of clips of one frame",
        name="film.edl",
        data=frames.encode(),
        refused=("one frame", "markers", "clips"),
    )
    avid = edl + "* LOC: 01:00:00:00 RED     Begin\n* LOC: 01:02:10:00 GREEN   Laugh\n"
    yield _text(
        "EDL with Avid locators, as markers",
        "film.edl",
        avid,
        (("Begin", 0, 130), ("Laugh", 130, 600)),
        read_as=("markers", "25fps"),
    )
    fcpxml = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n<fcpxml version="1.11"><resources><asset id="r2" start="3600s"/></resources><library><event><project name="Film"><sequence format="r1" tcStart="3600s" duration="600s"><spine>{0}</spine></sequence></project></event></library></fcpxml>'
    clips = '<asset-clip name="Opening" ref="r2" offset="3600s" duration="130s"/><asset-clip name="Demo" ref="r2" offset="3730s" duration="341/2s"/>'
    yield _text("Final Cut Pro XML", "film.fcpxml", fcpxml.format(clips), ENDS[:2])
    chapters = '<asset-clip name="Talk" ref="r2" offset="3600s" duration="600s"><chapter-marker start="3600s" duration="1/25s" value="Opening"/><marker start="3601s" duration="1/25s" value="to do"/><chapter-marker start="3730s" duration="1/25s" value="Demo"/><chapter-marker start="7801/2s" duration="1/25s" value="Questions"/></asset-clip>'
    yield _text("Final Cut Pro chapter markers", "film.fcpxml", fcpxml.format(chapters), TALK)
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("film.fcpxmld/Info.fcpxml", fcpxml.format(clips))
    yield Case(kind="Final Cut Pro bundle, zipped", name="film.fcpxmld.zip", data=bundle.getvalue(), segments=ENDS[:2])
    xmeml = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE xmeml>\n<xmeml version="4"><sequence id="sequence-1"><name>Film</name><rate><timebase>30</timebase><ntsc>TRUE</ntsc></rate>{0}<media><video><track><clipitem id="a"><name>Opening</name><start>0</start><end>3900</end></clipitem><clipitem id="b"><name>Demo</name><start>3900</start><end>9000</end></clipitem></track></video></media></sequence></xmeml>'
    yield _text("Premiere XML, 29.97", "film.xml", xmeml.format(""), (("Opening", 0, 130.13), ("Demo", 130.13, 300.3)))
    marks = "".join(
        f"<marker><name>{title}</name><comment/><in>{frame}</in><out>-1</out></marker>"
        for title, frame in (("Begin", 0), ("Laugh", 3000), ("End", 9000))
    )
    yield _text(
        "Premiere XML with markers",
        "film.xml",
        xmeml.format(marks),
        (("Begin", 0, 100.1), ("Laugh", 100.1, 300.3), ("End", 300.3, 600)),
    )
    timeline = otio.schema.Timeline("Film", global_start_time=RationalTime(86_400, 24))
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    for title, seconds in (("Opening", 130), ("Demo", 170.5)):
        track.append(
            otio.schema.Clip(title, source_range=TimeRange(RationalTime(100, 24), RationalTime(seconds * 24, 24)))
        )
    timeline.tracks.append(track)
    written = str(otio.adapters.write_to_string(timeline, "otio_json"))
    yield _text("OpenTimelineIO", "film.otio", written, ENDS[:2])
    yield _text(
        "OpenTimelineIO of a newer version",
        "film.otio",
        written.replace("Clip.2", "Clip.7").replace("Timeline.1", "Timeline.4"),
        ENDS[:2],
    )
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("content.otio", written)
        archive.writestr("version.txt", "1.0.0")
    yield Case(kind="OpenTimelineIO zip", name="film.otioz", data=zipped.getvalue(), segments=ENDS[:2])
    for title, seconds in (("Begin", 0), ("Laugh", 100), ("End", 300)):
        timeline.tracks.markers.append(
            otio.schema.Marker(title, TimeRange(RationalTime(seconds * 24, 24), RationalTime(1, 24)))
        )
    yield _text(
        "OpenTimelineIO markers",
        "film.otio",
        str(otio.adapters.write_to_string(timeline, "otio_json")),
        (("Begin", 0, 100), ("Laugh", 100, 300), ("End", 300, 600)),
    )


def _chapters() -> Iterator[Case]:
    yield _text(
        "podcast chapters (JSON)",
        "chapters.json",
        json.dumps(
            {
                "version": "1.2.0",
                "chapters": [
                    {"startTime": 0, "title": "Opening"},
                    {"startTime": 60, "img": "x.png", "toc": False},
                    {"startTime": 130, "title": "Demo"},
                    {"startTime": 300.5, "title": "Questions"},
                ],
            }
        ),
    )
    yield _text(
        "yt-dlp info (JSON)",
        "talk.info.json",
        json.dumps(
            {
                "id": "x",
                "formats": [{"format_id": "1", "url": "u"}],
                "chapters": [
                    {"start_time": 0.0, "end_time": 130.0, "title": "Opening"},
                    {"start_time": 130.0, "end_time": 300.5, "title": "Demo"},
                    {"start_time": 300.5, "end_time": 420.0, "title": "Questions"},
                ],
            }
        ),
        ENDS,
    )
    yield _text(
        "Whisper transcript (JSON)",
        "talk.json",
        json.dumps(
            {
                "text": "…",
                "segments": [
                    {"id": 0, "seek": 0, "start": 0.0, "end": 130.0, "text": " Opening", "tokens": [1]},
                    {"id": 1, "seek": 0, "start": 130.0, "end": 300.5, "text": " Demo", "tokens": [2]},
                ],
            }
        ),
        ENDS[:2],
    )
    yield _text(
        "Descript markers (JSON)",
        "markers.json",
        json.dumps(
            [
                {"name": "Opening", "time": "00:00:00"},
                {"name": "Demo", "time": "00:02:10"},
                {"name": "Questions", "time": "00:05:00.5"},
            ]
        ),
    )
    yield _text(
        "JSON in milliseconds",
        "talk.json",
        json.dumps(
            {
                "markers": [
                    {"label": title, "startMs": at}
                    for title, at in zip(("Opening", "Demo", "Questions"), _MS, strict=False)
                ]
            }
        ),
    )
    ffmeta = ";FFMETADATA1\ntitle=Talk\n" + "".join(
        f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={end}\ntitle={title}\n"
        for title, start, end in zip(("Opening", "Demo", "Questions"), _MS, _MS[1:], strict=False)
    )
    yield _text("ffmetadata", "talk.ffmeta", ffmeta, ENDS)
    yield _text("ffmetadata under .txt", "metadata.txt", ffmeta, ENDS)
    yield _text(
        "OGM chapters",
        "chapters.txt",
        "CHAPTER01=00:00:00.000\nCHAPTER01NAME=Opening\nCHAPTER02=00:02:10.000\nCHAPTER02NAME=Demo\nCHAPTER03=00:05:00.500\nCHAPTER03NAME=Questions\n",
    )
    atoms = "".join(
        f"<ChapterAtom><ChapterUID>{uid}</ChapterUID><ChapterTimeStart>{start}</ChapterTimeStart><ChapterTimeEnd>{end}</ChapterTimeEnd><ChapterDisplay><ChapterString>{title}</ChapterString><ChapterLanguage>eng</ChapterLanguage></ChapterDisplay></ChapterAtom>"
        for uid, (title, start, end) in enumerate(
            (
                ("Opening", "00:00:00.000000000", "00:02:10.000000000"),
                ("Demo", "00:02:10.000000000", "00:05:00.500000000"),
                ("Questions", "00:05:00.500000000", "00:07:00.000000000"),
            ),
            1,
        )
    )
    yield _text(
        "Matroska chapters (XML)",
        "chapters.xml",
        f'<?xml version="1.0"?>\n<!-- <!DOCTYPE Chapters SYSTEM "matroskachapters.dtd"> -->\n<Chapters><EditionEntry><EditionFlagDefault>1</EditionFlagDefault>{atoms}</EditionEntry></Chapters>',
        ENDS,
    )
    psc = '<psc:chapters version="1.2" xmlns:psc="http://podlove.org/simple-chapters"><psc:chapter start="0" title="Opening"/><psc:chapter start="2:10" title="Demo"/><psc:chapter start="00:05:00.500" title="Questions"/></psc:chapters>'
    yield _text("Podlove chapters", "chapters.psc", psc)
    yield _text(
        "Podlove chapters in a feed",
        "feed.xml",
        f'<?xml version="1.0"?><rss version="2.0"><channel><item><title>x</title>{psc}</item></channel></rss>',
    )
    yield _text(
        "cue sheet",
        "set.cue",
        'PERFORMER "Ada"\nTITLE "Set"\nFILE "set.wav" WAVE\n  TRACK 01 AUDIO\n    TITLE "Opening"\n    INDEX 01 00:00:00\n  TRACK 02 AUDIO\n    TITLE "Demo"\n    INDEX 00 02:08:00\n    INDEX 01 02:10:00\n  TRACK 03 AUDIO\n    TITLE "Questions"\n    INDEX 01 05:00:45\n',
        (("Opening", 0, 130), ("Demo", 130, 300.6), ("Questions", 300.6, 600)),
    )
    yield _text(
        "XSPF playlist",
        "set.xspf",
        '<?xml version="1.0" encoding="UTF-8"?><playlist version="1" xmlns="http://xspf.org/ns/0/"><trackList><track><title>Opening</title><duration>130000</duration></track><track><title>Demo</title><duration>170500</duration></track><track><title>Questions</title></track></trackList></playlist>',
    )
    deck = as_pptx(
        a_slide(a_title("Opening"), ms=130_000), a_slide(a_title("Demo"), ms=170_500), a_slide(a_title("Questions"))
    )
    yield Case(kind="PowerPoint with rehearsed times", name="talk.pptx", data=deck, segments=TALK)


def _muxed(format_: str, codec: str, *, third_ms: int = 4500) -> bytes:
    """Seven seconds of silence with three chapters, as FFmpeg writes them."""
    sink = io.BytesIO()
    with av.open(sink, "w", format=format_) as output:
        output.set_chapters([
            {"id": number, "start": start, "end": end, "time_base": Fraction(1, 1000), "metadata": {"title": title}}
            for number, (title, start, end) in enumerate((("Opening", 0, 2000), ("Demo", 2000, third_ms), ("Questions", third_ms, 7000)))
        ])  # fmt: skip
        stream = output.add_stream(codec, rate=48_000)
        stream.layout = "mono"
        for place in range(0, 7 * 48_000, 960):
            frame = av.AudioFrame(format=stream.format.name, layout="mono", samples=960)
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.sample_rate, frame.pts, frame.time_base = 48_000, place, Fraction(1, 48_000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return sink.getvalue()


def _wav_with_cues() -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)

    rate, points = 8000, (("Opening", 0), ("Demo", 2), ("Questions", 5))
    cues = b"".join(
        struct.pack("<II4sIII", key, at * rate, b"data", 0, 0, at * rate) for key, (_, at) in enumerate(points, 1)
    )
    labels = b"".join(
        chunk(b"labl", struct.pack("<I", key) + title.encode() + b"\0") for key, (title, _) in enumerate(points, 1)
    )
    body = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, rate, rate * 2, 2, 16)) + chunk(b"data", bytes(7 * rate * 2))
    body += chunk(b"cue ", struct.pack("<I", len(points)) + cues) + chunk(b"LIST", b"adtl" + labels)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body


def _audio() -> Iterator[Case]:
    chapters: Segments = (("Opening", 0, 2), ("Demo", 2, 4.5), ("Questions", 4.5, 7))
    yield Case(kind="chapters in an MP3", name="talk.mp3", data=_muxed("mp3", "libmp3lame"), segments=chapters)
    yield Case(kind="chapters in an M4A", name="talk.m4a", data=_muxed("ipod", "aac"), segments=chapters)
    yield Case(kind="chapters in an M4B", name="book.m4b", data=_muxed("ipod", "aac"), segments=chapters)
    yield Case(
        kind="chapters in an Ogg",
        name="talk.ogg",
        data=_muxed("ogg", "libopus", third_ms=4000),
        segments=(("Opening", 0, 2), ("Demo", 2, 4), ("Questions", 4, None)),
    )
    yield Case(kind="chapters in a Matroska file", name="talk.mka", data=_muxed("matroska", "aac"), segments=chapters)
    yield Case(
        kind="cue points in a WAV",
        name="talk.wav",
        data=_wav_with_cues(),
        segments=(("Opening", 0, 2), ("Demo", 2, 5), ("Questions", 5, 7)),
    )


def _zip(**entries: str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, text in entries.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), text)
    return sink.getvalue()


def _ole(stream: str) -> bytes:
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(504)
        + "Root Entry".encode("utf-16-le")
        + bytes(44)
        + stream.encode("utf-16-le")
        + bytes(128)
    )


def _other() -> Iterator[Case]:
    """Files that hold no times that can be read, and what they are."""
    for kind, name, data, words in (
        ("PNG", "slide.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ("picture",)),
        ("JPEG", "slide.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0", ("picture",)),
        ("HEIC", "photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", ("picture",)),
        ("WebP named as a table", "talk.csv", b"RIFF\x24\0\0\0WEBPVP8 ", ("picture",)),
        ("SVG", "slide.svg", b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", ("picture",)),
        ("old Word", "talk.doc", _ole("WordDocument"), ("Word",)),
        ("old Excel", "talk.xls", _ole("Workbook"), ("Excel", ".xlsx")),
        ("old PowerPoint", "talk.ppt", _ole("PowerPoint Document"), (".pptx",)),
        ("Excel with a password", "talk.xlsx", _ole("EncryptedPackage"), ("password",)),
        ("AAF", "film.aaf", _ole("Header-2"), ("AAF", "EDL")),
        ("Word", "talk.docx", _zip(word__document_dot_xml="<a/>"), ("Word",)),
        ("OpenDocument spreadsheet", "talk.ods", _zip(mimetype="application/vnd.oasis.opendocument.spreadsheet", content_dot_xml="<a/>"), ("spreadsheet", ".xlsx")),
        ("Keynote", "talk.key", _zip(Index__Document_dot_iwa="x"), ("Keynote", ".pptx")),
        ("Numbers", "talk.numbers", _zip(Index__Document_dot_iwa="x"), ("Numbers", ".xlsx")),
        ("ZIP", "talk.zip", _zip(a_dot_bin="x"), ("ZIP", "unpack")),
        ("7-Zip", "talk.7z", b"7z\xbc\xaf'\x1c\0\x04", ("archive", "unpack")),
        ("Linux program", "talk", b"\x7fELF\x02\x01\x01" + bytes(60), ("program",)),
        ("Windows program", "setup.exe", b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(40), ("program",)),
        ("SQLite database", "talk.db", b"SQLite format 3\0" + bytes(100), ("database",)),
        ("Premiere project", "film.prproj", gzip.compress(b'<?xml version="1.0"?><PremiereData Version="3">'), ("Premiere", "EDL")),
        ("Ableton set", "set.als", gzip.compress(b'<?xml version="1.0"?><Ableton MajorVersion="5">'), ("Ableton",)),
        ("DaVinci Resolve project", "film.drp", _zip(project_dot_xml="<a/>", MediaPool__x_dot_xml="<a/>"), ("Resolve", "EDL")),
        ("Pro Tools session", "set.ptx", b"\x030010111100101011" + bytes(range(64)), ("Pro Tools",)),
        ("MIDI", "set.mid", b"MThd\0\0\0\x06\0\x01\0\x01\0\x60", ("MIDI",)),
        ("REAPER project", "set.rpp", b"<REAPER_PROJECT 0.1 \"7.0\" 1\n  RIPPLE 0\n>\n", ("REAPER",)),
        ("rich text", "talk.rtf", b"{\\rtf1\\ansi 0:00 Opening}", ("rich text",)),
        ("web page", "talk.html", b"<!DOCTYPE html><html><body>0:00</body></html>", ("web page",)),
        ("calendar", "fest.ics", b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", ("calendar",)),
        ("Google document link", "talk.gsheet", b'{"": "WARNING! DO NOT EDIT THIS FILE!", "doc_id": "x"}', ("Google",)),
        ("property list", "list.plist", b"bplist00\xd1\x01\x02" + bytes(30), ("property list",)),
    ):  # fmt: skip
        yield Case(kind=kind, name=name, data=data, refused=words, not_said=("UTF-8", "segment", "not a readable"))


def _unclear() -> Iterator[Case]:
    """Times that cannot be right, or may be several."""
    days = "Title,Start\nOpening,0\nDemo,0.001504630\nQuestions,0.003472222\n"
    yield Case(kind="parts of a day", name="a.csv", data=days.encode(), refused=("days", "4:59"))
    yield Case(
        kind="parts of a day, answered",
        name="a.csv",
        data=days.encode(),
        read_as=("days",),
        segments=(("Opening", 0, 130), ("Demo", 130, 300), ("Questions", 300, 600)),
    )
    commas = 'Title,Start\nOpening,0\nDemo,"1,205"\nQuestions,"2,400"\n'
    yield Case(
        kind="a comma of thousands or decimals",
        name="a.csv",
        data=commas.encode(),
        refused=("2400", "2.400", "thousands", "decimal"),
    )
    yield Case(
        kind="thousands, answered",
        name="a.csv",
        data=commas.encode(),
        length_s=3000,
        read_as=("thousands",),
        segments=(("Opening", 0, 1205), ("Demo", 1205, 2400), ("Questions", 2400, 3000)),
    )
    yield Case(
        kind="thousands that only fit so",
        name="a.csv",
        data=b'Title,Start\nOpening,0\nDemo,130\nQuestions,"1,205"\n',
        length_s=3000,
        segments=(("Opening", 0, 130), ("Demo", 130, 1205), ("Questions", 1205, 3000)),
    )
    clock = "Title,Start\nOpening,19:30:00\nDemo,19:32:10\nQuestions,19:35:00\n"
    yield Case(
        kind="times of day", name="a.csv", data=clock.encode(), length_s=300, refused=("19:30:00", "clock", "as-is")
    )
    yield Case(
        kind="times of day, answered",
        name="a.csv",
        data=clock.encode(),
        read_as=("clock",),
        segments=(("Opening", 0, 130), ("Demo", 130, 300), ("Questions", 300, 600)),
    )
    yield Case(
        kind="times of day from a stated begin",
        name="a.csv",
        data=clock.encode(),
        read_as=("from=19:28:00",),
        length_s=900,
        segments=(("Opening", 120, 250), ("Demo", 250, 420), ("Questions", 420, 900)),
    )
    yield Case(
        kind="a programme in hours and minutes",
        name="a.txt",
        data=b"19:30 Opening\n19:45 Film\n21:15 Talk\n",
        length_s=None,
        refused=("19:30", "clock"),
    )
    yield Case(
        kind="a programme, answered",
        name="a.txt",
        data=b"19:30 Opening\n19:45 Film\n21:15 Talk\n",
        length_s=7200,
        read_as=("clock",),
        segments=(("Opening", 0, 900), ("Film", 900, 6300), ("Talk", 6300, 7200)),
    )
    yield Case(
        kind="times past midnight",
        name="a.csv",
        data=b"Title,Start\nFilm,11:30:00 PM\nTalk,12:30:00 AM\n",
        length_s=7200,
        read_as=("clock",),
        segments=(("Film", 0, 3600), ("Talk", 3600, 7200)),
    )
    dots = b"Title;Start\nOpening;0\nDemo;1.205\nQuestions;2.400\n"
    yield Case(
        kind="a dot of thousands or decimals",
        name="a.csv",
        data=dots,
        length_s=3000,
        refused=("2400", "2.400", "thousands", "decimal"),
    )
    yield Case(
        kind="a programme within a session of its length",
        name="a.txt",
        data=b"19:30 Opening\n19:45 Film\n21:15 Talk\n",
        length_s=7200,
        refused=("19:30", "clock"),
    )
    yield Case(
        kind="frame numbers",
        name="a.csv",
        data=b"Frame,Marker\n0,Opening\n3250,Demo\n",
        read_as=("25fps",),
        segments=(("Opening", 0, 130), ("Demo", 130, 600)),
    )
    yield Case(
        kind="JSON whose ends are far too late",
        name="a.json",
        data=b'[{"start":0,"end":2130,"text":"A"},{"start":2130,"end":300000,"text":"B"}]',
        length_s=300,
        refused=("300000", "ms"),
    )
    ms = "Title,Start\nOpening,0\nDemo,130000\nQuestions,300500\n"
    yield Case(kind="milliseconds", name="a.csv", data=ms.encode(), refused=("ms", "frames"))
    yield Case(kind="milliseconds, answered", name="a.csv", data=ms.encode(), read_as=("ms",), segments=TALK)
    back = "Title,Start\nOpening,0:00\nQuestions,5:00.5\nDemo,2:10\n"
    yield Case(kind="times that run backwards", name="a.csv", data=back.encode(), refused=("line 4", "Demo", "sorted"))
    yield Case(kind="times put in order", name="a.csv", data=back.encode(), read_as=("sorted",), segments=TALK)
    frames = "Name,Start,End\nOpening,00:00:00:00,00:02:10:00\nDemo,00:02:10:00,00:05:00:12\n"
    yield Case(
        kind="timecodes at an answered rate",
        name="a.csv",
        data=frames.encode(),
        read_as=("25fps",),
        segments=(("Opening", 0, 130), ("Demo", 130, 300.48)),
    )
    yield Case(
        kind="bars and beats",
        name="a.csv",
        data=b"#,Name,Start\nM1,Opening,1.1.00\nM2,Demo,5.1.00\n",
        refused=("bars and beats",),
    )
    yield Case(
        kind="columns of other names",
        name="a.csv",
        data=b"Foo,Bar,Baz\nx,y,0:00\nx,z,2:10\n",
        refused=("Foo", "Bar", "title", "start"),
    )


def _encodings() -> Iterator[Case]:
    for encoding, title in (
        ("utf-8-sig", "Größe"),
        ("utf-16-le", "Größe"),
        ("utf-16", "Größe"),
        ("windows-1252", "Größe"),
        ("windows-1250", "Część i zakończenie"),
        ("windows-1251", "Вопросы"),
        ("shift_jis", "はじめに"),
    ):
        text = (
            f"Title,Start\rOpening,0:00\r{title},2:10\r"
            if encoding == "utf-8-sig"
            else f"Title,Start\r\nOpening,0:00\r\n{title},2:10\r\n"
        )
        yield Case(
            kind=f"CSV in {encoding}",
            name="talk.csv",
            data=text.encode(encoding),
            segments=(("Opening", 0, 130), (title, 130, 600)),
        )


CASES: tuple[Case, ...] = tuple(cases())


def problem_with(case: Case, read: Callable[[Case], Segments | str]) -> str:
    """What is wrong with how a case was read; "" if nothing is.

    Args:
        case: the case.
        read: the segments read, or the refusal.
    """
    got = read(case)
    if isinstance(got, str):
        if case.segments is not None:
            return f"refused: {got}"
        missing = [word for word in case.refused if word.lower() not in got.lower()]
        said = [word for word in case.not_said if word.lower() in got.lower()]
        return f"{got!r} lacks {missing}, says {said}" if missing or said else ""
    if case.segments is None:
        return f"read as {got[:3]}, and not refused"
    right = len(got) == len(case.segments) and all(
        title == wanted
        and abs(start_s - at_s) < 0.03
        and (until_s is None or (end_s is not None and abs(end_s - until_s) < 0.03))
        for (title, start_s, end_s), (wanted, at_s, until_s) in zip(got, case.segments, strict=True)
    )
    return "" if right else f"read as {got[:4]}"
