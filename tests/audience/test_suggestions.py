"""What to look at next: what really differs is found, and where nothing differs nothing is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from audience.comparing.earlier import usual_range
from audience.comparing.slides import slide_results
from audience.comparing.suggestions import earlier_givings, earlier_sessions, is_unusual, suggestions
from audience.reaction.curve import StageWindows
from audience.stores import open_store
from tests.builders import a_cue, a_session, a_stage, a_timeline, a_window, after
from tests.crowds import crowds, from_counts

SLIDES, EACH_S = 14, 90
LENGTH_S = SLIDES * EACH_S
TITLES = [f"Slide {number}" for number in range(SLIDES)]


def talks(
    count: int,
    share: Sequence[float] | float,
    *,
    changed: tuple[int, int, float] | None = None,
    seed: int,
    people: int = 80,
) -> list[StageWindows]:
    """Talks of the same slides, the latest first, each with its own share; the first is `changed` for some seconds."""
    true = np.tile(np.asarray(share, dtype=float), (LENGTH_S, count)) if np.ndim(share) < 2 else np.array(share)
    if changed is not None:
        begins, ends, level = changed
        true[begins:ends, 0] = level
    over, faces = crowds(true, np.full(count, people), lasts_s=np.full(count, 5.0), seed=seed)
    timeline = a_timeline(*((title, n * EACH_S, (n + 1) * EACH_S) for n, title in enumerate(TITLES)))
    stage = a_stage(timelines=[timeline], cues=[a_cue(0, 0)])
    return [from_counts(over[:, one], faces[:, one], stage=stage) for one in range(count)]


def with_low_slide(count: int, seed: int) -> list[StageWindows]:
    share = np.full((LENGTH_S, count), 0.25)
    share[8 * EACH_S : 9 * EACH_S] = 0.08
    return talks(count, share, seed=seed)


def test_a_slide_at_which_few_smile_in_every_talk_is_named_with_its_second() -> None:
    this, *earlier = with_low_slide(5, seed=1)
    (found,) = suggestions(this, earlier, "smile")
    assert found.kind == "slide low"
    assert "“Slide 8”" in found.sentence
    assert "5 of 5 talks" in found.sentence
    assert found.session_s == 8 * EACH_S


def test_two_talks_are_too_few_to_name_a_slide() -> None:
    this, earlier = with_low_slide(2, seed=1)
    assert suggestions(this, [earlier], "smile") == ()


def test_a_slide_that_was_low_once_is_not_named() -> None:
    this, *earlier = talks(5, 0.25, changed=(8 * EACH_S, 9 * EACH_S, 0.05), seed=2)
    assert suggestions(this, earlier, "smile") == ()


def test_a_strong_opening_is_held_against_the_usual_ones() -> None:
    this, *earlier = talks(5, 0.22, changed=(0, 300, 0.5), seed=3)
    (found,) = suggestions(this, earlier, "smile")
    assert (found.kind, found.session_s) == ("opening", 0)
    assert "4 earlier talks" in found.sentence


def test_a_talk_that_is_stronger_all_along_is_said_in_one_sentence() -> None:
    this, *earlier = talks(5, 0.22, changed=(0, LENGTH_S, 0.5), seed=3)
    assert [one.kind for one in suggestions(this, earlier, "smile")] == ["whole"]


def test_openings_that_differ_widely_make_none_unusual() -> None:
    share = np.tile([0.35, 0.1, 0.3, 0.2, 0.4], (LENGTH_S, 1))
    this, *earlier = talks(5, share, seed=4)
    assert suggestions(this, earlier, "smile") == ()


def test_what_changed_after_a_break_is_said_with_both_figures() -> None:
    share = np.full(1500, 0.3)
    share[900:] = 0.1
    over, faces = crowds(share[:, None], np.array([80]), lasts_s=np.array([5.0]), seed=5)
    stage = a_stage(timelines=[a_timeline(("Talk", 0, 1200))], cues=[a_cue(0, 0), a_cue(600, 600), a_cue(900, 600)])
    (found,) = suggestions(from_counts(over[:, 0], faces[:, 0], stage=stage), [], "smile")
    assert found.kind == "break"
    assert "10:00" in found.sentence
    assert "fewer" in found.sentence
    assert found.session_s == 900


def test_a_break_after_which_all_goes_on_as_before_is_no_news() -> None:
    over, faces = crowds(np.full((1500, 1), 0.3), np.array([80]), lasts_s=np.array([5.0]), seed=6)
    stage = a_stage(timelines=[a_timeline(("Talk", 0, 1200))], cues=[a_cue(0, 0), a_cue(600, 600), a_cue(900, 600)])
    assert suggestions(from_counts(over[:, 0], faces[:, 0], stage=stage), [], "smile") == ()


def test_talks_of_another_scorer_are_left_out() -> None:
    this, *earlier = with_low_slide(5, seed=1)
    others = [replace(one, table=replace(one.table, scorers=("another 1",))) for one in earlier]
    assert suggestions(this, others, "smile") == ()


@pytest.mark.parametrize(("count", "slides"), [(3, 5), (3, 20), (6, 12)])
def test_of_slides_in_any_order_hardly_any_deck_has_one_that_is_named(count: int, slides: int) -> None:
    rng = np.random.default_rng(count * 100 + slides)
    decks = 150
    named = sum(
        any(one.is_low or one.is_high for one in slide_results(
            [{f"s{n}": (60.0 * n, float(rng.normal())) for n in range(slides)} for _ in range(count)], seed=7
        ))
        for _ in range(decks)
    )  # fmt: skip
    assert named <= 6, "of 150 decks 1.5 are expected at most, and more than 6 once in a thousand"


def test_a_talk_with_hardly_any_of_the_slides_changes_nothing_of_the_others() -> None:
    rng = np.random.default_rng(5)
    whole = [{f"s{n}": (60.0 * n, float(rng.normal()) - 9 * (n == 3)) for n in range(16)} for _ in range(3)]
    other = {f"s{n}": (60.0 * n, 0.0) for n in (0, 1)} | {"new": (300.0, 0.0)}
    del whole[0]["s0"]
    results = slide_results([*whole, other])
    assert [one.title for one in results if one.is_low] == ["s3"]
    assert "s0" not in {one.title for one in results}, "two talks of it are too few"
    assert all(one.talks == 3 for one in results)


def test_a_figure_within_what_talks_differ_by_is_usual_and_few_faces_are_not_held_to_more() -> None:
    usual, certain = np.array([0.40, 0.45, 0.50, 0.55]), np.full(4, 1e-5)
    assert not is_unusual(0.60, 1e-5, usual, certain, 0.01)
    assert is_unusual(1.2, 1e-5, usual, certain, 0.01)
    assert not is_unusual(1.2, 0.1, usual, certain, 0.01)
    alike = np.full(4, 0.45)
    assert not is_unusual(0.46, 1e-3, alike, np.full(4, 1e-3), 0.01)


def test_the_usual_range_reaches_from_the_lowest_to_the_highest_of_at_least_three() -> None:
    flat = [from_counts(np.full(60, smiling), np.full(60, 50), stage=a_stage()) for smiling in (20, 5, 10, 15)]
    low, high = usual_range(flat[0], flat[1:], "smile", 0)
    assert (low[30], high[30]) == pytest.approx((0.1, 0.3))
    low, _ = usual_range(flat[0], flat[1:3], "smile", 0)
    assert np.isnan(low).all()


def test_earlier_givings_are_those_of_the_same_name_before_this_one(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/houselights.db") as store:

        def held(session_id: str, days: int, *, film: str = "", slides: str = "deck", **changed: object) -> None:
            at = after(0) + timedelta(days=days)
            store.put_session(replace(a_session(session_id, started_at=at), film=film, **changed))
            store.put_stage(session_id, a_stage(timelines=[a_timeline(("One", 0, 9), title=slides)]))
            begins_s = days * 86_400
            store.put_windows(
                [a_window(begins_s + second, smiling=3, of=9, session_id=session_id) for second in range(9)]
            )

        held("now", 0, film="Bridges")
        held("old", -9, film="Bridges", slides="other")
        held("newer", -2, film="Bridges")
        held("later", 1, film="Bridges")
        held("another", -3, film="Tunnels")
        held("cut", -3, film="Bridges", cut="short")
        held("pretend", -3, film="Bridges", simulated=True)
        held("deck", -1)
        held("deck-before", -5)
        held("other-deck", -5, slides="other")
        for session_id, expected in (("now", ["newer", "old"]), ("deck", ["deck-before"])):
            session, (stage,) = store.session(session_id), store.stages(session_id)
            found = earlier_givings(store, session, stage, earlier_sessions(session, store.sessions()))
            assert [one.session.session_id for one in found] == expected
