"""Which sessions are compared, and why others are not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from audience.errors import InvalidValue
from audience.sessions import Session
from dashboard.pages import choose_sessions as waiting
from dashboard.pages.choose_sessions import Facets, most_shown_film, values
from dashboard.pages.screenings import LeftOut, Screening, Selection, by_scorer, names_of, selected
from tests.builders import BEGAN, a_session, a_stage
from tests.crowds import from_counts
from tests.ticking import limit_s


def a_showing(session_id: str, **told: object) -> Session:
    return replace(a_session(session_id), kind="screening", **told)


def a_screening(session_id: str = "one", *, faces: int = 20, seconds: int = 30, **told: str) -> Screening:
    counts = np.full(seconds, faces)
    windows = from_counts(counts // 2, counts, session_id=session_id, **told)
    return Screening(session=windows.session, stage=windows.stage, cameras=(), windows=windows)


NIGHT = [
    a_showing("a-1", film="Night Train", cut="A", city="Leeds", tags=("students",)),
    a_showing("a-2", film="Night Train", cut="A", city="Ghent"),
    a_showing("b-1", film="Night Train", cut="B", city="Ghent", tags=("recruited", "students")),
    a_showing("other", film="Day Boat", title="Boats, at noon"),
    a_session("talk-1"),
]


def found(**wanted: object) -> list[str]:
    facets = {name: wanted.pop(name) for name in ("film", "cut", "city", "kind", "tag") if name in wanted}
    looked_for = Facets(wanted=facets, zone=wanted.pop("zone", UTC), **wanted)
    return [session.session_id for session in NIGHT if looked_for.admits(session)]


def test_nothing_looked_for_admits_every_session():
    assert len(found()) == len(NIGHT)


def test_sessions_are_found_by_film_cut_city_kind_and_audience():
    assert found(film=["Night Train"]) == ["a-1", "a-2", "b-1"]
    assert found(film=["Night Train"], cut=["A"]) == ["a-1", "a-2"]
    assert found(city=["Ghent", "Leeds"], tag=["students"]) == ["a-1", "b-1"]
    assert found(kind=["talk"]) == ["talk-1"]


def test_words_are_looked_for_in_titles_ids_and_what_is_said_of_a_session():
    assert found(words="BOAT noon") == ["other"]
    assert found(words="ghent recruited") == ["b-1"]


def test_days_are_the_viewers():
    """The sessions began at 19:30 UTC on 4 May, which is the 5th in Auckland."""
    assert found(since=date(2026, 5, 5)) == []
    assert len(found(since=date(2026, 5, 5), until=date(2026, 5, 5), zone=ZoneInfo("Pacific/Auckland"))) == len(NIGHT)
    assert found(until=date(2026, 5, 3)) == []


def test_a_facet_offers_what_sessions_say_of_it():
    assert values(NIGHT, "city") == ["Ghent", "Leeds"]
    assert values(NIGHT, "tag") == ["recruited", "students"]


def test_the_film_shown_most_is_what_is_compared_at_first():
    assert most_shown_film(NIGHT) == "Night Train"
    assert most_shown_film(NIGHT[-2:]) is None
    assert most_shown_film([]) is None


def test_screenings_stand_in_the_order_of_their_beginning():
    late, early = a_screening("late"), a_screening("early")
    late = replace(late, session=replace(late.session, started_at=BEGAN + timedelta(days=1)))
    assert [one.name for one in selected([late, early], early.scorers[0]).screenings] == ["early", "late"]


def test_what_cannot_be_compared_is_left_out_with_the_reason():
    heads = a_screening("heads")
    heads = replace(heads, session=replace(heads.session, mode="head count"))
    few, empty, other = a_screening("few", faces=3), a_screening("empty", seconds=0), a_screening("x", scorer="other 2")
    selection = selected([a_screening(), heads, few, empty, other], "expression-net 1")
    assert [one.name for one in selection.screenings] == ["one"]
    assert {(one.name, one.why) for one in selection.left_out} == {
        ("heads", "only heads were counted"),
        ("few", "fewer than 5 faces throughout"),
        ("empty", "nothing recorded"),
        ("x", "scored by other 2"),
    }
    assert all(isinstance(one, LeftOut) for one in selection.left_out)


def test_figures_of_several_scorers_never_stand_in_one_selection():
    with pytest.raises(InvalidValue, match="not calibrated against each other"):
        Selection(screenings=(a_screening("one"), a_screening("two", scorer="other 2")))


def test_scorers_are_told_with_their_screenings_the_most_used_first():
    screenings = [a_screening("one", scorer="z 1"), a_screening("two"), a_screening("three", scorer="z 1")]
    told = by_scorer([*screenings, a_screening("few", faces=2, scorer="never 1")])
    assert {name: [one.name for one in of] for name, of in told.items()} == {
        "z 1": ["one", "three"],
        "expression-net 1": ["two"],
    }
    assert list(told) == ["z 1", "expression-net 1"]


def test_a_stage_is_named_where_its_session_has_several():
    one = a_screening()
    assert one.name == "one"
    assert replace(one, stage=a_stage("big", title="Main stage"), stages=2).name == "one · Main stage"
    assert one.key == "one/main"


def test_whatever_changes_a_screenings_figures_changes_its_marks():
    one = a_screening()
    later = replace(one, session=replace(one.session, started_at=BEGAN + timedelta(seconds=5)))
    more, looked_away = a_screening(faces=22), a_screening(seconds=29)
    other = replace(one, stage=replace(one.stage, audience_size=300))
    among = replace(one, windows=from_counts(np.full(30, 10), np.full(30, 30), session_id="one"))
    assert len({screening.marks for screening in (one, later, more, looked_away, other, among)}) == 6
    assert a_screening().marks == one.marks


def test_screenings_of_one_name_are_told_apart():
    one, two, three = (a_screening(name) for name in ("one", "two", "three"))
    one, two = (replace(other, session=replace(other.session, title="Friday")) for other in (one, two))
    assert names_of([one, two, three]) == {
        "one/main": "Friday (one)",
        "two/main": "Friday (two)",
        "three/main": "three",
    }


def test_a_bar_goes_when_what_it_waits_for_fails(monkeypatch: pytest.MonkeyPatch):
    def page() -> None:
        import streamlit

        from dashboard.pages.choose_sessions import bar

        try:
            with bar("Reading 2 sessions") as told:
                told(0.5)
                raise LookupError
        except LookupError:
            streamlit.write("It is gone.")

    monkeypatch.setattr(waiting, "_WORTH_A_BAR_S", -1)
    app = AppTest.from_function(page, default_timeout=limit_s()).run()
    assert (len(app.get("progress")), [text.value for text in app.markdown]) == (0, ["It is gone."])


def test_stages_of_one_name_in_one_session_are_told_apart():
    one = a_screening()
    tents = [replace(one, stage=a_stage(stage_id, title="Tent"), stages=2) for stage_id in ("east", "west")]
    assert list(names_of(tents).values()) == ["one · Tent (one/east)", "one · Tent (one/west)"]
