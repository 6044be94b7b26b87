"""The Scenes page in each of its states, without a browser, and that its files hold the figures it shows."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from audience.sessions import Session
from audience.store import Store
from audience.stores import open_store
from audience.timelines import Cue
from dashboard.download import DownloadBundle
from dashboard.pages.scenes import expressions as expressions_view
from dashboard.pages.scenes import norms as norms_view
from dashboard.pages.scenes import synchrony as synchrony_view
from houselights.exporting import export_session
from tests.builders import (
    BEGAN,
    a_face,
    a_scorer,
    a_session,
    a_stage,
    a_timeline,
    a_window,
    after_ms,
    an_annotation,
    an_exclusion,
    window_faces,
)
from tests.dashboard.charts import datasets
from tests.dashboard.conftest import NASTY, Pages, put, text_of

FILM = a_timeline(("Quay", 0, 60), ("Dog", 60, 120), ("Fog", 120, 180), title="scenes")
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def a_showing(number: int = 0, *, film: str = "Ferry", **told: object) -> Session:
    """A screening, so many days after `BEGAN`."""
    began = BEGAN + timedelta(days=number)
    session = a_session(f"show-{number}", title=f"{film}, evening {number}", started_at=began)
    return replace(session, **{"kind": "screening", "film": film, "ended_at": began + timedelta(seconds=180)} | told)


def put_showing(store: Store, session: Session, *, of: int = 10, dog: int = 6, timeline=FILM, **told: object) -> None:
    """A tenth of the faces smile in the first scene, `dog` in the second; of the third there are three faces."""
    days_s = (session.started_at - BEGAN).total_seconds()
    stage = a_stage(timelines=[timeline], cues=[Cue(at=session.started_at, timeline_s=0)], **told)
    windows = [
        a_window(
            days_s + second,
            smiling=[of // 10, dog, 1][second // 60],
            of=of if second < 120 else 3,
            expected=2 * of,
            session_id=session.session_id,
        )
        for second in range(180)
    ]
    store.put_scorer(replace(a_scorer(), experimental=frozenset({"smile"})))
    put(store, session, (stage, windows))


@pytest.fixture
def one_showing(store_url: str) -> str:
    """One screening, of which somebody left some seconds out."""
    with open_store(store_url) as store:
        put_showing(store, a_showing(), exclusions=[an_exclusion(70, 75)], annotations=[an_annotation(30)])
    return store_url


@pytest.fixture
def six_showings(store_url: str) -> str:
    """Six screenings; in the second scene three to eight of ten people smile."""
    with open_store(store_url) as store:
        for number in range(6):
            put_showing(store, a_showing(number), dog=3 + number)
    return store_url


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Callable[[], DownloadBundle]:
    """What the page that was opened last would be taken away as."""
    builds: list[Callable[[], DownloadBundle]] = []
    for view in (expressions_view, norms_view, synchrony_view):
        monkeypatch.setattr(view, "offer", lambda build, **_: builds.append(build))
    return lambda: builds[-1]()


def said(app: AppTest) -> str:
    """The page's text with plain spaces."""
    return text_of(app).replace("\N{NO-BREAK SPACE}", " ")


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_sessions_without_a_timeline_say_how_to_lay_one(pages: Pages, store_url: str) -> None:
    with open_store(store_url) as store:
        put_showing(store, a_showing(), timeline=a_timeline())
    text = said(pages.scenes())
    assert "These sessions have no timeline yet" in text
    assert "houselights timeline SESSION FILE" in text


def test_the_figures_of_one_screening_stand_with_their_range_faces_and_coverage(pages: Pages, one_showing: str) -> None:
    app = pages.scenes()
    text = said(app)
    assert "Smile: highest in “Dog”, 60 % (31 to 83 %) of the faces; lowest in “Quay”, 10 % (2 to 40 %)." in text
    row = text.split('<th scope="row">Quay</th><td>Smile</td>')[1].split("</tr>")[0]
    assert re.fullmatch(
        r"<td>10 % \(2 to 40 %\)</td><td>−24 points \(−\d+ to [−+]\d+\)</td><td>10</td><td>1 of 1</td><td>50 %</td>",
        row,
    )
    assert len(app.get("vega_lite_chart")) == 1


def test_a_scene_of_few_faces_is_withheld_and_said_to_be(pages: Pages, one_showing: str) -> None:
    text = said(pages.scenes())
    assert "<td>too few faces were in view for a figure</td>" in text
    assert "“Withheld”: too few faces were in view for a figure." in text


