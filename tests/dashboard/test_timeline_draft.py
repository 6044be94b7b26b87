"""What somebody types about a timeline: when it makes sense, what is said when it does not, undo, and saving."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import ChangedMeanwhile, InvalidValue
from audience.export.files import csv_bytes
from audience.stores import open_store
from audience.timelines import Segment, Timeline
from dashboard.pages.timeline.desk import save
from dashboard.pages.timeline.draft import Draft, Editing, Pin, Row, Sheet, clock_s, moved, table_of, tapped
from dashboard.pages.timeline.slide_times.component import curve_points
from tests.builders import a_cue, a_progress, a_session, a_stage, a_timeline, after, an_exclusion
from timeline_files.reading import read_timeline
from timeline_files.times import time_s, time_text

SESSION = a_session(ended_at=after(600))
SLIDES = a_timeline(("Opening", 0, 75.5), ("Demo", 75.5, 300))


def sheet(*rows: tuple[str, str, str], title: str = "slides") -> Sheet:
    return Sheet(title=title, rows=tuple(Row(title=name, start=start, end=end) for name, start, end in rows))


def laid(*sheets: Sheet, pins: tuple[Pin, ...] = (), recordings=()):
    return Draft(sheets=sheets, pins=pins).stage(SESSION, a_stage(), recordings)


@given(st.floats(min_value=0, max_value=1e6).map(lambda seconds: round(seconds, 6)))
def test_a_time_is_read_as_it_is_written(seconds: float) -> None:
    assert time_s(time_text(seconds)) == pytest.approx(seconds, abs=1e-6)


def test_what_is_stored_comes_through_a_draft_unchanged() -> None:
    stage = a_stage(timelines=[SLIDES, a_timeline(("A", 0, 5), title="scenes")], cues=[a_cue(12.48, 0), a_cue(-30, 5)])
    again = Draft.of(SESSION, stage).stage(SESSION, stage, ())
    assert again.timelines == stage.timelines
    assert sorted(again.cues, key=lambda cue: cue.at) == sorted(stage.cues, key=lambda cue: cue.at)


def test_rows_may_be_typed_in_any_order_and_an_end_may_be_left_out() -> None:
    stage = laid(sheet(("Demo", "1:15.5", ""), ("Opening", "0", ""), ("Thanks", "0:05:00", "5:10")))
    (timeline,) = stage.timelines
    assert timeline == a_timeline(("Opening", 0, 75.5), ("Demo", 75.5, 300), ("Thanks", 300, 310))


def test_the_last_row_without_an_end_lasts_until_the_session_does() -> None:
    assert laid(sheet(("All", "0", "")), pins=(Pin(clock="0:30", shown="0"),)).timelines[0].segments[0].end_s == 570
    live = a_session()
    draft = Draft(sheets=(sheet(("All", "0", "")),))
    assert draft.stage(live, a_stage(), [a_progress(done_s=200)]).timelines[0].segments[0].end_s == 200
    assert draft.stage(live, a_stage(), []).timelines[0].segments[0].end_s == 3600


@pytest.mark.parametrize(
    ("sheets", "pins", "says"),
    [
        (
            [sheet(("A", "0", ""), ("B", "soon", ""))],
            (),
            "slides: row 2: 'soon' is not a time: write it as 75",
        ),
        ([sheet(("A", "0", "1:75"))], (), "row 1: '1:75' is not a time: minutes and seconds go up to 59"),
        ([sheet(("A", "10", "5"))], (), "row 1: 'A' runs from 0:10 to 0:05: it must end after it starts"),
        ([sheet(("A", "0", "50"), ("B", "40", ""))], (), "row 2: 'B' starts at 0:40, before 'A' (row 1) ends at 0:50"),
        ([sheet(("A", "5", ""), ("B", "5", ""))], (), "row 2: 'B' starts at 0:05, not after 'A' (row 1)"),
        ([sheet(("", "5", ""))], (), "row 1: there is no title"),
        ([sheet(("A", "", ""))], (), "row 1: '' is not a time"),
        ([sheet()], (), "slides: holds no segment"),
        ([sheet(("A", "0", ""), title=" ")], (), "a timeline has no title: give it one"),
        ([sheet(("A", "0", "")), sheet(("B", "0", ""))], (), "two timelines are called 'slides'"),
        ([], (Pin(clock="0", shown="0"), Pin(clock="1:00", shown="-5")), "cues: row 2: '-5' is not a time"),
        ([], (Pin(clock="noon", shown="0"),), "cues: row 1: 'noon' is not a time"),
    ],
)
def test_what_makes_no_sense_is_named_by_its_row(sheets: list[Sheet], pins: tuple[Pin, ...], says: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        laid(*sheets, pins=pins)
    assert says in str(refused.value)


def test_what_began_before_the_session_has_a_minus_sign() -> None:
    assert clock_s(" -0:30") == clock_s("\N{MINUS SIGN}30") == -30
    assert laid(pins=(Pin(clock="-0:30", shown="0"),)).cues == (a_cue(-30, 0),)


def test_every_step_can_be_undone() -> None:
    editing = Editing.begun(SESSION, a_stage(timelines=[SLIDES]))
    assert not editing.changed
    assert editing.then(editing.now) == editing
    first = editing.then(editing.now.with_timeline(a_timeline(("A", 0, 5), title="scenes")))
    second = first.then(first.now.led_by(1))
    third = second.then(second.now.without_sheet(1))
    assert [[one.title for one in step.now.sheets] for step in (first, second, third)] == [
        ["slides", "scenes"],
        ["scenes", "slides"],
        ["scenes"],
    ]
    assert third.undone().now == second.now
    assert third.undone().undone().undone().now == editing.now
    assert not third.undone().undone().undone().changed
    assert editing.undone() == editing


def test_a_timeline_of_the_same_title_takes_its_place() -> None:
    stage = a_stage(timelines=[SLIDES, a_timeline(("A", 0, 5), title="scenes")])
    draft = Draft.of(SESSION, stage).with_timeline(a_timeline(("B", 0, 7)))
    assert [(one.title, one.rows[0].title) for one in draft.sheets] == [("slides", "B"), ("scenes", "A")]


def test_what_is_downloaded_can_be_read_again() -> None:
    timeline = a_timeline(('He said "hm", twice', 0, 75.5), ("Ende; Schluß", 75.5, 4000.125))
    assert read_timeline("slides.csv", csv_bytes(table_of(timeline))) == timeline


def test_saving_keeps_what_else_is_known_of_the_stage(store_url: str) -> None:
    read = a_stage(timelines=[SLIDES])
    with open_store(store_url) as store:
        store.put_session(a_session())
        store.put_stage("talk-1", replace(read, exclusions=(an_exclusion(10, 20),), audience_size=50))
    edited = replace(read, timelines=(), cues=(a_cue(3, 0),))
    saved = save("talk-1", read, edited, {})
    with open_store(store_url) as store:
        assert store.stages("talk-1") == [saved]
    assert saved == a_stage(cues=[a_cue(3, 0)], exclusions=[an_exclusion(10, 20)], audience_size=50)


def test_the_second_of_two_to_save_is_told(store_url: str) -> None:
    read = a_stage(timelines=[SLIDES])
    with open_store(store_url) as store:
        store.put_session(a_session())
        store.put_stage("talk-1", read)
    save("talk-1", read, replace(read, cues=(a_cue(3, 0),)), {})
    with pytest.raises(ChangedMeanwhile, match="Somebody else changed"):
        save("talk-1", read, replace(read, cues=(a_cue(9, 0),)), {})
    with open_store(store_url) as store:
        assert store.stages("talk-1")[0].cues == (a_cue(3, 0),)


def test_what_was_deleted_meanwhile_cannot_be_saved(store_url: str) -> None:
    with pytest.raises(InvalidValue, match="'main' is not in session 'talk-1' any more"):
        save("talk-1", a_stage(), a_stage(cues=[a_cue(3, 0)]), {})


DRAFT = Timeline(
    title="slides",
    segments=tuple(
        Segment(title=title, start_s=10.0 * place, end_s=10.0 * place + 10, notes=f"Say {title}.", guessed=True)
        for place, title in enumerate("ABCD")
    ),
)


def times(timeline: Timeline) -> list[tuple[float, float, bool]]:
    return [(one.start_s, one.end_s, one.guessed) for one in timeline.segments]


def test_notes_and_guesses_come_through_a_draft_unchanged() -> None:
    stage = a_stage(timelines=[DRAFT])
    assert Draft.of(SESSION, stage).stage(SESSION, stage, ()).timelines == (DRAFT,)


def test_a_segment_that_is_moved_takes_the_end_before_it_along_and_is_no_guess() -> None:
    assert times(moved(DRAFT, 1, 14.5)) == [(0, 14.5, True), (14.5, 20, False), (20, 30, True), (30, 40, True)]
    assert times(moved(DRAFT, 0, 3))[0] == (3, 10, False)


@pytest.mark.parametrize("to_s", [-5.0, 0.0, 19.99, 500.0])
def test_a_segment_cannot_be_moved_over_another(to_s: float) -> None:
    after_move = times(moved(DRAFT, 1, to_s))
    assert 0 < after_move[1][0] < after_move[1][1] == 20


def test_a_gap_before_a_segment_stays_unless_it_is_moved_into_it() -> None:
    gapped = a_timeline(("A", 0, 5), ("B", 10, 20))
    assert times(moved(gapped, 1, 8))[0][1] == 5
    assert times(moved(gapped, 1, 3))[0][1] == 3


def test_what_was_tapped_is_set_and_the_rest_follows_as_a_guess() -> None:
    after_taps = tapped(DRAFT, [2, 8.25], 38.25)
    assert times(after_taps) == [(2, 8.25, False), (8.25, 18.25, False), (18.25, 28.25, True), (28.25, 38.25, True)]
    assert [one.notes for one in after_taps.segments] == [one.notes for one in DRAFT.segments]
    assert times(tapped(DRAFT, [1, 2, 3, 4, 5], 40))[-1] == (4, 40, False)
    with pytest.raises(InvalidValue, match="tapped"):
        tapped(DRAFT, [5, 4], 40)


def test_the_curve_is_sent_as_means_with_its_gaps() -> None:
    timeline_s = np.array([np.nan, 0.25, 1.25, 2.25, 4.25, 900])
    points = curve_points(timeline_s, np.array([9, 0.2, 0.4, np.nan, 0.6, 0.9]), 6)
    assert points == [[1, pytest.approx(0.3)], [3, None], [5, 0.6]]
