"""The sentence a presenter reads first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audience.faces import EXPRESSIONS
from audience.privacy import decide
from audience.reaction.curve import stage_windows
from audience.reaction.headline import headline, second_text
from audience.sessions import Session, Stage
from audience.window_table import WindowTable
from audience.windows import WindowRecord
from tests.builders import a_cue, a_head_count, a_session, a_stage, a_timeline, a_window, after


def said(
    *records: WindowRecord, session: Session | None = None, stage: Stage | None = None, expression: str = "smile"
) -> str:
    windows = stage_windows(session or a_session(), stage or a_stage(), [], WindowTable.of(records))
    return headline(windows, expression)


def seconds(*shares: tuple[int, int, int], of: int = 40) -> list[WindowRecord]:
    """(from, until, smiling) of `of` faces, one window a second."""
    return [a_window(at, smiling=smiling, of=of) for start, end, smiling in shares for at in range(start, end)]


def test_it_gives_the_average_and_the_highest_stretch_with_its_range_faces_and_smoothing() -> None:
    assert said(*seconds((0, 200, 4), (200, 230, 32), (230, 400, 4))) == (
        "About 1 in 7 faces smiled on average. "
        "The biggest smile came at 3:27: about 80 % (between 65 % and 90 %) of 40 faces, averaged over 15 s."
    )


def test_it_names_the_segment_of_the_peak_and_the_time_in_what_was_shown() -> None:
    stage = a_stage(timelines=[a_timeline(("Opening", 0, 60), ("Live demo", 60, 400))], cues=[a_cue(100, 0)])
    text = said(*seconds((0, 200, 4), (200, 230, 32), (230, 400, 4)), stage=stage)
    assert "at 1:47, in “Live demo”" in text


def test_a_peak_outside_what_was_shown_says_that_its_time_is_the_sessions() -> None:
    stage = a_stage(timelines=[a_timeline(("Opening", 0, 60))], cues=[a_cue(250, 0)])
    assert "at 3:27 of the session" in said(*seconds((0, 200, 4), (200, 230, 32), (230, 400, 4)), stage=stage)


def test_a_single_lucky_window_makes_no_peak() -> None:
    text = said(*seconds((0, 100, 4), (100, 101, 40), (101, 200, 4), (200, 260, 20), (260, 400, 4)))
    assert "about 50 %" in text
    assert "100 %" not in text


def test_a_peak_of_less_than_half_is_not_called_most() -> None:
    text = said(*seconds((0, 200, 2), (200, 230, 14), (230, 400, 2)))
    assert "came at 3:27" in text
    assert "ost did" not in text


def test_a_curve_that_hardly_moves_is_described_so() -> None:
    assert "That changed little: the highest was about 22 %" in said(
        *seconds((0, 100, 8), (100, 130, 9), (130, 300, 8))
    )


def test_hardly_any_face_is_no_percentage() -> None:
    assert said(*seconds((0, 300, 0))) == "Hardly any face smiled."


@pytest.mark.parametrize(
    ("smiling", "words"),
    [
        (1, "About 2 % of the faces smiled"),
        (10, "About 1 in 4 faces smiled"),
        (20, "About half of the faces smiled"),
        (30, "About 75 % of the faces smiled"),
    ],
)
def test_the_average_is_in_everyday_words(smiling: int, words: str) -> None:
    assert said(*seconds((0, 300, smiling))).startswith(words)


def test_the_longest_gap_is_named_with_the_number_of_others() -> None:
    seen = [window for window in seconds((0, 300, 10)) if (window.start_ms // 1000) % 60 not in (1, 2)]
    empty = [a_window(at, of=0) for at in range(300, 303)]
    text = said(*seconds((0, 27, 10)), *[a_window(at, of=0) for at in range(27, 30)], *seconds((30, 200, 10)))
    assert text.endswith("Nobody was in view for 3 s at 0:27.")
    text = said(*seen, *empty, *seconds((303, 310, 10)))
    assert text.endswith("Nobody was in view for 3 s at 5:00. There are 5 shorter gaps too.")


def test_a_gap_in_the_recording_differs_from_an_empty_room() -> None:
    text = said(*seconds((0, 100, 10), (400, 500, 10)))
    assert text.endswith("There is no picture for 5 min at 1:40.")


def test_a_break_is_called_one_with_the_slide_before_it_and_no_second_clock() -> None:
    stage = a_stage(timelines=[a_timeline(("One", 0, 60), ("Two", 60, 300))], cues=[a_cue(30, 0), a_cue(450, 60)])
    shares = seconds((0, 40, 10), (40, 70, 30), (70, 90, 10), (450, 600, 10))
    text = said(*shares, *[a_window(at, of=0) for at in range(90, 450)], stage=stage)
    assert text.endswith("Nobody was in view during the 6-minute break after slide 1.")
    assert "of the session" not in text


def test_a_gap_before_the_talk_is_said_without_a_second_clock() -> None:
    stage = a_stage(timelines=[a_timeline(("One", 0, 300))], cues=[a_cue(100, 0)])
    text = said(*seconds((0, 20, 10), (60, 300, 10)), stage=stage)
    assert text.endswith("There is no picture for 40 s before the start.")


def test_an_empty_room_before_and_after_is_no_gap() -> None:
    empty = [a_window(at, of=0) for at in (*range(60), *range(200, 260))]
    assert "Nobody" not in said(*empty, *seconds((60, 200, 10)))


def test_nobody_ever_in_view() -> None:
    assert said(*(a_window(at, of=0) for at in range(10))) == "Nobody was ever in view."


def test_nothing_recorded() -> None:
    assert said() == "Nothing has been recorded here yet."


def test_too_few_faces_give_no_share() -> None:
    text = said(*seconds((0, 100, 2), of=3))
    assert text.startswith("Too few people in view: at most 3 faces at once")
    assert "fewer than 5" in text


def test_a_head_count_says_how_many_and_why_no_expression() -> None:
    decision = decide("workplace", "DE")
    session = replace(a_session(setting="workplace", country="DE", mode=decision.mode), mode_reason=decision.reason)
    text = said(*(a_head_count(at, heads=30 + (at == 65)) for at in range(100)), session=session)
    assert text.startswith("About 30 faces in view on average, at most 31 at 1:05. Only heads are counted:")
    assert "AI Act" in text


def test_an_expression_that_was_not_scored_has_no_figure() -> None:
    text = said(*seconds((0, 100, 10)), expression="confused")
    assert text.startswith("There is no figure for this expression (confused) here.")


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_no_word_claims_to_know_what_anybody_feels(expression: str) -> None:
    seen = [a_window(at, smiling=20, of=40) for at in range(100)]
    text = said(*seen, expression=expression).lower()
    assert not any(word in text for word in ("emotion", "mood", "engag", "felt", "feel"))


def test_any_second_has_a_timeline_position_though_windows_begin_elsewhere() -> None:
    stage = a_stage(timelines=[a_timeline(("Talk", 0, 500))], cues=[a_cue(20.643, 0)])
    records = [a_window(at, smiling=2, of=10) for at in range(200)]
    windows = stage_windows(a_session(started_at=after(0.643)), stage, [], WindowTable.of(records))
    assert [second_text(windows, second) for second in (120.0, 120.9, 121.0)] == ["1:40", "1:40", "1:41"]
    assert second_text(windows, 5.0) == "0:05 of the session"
    assert second_text(windows, -90.0) == "-1:30 of the session"