def test_what_was_left_out_and_noted_is_listed_by_name(pages: Pages, one_showing: str) -> None:
    for view in ("Expressions", "Norms"):
        text = said(pages.scenes(view=view))
        assert "Left out, 1:10 to 1:15 of the session: “Projector failed” (Ada: Nothing to see)" in text
        assert "0:30 of the session: “Door slammed” (Ada)" in text


def test_of_several_screenings_each_counts_once(pages: Pages, six_showings: str) -> None:
    text = said(pages.scenes())
    assert "Smile: highest in “Dog”, 55 % (35 to 75 %) of the faces" in text
    assert "<td>60</td><td>6 of 6</td>" in text


def test_a_plan_takes_over_how_usual_audiences_are(pages: Pages, six_showings: str) -> None:
    links = {link.proto.label: link.proto.query_string for link in pages.scenes().get("page_link")}
    asked = dict(part.split("=") for part in links["Plan a comparison of such audiences →"].split("&"))
    assert (asked["share"], asked["faces"]) == ("32", "8")
    assert 0 <= float(asked["alike"]) < 0.1
    assert "film=Ferry" in links["Compare these screenings →"]


def test_scenes_of_different_films_are_never_mixed(pages: Pages, six_showings: str) -> None:
    with open_store(six_showings) as store:
        put_showing(store, a_showing(9, film="Night Train"), dog=9)
    app = pages.scenes(film=["Ferry", "Night Train"])
    assert app.selectbox(key="work").options == ["Ferry (6)", "Night Train (1)"]
    assert "55 %" in said(app)
    assert "highest in “Dog”, 90 %" in said(app.selectbox(key="work").set_value("Night Train").run())


def test_talks_of_one_title_can_each_be_chosen(pages: Pages, store_url: str) -> None:
    with open_store(store_url) as store:
        for number in range(2):
            put_showing(store, a_showing(number, film="", title="Keynote"), dog=6 + 3 * number)
    app = pages.scenes()
    assert app.selectbox(key="work").options == ["Keynote (show-0) (1)", "Keynote (show-1) (1)"]
    for number, share in enumerate(("60 %", "90 %")):
        app = app.selectbox(key="work").set_value(f"show-{number}/main").run()
        assert f"highest in “Dog”, {share}" in said(app)


def test_a_change_is_against_the_baseline_that_the_address_names(pages: Pages, one_showing: str) -> None:
    text = said(pages.scenes(measure="Change", baseline="Compared with the time before it began"))
    assert "<td>not enough data for the baseline</td>" in text
    assert "A cell is the share of faces less that of the time before it began, in points." in text


def test_expressions_whose_accuracy_is_not_established_are_marked(pages: Pages, one_showing: str) -> None:
    assert "* Experimental: its accuracy is not established." in said(pages.scenes())


def test_titles_full_of_markup_are_shown_as_they_are(pages: Pages, store_url: str) -> None:
    with open_store(store_url) as store:
        put_showing(
            store, a_showing(title=NASTY), timeline=a_timeline((NASTY, 0, 120)), annotations=[an_annotation(1, NASTY)]
        )
    for view in ("Expressions", "Synchrony", "Norms"):
        text = said(pages.scenes(view=view))
        assert "&lt;img src=x" in text
        assert NASTY not in text


def test_synchrony_without_single_faces_says_that_they_expired_or_were_not_kept(pages: Pages, one_showing: str) -> None:
    text = said(pages.scenes(view="Synchrony"))
    assert "No single face of this screening is kept, and synchrony needs them: they expire after 30 days" in text


def test_an_audience_that_moves_together_is_beyond_chance_and_one_that_does_not_is_not(
    pages: Pages, store_url: str, taken: Callable[[], DownloadBundle]
) -> None:
    rng = np.random.default_rng(1)
    together = 0.5 + 0.3 * np.sin(np.arange(60) / 4)
    smiles = np.concatenate([together[:, None] + rng.normal(0, 0.1, (60, 12)), rng.random((60, 12))]).clip(0, 1)
    with open_store(store_url) as store:
        put_showing(store, a_showing())
        seen = [
            [a_face(f"t{face}", at_ms=after_ms(at), smile=float(value)) for face, value in enumerate(row)]
            for at, row in enumerate(smiles)
        ]
        store.put_windows(
            [a_window(at, seen=faces, session_id="show-0") for at, faces in enumerate(seen)],
            [window_faces(at, seen=faces, session_id="show-0") for at, faces in enumerate(seen)],
        )
    text = said(pages.scenes(view="Synchrony"))
    assert "Smile: beyond chance in 1 of 2 scenes, most in “Quay”" in text
    assert '<th scope="row">Fog</th><td>not enough data</td>' in text
    rows = {row["scene"]: row for row in rows_of(taken().files(NOON, endings=("csv",))["synchrony.csv"])}
    assert float(rows["Quay"]["synchrony"]) > float(rows["Quay"]["chance_high"])
    assert float(rows["Dog"]["chance_low"]) < float(rows["Dog"]["synchrony"]) < float(rows["Dog"]["chance_high"])
    assert (rows["Quay"]["tracks"], rows["Quay"]["session_id"], rows["Fog"]["synchrony"]) == ("12", "show-0", "")


