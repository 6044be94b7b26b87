"""Readers of edits: OpenTimelineIO, edit decision lists and Final Cut Pro XML."""

from __future__ import annotations

import contextlib
import json

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentimelineio.opentime import RationalTime, TimeRange

from audience.errors import InvalidValue
from tests.examples import examples
from timeline_files.reading import read_file, read_timeline

EDL = """TITLE: MY FILM
FCM: NON-DROP FRAME

001  AX       V     C        00:00:00:00 00:00:10:00 01:00:00:00 01:00:10:00
* FROM CLIP NAME: Opening
001  AX       A     C        00:00:00:00 00:00:10:00 01:00:00:00 01:00:10:00
002  BL       V     C        00:00:00:00 00:00:02:00 01:00:10:00 01:00:12:00
003  R1       V     C        00:00:05:00 00:00:05:00 01:00:12:00 01:00:12:00
003  R2       V     D    012 00:00:00:00 00:00:08:12 01:00:12:00 01:00:20:12
* FROM CLIP NAME: Street
* TO CLIP NAME: Kitchen
M2   R2       012.0                00:00:00:00
004  R3       V     C        00:00:00:00 00:00:01:00 01:00:20:12 01:00:21:12
"""
FCPXML = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE fcpxml>
<fcpxml version="1.10"><library><event><project name="Film">
<sequence format="r1" tcStart="3600s" duration="20s"><spine>
<asset-clip name="Opening" ref="r2" offset="3600s" start="10s" duration="10010/1000s"/>
<transition offset="360951/100s" duration="1s"/>
<gap name="Gap" offset="361001/100s" duration="2s"/>
<audition offset="361201/100s"><clip name="Kitchen" duration="5s"><video ref="r3" duration="5s"/></clip></audition>
<title duration="3s" ref="r4"/>
</spine></sequence></project></event></library></fcpxml>
"""


def segments(name: str, text: str, *read_as: str) -> list[tuple[str, float, float]]:
    timeline = read_timeline(name, text.encode(), read_as=read_as)
    return [(part.title, part.start_s, part.end_s) for part in timeline.segments]


def complaint(name: str, text: str) -> str:
    with pytest.raises(InvalidValue, match=name) as refused:
        read_timeline(name, text.encode())
    return str(refused.value)


def a_clip(name: str, frames: float) -> otio.schema.Clip:
    return otio.schema.Clip(name, source_range=TimeRange(RationalTime(100, 24), RationalTime(frames, 24)))


def an_edit(*children: otio.core.Composable) -> otio.schema.Timeline:
    timeline = otio.schema.Timeline("Film", global_start_time=RationalTime(86_400, 24))
    sound = otio.schema.Track("A1", kind=otio.schema.TrackKind.Audio)
    sound.append(a_clip("music", 480))
    timeline.tracks.append(sound)
    timeline.tracks.append(otio.schema.Track("V1", children=children))
    return timeline


def as_otio(edit: otio.core.SerializableObject) -> str:
    return str(otio.adapters.write_to_string(edit, "otio_json"))


def test_an_edit_list_starts_at_its_first_clip_without_black_and_sound() -> None:
    assert segments("film.edl", EDL, "24fps") == [("Opening", 0, 10), ("Kitchen", 12, 20.5), ("R3", 20.5, 21.5)]


def test_an_edit_list_has_the_likeliest_rate_that_has_its_frame_numbers_and_leaves_the_question_open() -> None:
    line = "001 AX V C 00:00:00:00 00:00:00:{0} 10:00:00:00 10:00:00:{0}"
    for frame, rate in (("12", "23.976"), ("24", "25"), ("29", "29.97"), ("49", "50"), ("59", "59.94")):
        found = read_file("a.edl", line.format(frame).encode())
        (question,) = found.questions
        assert question.taken == f"{rate}fps"
        assert found.timeline.segments[0].end_s == pytest.approx(int(frame) / float(rate), abs=2e-5)


def test_the_answered_rate_is_exact() -> None:
    """SMPTE 12M: at 30000/1001 the non-drop timecode 01:00:00:00 is 108,000 frames, 3.6 s more than an hour."""
    text = "001 AX V C 00:00:00:00 01:00:00:00 00:00:00:00 01:00:00:00"
    for answer, end_s in (("29.97fps", 3603.6), ("30fps", 3600), ("24000/1001fps", 3603.6), ("23.98fps", 3603.6)):
        assert segments("a.edl", text, answer) == [("AX", 0, end_s)]


def test_drop_frame_timecode_keeps_up_with_the_clock() -> None:
    """SMPTE 12M: an hour of drop-frame timecode is 107,892 frames of 1001/30000 s."""
    line = "001 AX V C 00:00:00;00 00:00:01;00 {0} {1}"
    ((_, start_s, end_s),) = segments("a.edl", line.format("01:00:00;00", "02:00:00;00"))
    assert (start_s, end_s) == (0, pytest.approx(107_892 * 1001 / 30_000, abs=1e-6))
    text = "\n".join([line.format("00:00:00;00", "00:00:59;29"), line.format("00:00:59;29", "00:01:00;02")])
    assert segments("a.edl", text)[1][1:] == (pytest.approx(1799 * 1.001 / 30), pytest.approx(1800 * 1.001 / 30))


def test_an_edit_list_of_sound_only_is_read() -> None:
    assert segments("a.edl", "001 SONG A C 00:00:00:00 00:00:05:00 00:00:00:00 00:00:05:00", "25fps") == [
        ("SONG", 0, 5)
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (EDL.replace("002  BL", "002"), "line 7: "),
        (EDL.replace("01:00:20:12 01:00:21:12", "01:00:19:00 01:00:21:12"), "line 13: 'R3' starts at 0:19"),
        (EDL.replace("00:00:08:12", "00:00:08:99").replace("20:12", "20:99"), "frame 99 of a second was not expected"),
        ("TITLE: nothing", "holds no segment"),
    ],
)
def test_a_bad_edit_list_is_refused_with_its_line(text: str, says: str) -> None:
    assert says in complaint("a.edl", text)


def test_a_final_cut_storyline_starts_at_its_timecode_without_gaps_and_transitions() -> None:
    assert segments("film.fcpxml", FCPXML) == [
        ("Opening", 0, 10.01),
        ("Kitchen", 12.01, 17.01),
        ("Clip 3", 17.01, 20.01),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (FCPXML.replace('duration="5s"', 'duration="five"'), "clip 2: duration 'five' is not a time such as 5s"),
        (FCPXML.replace("10010/1000s", "1/0s"), "clip 1: duration '1/0s' is not a time"),
        (FCPXML.replace("project", "clips"), "holds 0 projects"),
        (FCPXML.replace("fcpxml", "cutlist"), "<fcpxml> was expected"),
        (FCPXML.replace("</spine>", ""), "line 10: is not well-formed XML"),
        (FCPXML.replace("<!DOCTYPE fcpxml>", '<!DOCTYPE fcpxml [<!ENTITY a "b">]>'), "declares XML entities"),
        (FCPXML.replace("UTF-8", "UTF-99"), "in an encoding that cannot be read"),
    ],
)
def test_bad_xml_is_refused_with_what_was_expected(text: str, says: str) -> None:
    assert says in complaint("a.fcpxml", text)


def test_an_otio_timeline_starts_at_0_whatever_its_timecode() -> None:
    edit = an_edit(a_clip("Opening", 240), otio.schema.Gap(duration=RationalTime(48, 24)), a_clip("", 120))
    assert segments("film.otio", as_otio(edit)) == [("Opening", 0, 10), ("Clip 2", 12, 17)]


def test_transitions_take_no_time_and_nested_clips_are_one() -> None:
    scene = otio.schema.Stack("Scene", children=[otio.schema.Track(children=[a_clip("a", 24), a_clip("b", 48)])])
    fade = otio.schema.Transition(in_offset=RationalTime(6, 24), out_offset=RationalTime(6, 24))
    assert segments("film.otio", as_otio(an_edit(a_clip("A", 24), fade, scene))) == [("A", 0, 1), ("Scene", 1, 4)]


def test_only_the_range_that_a_track_shows_is_read() -> None:
    edit = an_edit(a_clip("A", 240), a_clip("B", 240), a_clip("C", 240))
    edit.video_tracks()[0].source_range = TimeRange(RationalTime(120, 24), RationalTime(240, 24))
    assert segments("film.otio", as_otio(edit)) == [("A", 0, 5), ("B", 5, 10)]


def test_a_collection_of_one_timeline_is_read_and_of_two_is_refused() -> None:
    one = otio.schema.SerializableCollection(children=[an_edit(a_clip("A", 24))])
    two = otio.schema.SerializableCollection(children=[an_edit(a_clip("A", 24)), an_edit()])
    assert segments("film.otio", as_otio(one)) == [("A", 0, 1)]
    assert "holds 2 timelines" in complaint("film.otio", as_otio(two))


def test_an_otio_file_that_crashes_the_library_is_refused() -> None:
    root = json.loads(as_otio(an_edit(a_clip("A", 24))))
    root["tracks"] = None
    assert "OpenTimelineIO" in complaint("film.otio", json.dumps(root))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"OTIO_SCHEMA":\n\n]', "line 3: is not JSON"),
        ("{}", "OpenTimelineIO"),
        ('{"OTIO_SCHEMA": "Timeline.1"}', "OpenTimelineIO"),
        (as_otio(an_edit()), "no segment"),
        ("[" * 1_000_000, "OpenTimelineIO"),
        (as_otio(an_edit(a_clip("A", 24), a_clip("B", -5))), "clip 2: 'B' runs from 0:01 to 0:00"),
    ],
)
def test_a_bad_otio_file_is_refused(text: str, says: str) -> None:
    assert says in complaint("film.otio", text)


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just([]) | st.just({})


@settings(max_examples=examples(20))
@given(st.data())
def test_an_otio_file_with_any_value_replaced_is_read_or_refused(data: st.DataObject) -> None:
    root = json.loads(as_otio(an_edit(a_clip("A", 24), a_clip("B", 48))))
    place = root
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(VALUES)
    with contextlib.suppress(InvalidValue):
        read_timeline("film.otio", json.dumps(root).encode())


@given(st.sampled_from([("a.edl", EDL), ("a.fcpxml", FCPXML)]), st.data())
def test_a_damaged_edit_is_read_or_refused(edit: tuple[str, str], data: st.DataObject) -> None:
    name, text = edit
    damaged = bytearray(text.encode())
    for place in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=8)):
        damaged[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InvalidValue):
        read_timeline(name, bytes(damaged))