def test_a_norm_says_how_many_scenes_it_rests_on_and_needs_ten(
    pages: Pages, six_showings: str, taken: Callable[[], DownloadBundle]
) -> None:
    text = said(pages.scenes(view="Norms"))
    assert "Not enough data: the archive has 2 other scenes of this scorer, and a norm needs 10." in text
    with open_store(six_showings) as store:
        for number in range(10, 16):
            put_showing(store, a_showing(number, film=f"Film {number}"), dog=number - 10)
        put_showing(store, a_showing(20, film="Made up", simulated=True), dog=10)
    text = said(pages.scenes(view="Norms", film="Ferry"))
    assert "“Dog” ranks highest, above 100 % of 13 other scenes." in text
    rows = {row["scene"]: row for row in rows_of(taken().files(NOON, endings=("csv",))["norms.csv"])}
    assert (rows["Dog"]["rank"], rows["Dog"]["scenes"]) == ("1.0", "13")
    assert rows["Fog"]["rank"] == ""
    (frame,) = datasets(taken().pictures[0].chart)
    assert frame["value"].tolist() == pytest.approx(
        [100 * float(rows["Quay"]["rank"]), 100 * float(rows["Dog"]["rank"]), float("nan")], nan_ok=True, abs=0.01
    )


def test_the_files_hold_the_figures_of_the_screen_and_say_what_was_chosen(
    pages: Pages, six_showings: str, taken: Callable[[], DownloadBundle]
) -> None:
    pages.scenes(measure="Change", film="Ferry")
    files = taken().files(NOON)
    rows = {row["scene"]: row for row in rows_of(files["scenes.csv"])}
    assert (rows["Dog"]["share"], rows["Dog"]["faces"], rows["Dog"]["screenings"]) == ("0.55", "60.0", "6")
    assert (rows["Fog"]["share"], rows["Fog"]["lacks"]) == ("", "too few faces")
    drawn = {text.text for text in ET.fromstring(files["scenes.svg"]).iter("{http://www.w3.org/2000/svg}text")}
    assert {"Dog", "+22", "60", "withheld"} <= drawn
    assert float(rows["Dog"]["change"]) == pytest.approx(0.225)
    manifest = json.loads(files["manifest.json"])
    assert manifest["chosen"]["baseline"] == "whole talk"
    assert manifest["chosen"]["film"] == "Ferry"
    assert manifest["address"] == "scenes?measure=Change&film=Ferry"
    assert [session["session_id"] for session in manifest["sessions"]] == [f"show-{number}" for number in range(6)]
    assert manifest["tables"]["scenes"]["rows"] == 3


def test_what_the_command_line_exports_makes_the_very_figures_of_the_page(
    pages: Pages, one_showing: str, taken: Callable[[], DownloadBundle], tmp_path: Path
) -> None:
    pages.scenes()
    shown = {row["scene"]: row for row in rows_of(taken().files(NOON, endings=("csv",))["scenes.csv"])}
    with open_store(one_showing) as store:
        export_session(store, "show-0", tmp_path, formats=["csv"], min_faces=None, exported_at=NOON)
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for row in rows_of((tmp_path / "curve.csv").read_bytes()):
        if row["share"]:
            faces = float(row["faces"])
            for place, value in enumerate((float(row["share"]) * faces, faces, 1.0)):
                sums[row["segment"]][place] += value
    # One of ten in each second of the other scene: of a second that is told as a range, of a minute as it is.
    assert set(sums) == {"Dog"}
    for scene, (over, faces, windows) in sums.items():
        assert float(shown[scene]["share"]) == pytest.approx(over / faces, abs=1e-6)
        assert float(shown[scene]["faces"]) == pytest.approx(faces / windows, abs=1e-6)
        assert float(shown[scene]["figures_s"]) == windows
    assert float(shown["Dog"]["figures_s"]) == 55
    assert taken().file("notes.csv") == (tmp_path / "notes.csv").read_bytes()
