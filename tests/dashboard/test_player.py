"""The player as people meet it: on a desk, on a phone, by mouse, by finger and by keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from audience.percents import SHARE_PARTS, percent
from audience.recording_files import fingerprint
from dashboard.charts.theme import DARK, LIGHT
from tests.dashboard.conftest import NASTY, READY, serving
from tests.videos import numbered, write_video

pytestmark = pytest.mark.browser

SECONDS = 3060  # of the talk on the page
VIDEO_S = 900
SCRIPTS = Path(__file__).parents[2] / "dashboard" / "player"


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Fingerprints of a recording with its index at the end, and of one no browser plays."""
    folder = tmp_path_factory.mktemp("videos")
    good = write_video(
        folder / "talk.mp4",
        at_ms=range(0, VIDEO_S * 1000, 1000),
        fps=1,
        key_every=10,
        picture=lambda number: numbered(number % 4096),
    )
    (folder / "broken.mp4").write_bytes(good.read_bytes()[:24] + b"no pictures" * 1000)
    prints = {"folder": str(folder)}
    for name in ("talk", "broken"):
        with (folder / f"{name}.mp4").open("rb") as file:
            prints[name] = fingerprint(file)
    return prints


@pytest.fixture(scope="module")
def address(videos: dict[str, str]) -> Iterator[str]:
    """A server whose only page shows the player."""
    root = str(Path(__file__).parents[2])
    with serving(
        Path(__file__).with_name("player_server.py"),
        HOUSELIGHTS_VIDEOS=videos["folder"],
        PYTHONPATH=root,
        STREAMLIT_SERVER_HEADLESS="true",
        STREAMLIT_SERVER_ADDRESS="127.0.0.1",
        STREAMLIT_BROWSER_GATHER_USAGE_STATS="false",
        STREAMLIT_SERVER_FILE_WATCHER_TYPE="none",
    ) as url:
        yield url


@pytest.fixture(scope="module")
def desk(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context
    context.close()


@pytest.fixture(scope="module")
def phone(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, device_scale_factor=2
    )
    yield context
    context.close()


@pytest.fixture
def opened(address: str, desk: BrowserContext) -> Iterator[Callable[..., Page]]:
    """Opens the page with the player and waits until it is drawn."""
    pages = []

    def at(query: str = "", context: BrowserContext = desk) -> Page:
        page = context.new_page()
        pages.append(page)
        page.goto(f"{address}/?{query}")
        page.wait_for_selector(READY)
        page.wait_for_selector(".plot[data-curve]")
        return page

    yield at
    for page in pages:
        page.close()


@pytest.fixture
def with_video(opened: Callable[..., Page], videos: dict[str, str]) -> Callable[..., Page]:
    """Opens the page with a recording, and waits until it can be seen."""

    def at(query: str = "", **more: BrowserContext) -> Page:
        page = opened(f"video={videos['talk']}&{query}", **more)
        # No event says it for sure: of a recording that is sought before it is loaded, "loadeddata" may be over.
        wait_for_video(page, "video.readyState >= 2")
        return page

    return at


def second(page: Page) -> float:
    """Where the player stands, to the second, as a screen reader is told."""
    return float(page.get_by_role("slider", name="Position").get_attribute("aria-valuenow") or "nan")


def video_s(page: Page) -> float:
    return float(page.locator("video").evaluate("video => video.currentTime"))


def wait_for_video(page: Page, holds: str) -> None:
    """Waits until a condition on `video` holds, in the browser."""
    page.locator("video").evaluate(
        f"video => new Promise(done => {{ const look = () => {holds} ? done() : setTimeout(look, 20); look(); }})"
    )


def playhead_x(page: Page) -> float:
    box = page.locator(".playhead").bounding_box()
    plot = page.locator(".plot").bounding_box()
    assert box is not None
    assert plot is not None
    return box["x"] + 1 - plot["x"]


def plot_box(page: Page) -> dict[str, float]:
    box = page.locator(".plot").bounding_box()
    assert box is not None
    return {side: float(box[side]) for side in ("x", "y", "width", "height")}


def click_at(page: Page, part: float, y: float = 120) -> None:
    """Clicks on the curve, so far along what is in view."""
    box = plot_box(page)
    page.mouse.click(box["x"] + part * box["width"], box["y"] + y)


def hovered(page: Page, at_s: float, y: float = 120) -> Locator:
    """What the hover shows over a second, while the whole session is in view."""
    box = plot_box(page)
    page.mouse.move(box["x"] + at_s / SECONDS * box["width"], box["y"] + y)
    return page.locator(".tip")


def settled(page: Page) -> None:
    """Waits for two frames: whatever was asked for is drawn."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


# Seeking and playing.


def test_a_click_moves_the_playhead_in_the_next_frame_and_seeks_the_recording(with_video: Callable[..., Page]) -> None:
    page = with_video()
    page.locator(".player").evaluate("""root => {
        window.took = [];
        const [plot, video, playhead] = ['.plot', 'video', '.playhead'].map(name => root.querySelector(name));
        plot.addEventListener('pointerdown', () => {
            const before = playhead.style.transform;
            const one = { moved: false, seeked: false };
            requestAnimationFrame(() => { one.moved = playhead.style.transform !== before; });
            video.addEventListener('seeked', () => { one.seeked = true; }, { once: true });
            window.took.push(one);
        }, true);
    }""")
    for part in (0.1, 0.25, 0.05, 0.2, 0.15):
        click_at(page, part)
        page.wait_for_function("() => window.took.at(-1).seeked")
        assert second(page) == pytest.approx(part * SECONDS, abs=3)
        assert video_s(page) == pytest.approx(part * SECONDS, abs=3)
    assert page.evaluate("window.took") == [{"moved": True, "seeked": True}] * 5


def test_the_playhead_follows_the_recording_and_the_page_does_not_run_anew(with_video: Callable[..., Page]) -> None:
    page = with_video("t=100")
    before = playhead_x(page)
    page.get_by_role("button", name="Play").click()
    wait_for_video(page, "video.currentTime > 102")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    settled(page)
    expected = video_s(page) / SECONDS * plot_box(page)["width"]
    assert playhead_x(page) == pytest.approx(expected, abs=1)
    assert playhead_x(page) > before
    assert second(page) == pytest.approx(video_s(page), abs=1)
    expect(page.get_by_text("runs 1", exact=True)).to_be_visible()


def test_dragging_scrubs(with_video: Callable[..., Page]) -> None:
    page = with_video()
    box = plot_box(page)
    page.mouse.move(box["x"] + 20, box["y"] + 100)
    page.mouse.down()
    for x in range(20, 200, 10):
        page.mouse.move(box["x"] + x, box["y"] + 100)
        assert second(page) == pytest.approx(x / box["width"] * SECONDS, abs=6)
    page.mouse.up()
    wait_for_video(page, f"Math.abs(video.currentTime - {second(page)}) < 1")


def test_the_recordings_own_beginning_is_laid_on_the_sessions_axis(with_video: Callable[..., Page]) -> None:
    page = with_video("starts=40&t=100")
    assert second(page) == 100
    assert video_s(page) == pytest.approx(60, abs=0.1)
    page.locator(".slider").focus()
    page.keyboard.press("Home")
    expect(page.get_by_text("The recording does not reach to this second.")).to_be_visible()
    page.keyboard.press("N")
    expect(page.get_by_text("The recording does not reach to this second.")).to_be_hidden()


def test_keys_seek_play_and_go_from_part_to_part(with_video: Callable[..., Page]) -> None:
    page = with_video("t=300")
    page.locator(".slider").focus()
    for key, at in (
        ("ArrowRight", 305),
        ("ArrowLeft", 300),
        ("Shift+ArrowRight", 301),
        ("Shift+ArrowLeft", 300),
        ("n", 780),
        ("PageDown", 1300),
        ("p", 780),
        ("PageUp", 200),
        ("p", 0),
        ("End", SECONDS),
        ("Home", 0),
    ):
        page.keyboard.press(key)
        assert second(page) == at, key
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_a_link_opens_the_very_second_and_one_to_it_can_be_copied(with_video: Callable[..., Page]) -> None:
    page = with_video("t=751")
    assert second(page) == 751
    assert video_s(page) == pytest.approx(751, abs=0.1)
    page.locator(".slider").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("button", name="Copy link to this second").click()
    expect(page.get_by_role("status")).to_have_text("The link to 12:36 is copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(page.url.partition("?")[0])
    assert "t=756" in copied
    assert "video=" in copied


def test_where_a_page_may_not_copy_the_link_is_shown_to_be_copied(opened: Callable[..., Page]) -> None:
    page = opened("t=60")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.get_by_role("button", name="Copy link to this second").click()
    expect(page.get_by_role("status")).to_have_text(f"The link to 1:00 is {page.url}")


def test_it_keeps_its_second_its_zoom_and_plays_on_while_the_page_runs_anew(with_video: Callable[..., Page]) -> None:
    page = with_video("t=300")
    for _ in range(2):
        page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Play").click()
    seen = page.locator(".inview").get_attribute("style")
    page.get_by_role("slider", name="Averaged over").press("ArrowRight")
    expect(page.get_by_text("runs 2", exact=True)).to_be_visible()
    expect(page.get_by_text("averaged over 60 s")).to_be_visible()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    assert page.locator(".inview").get_attribute("style") == seen
    assert video_s(page) > 300
    assert not page.locator("video").evaluate("video => video.paused")


# The curve.


def test_hovering_shows_time_share_range_faces_and_part(opened: Callable[..., Page]) -> None:
    page = opened()
    tip = hovered(page, 751)
    expect(tip).to_be_visible()
    lines = tip.inner_text().splitlines()
    assert lines[0].startswith("12:3")
    assert "19:42:3" in lines[-1], "the other clock has a line of its own"
    assert lines[1].endswith("%)")
    assert " faces smile (" in lines[1]
    assert lines[2].endswith("% of the faces expected")
    assert lines[3] == "Why bridges hum"
    page.mouse.move(5, 5)
    expect(tip).to_be_hidden()


@pytest.mark.parametrize(("at_s", "says"), [(400, "Under 1 in 5 of 6 faces"), (2800, "Over 4 in 5 of 6 faces")])
def test_hovering_never_says_that_none_or_all_of_a_few_smile(
    opened: Callable[..., Page], at_s: float, says: str
) -> None:
    assert hovered(opened("case=few"), at_s).inner_text().splitlines()[1].startswith(says)


def test_the_axis_tells_the_time_that_the_hover_tells_also_after_a_pause(opened: Callable[..., Page]) -> None:
    """The talk begins four minutes into the session and stands still from 20:40 to 30:00."""
    page = opened("case=pause")
    page.evaluate(
        """() => {
            window.drawn = [];
            const draw = CanvasRenderingContext2D.prototype.fillText;
            CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
                window.drawn.push([text, x + this.measureText(text).width / 2]);
                draw.call(this, text, x, y);
            };
        }"""
    )
    page.locator(".slider").focus()
    page.keyboard.press("+")
    settled(page)
    page.evaluate("window.drawn = []")
    page.keyboard.press("0")
    page.wait_for_function("() => window.drawn.some(([text]) => text === '0:00')")
    told = {}
    box = plot_box(page)
    for text, x in page.evaluate("window.drawn"):
        if re.fullmatch(r"\d+:00", text):
            page.mouse.move(box["x"] + x, box["y"] + 120)
            told[text] = seconds_of(page.locator(".tip").inner_text().split()[0]) - seconds_of(text)
    assert list(told) == ["0:00", "10:00", "20:00", "30:00"]
    assert max(map(abs, told.values())) <= 4


def seconds_of(text: str) -> int:
    minutes, seconds = text.split(":")
    return 60 * int(minutes) + int(seconds)


@pytest.mark.parametrize(
    ("at_s", "reason"),
    [
        (645, "Left out: Projector failed"),
        (1915, "Nobody in view"),
        (2360, "Too few faces to show a share (fewer than 5)"),
        (2820, "No picture"),
    ],
)
def test_a_gap_is_a_gap_and_says_why(opened: Callable[..., Page], at_s: int, reason: str) -> None:
    page = opened()
    expect(hovered(page, at_s)).to_contain_text(reason)
    inked = page.locator("canvas").evaluate(
        """(canvas, [part, colour]) => {
            const strip = canvas.getContext('2d').getImageData(Math.round(part * canvas.width), 60, 1, 150).data;
            const wanted = [1, 3, 5].map(at => parseInt(colour.slice(at, at + 2), 16));
            for (let at = 0; at < strip.length; at += 4)
                if (wanted.every((value, band) => Math.abs(strip[at + band] - value) < 12)) return true;
            return false;
        }""",
        [at_s / SECONDS, LIGHT.curve],
    )
    assert not inked


def test_a_closer_look_is_raw_and_the_whole_is_smooth(opened: Callable[..., Page]) -> None:
    page = opened("t=751")
    plot = page.locator(".plot")
    expect(plot).to_have_attribute("data-curve", "smooth")
    expect(page.get_by_role("button", name="Zoom out")).to_be_disabled()
    for _ in range(4):
        page.get_by_role("button", name="Zoom in").click()
    expect(plot).to_have_attribute("data-curve", "raw")
    expect(page.get_by_text("second by second")).to_be_visible()
    assert 0 < playhead_x(page) < plot_box(page)["width"]
    page.get_by_role("button", name="Whole session").click()
    expect(plot).to_have_attribute("data-curve", "smooth")
    box = plot_box(page)
    page.mouse.move(box["x"] + 300, box["y"] + 100)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -600)
    page.keyboard.up("Control")
    expect(plot).to_have_attribute("data-curve", "raw")
    assert second(page) == 751
    page.locator(".slider").focus()
    page.keyboard.press("0")
    expect(plot).to_have_attribute("data-curve", "smooth")


def test_the_wheel_alone_scrolls_the_page(opened: Callable[..., Page]) -> None:
    page = opened()
    box = plot_box(page)
    page.mouse.move(box["x"] + 300, box["y"] + 100)
    page.mouse.wheel(0, -600)
    settled(page)
    expect(page.get_by_role("button", name="Zoom out")).to_be_disabled()


def test_what_is_in_view_moves_with_the_playhead(opened: Callable[..., Page]) -> None:
    page = opened("t=300")
    for _ in range(4):
        page.get_by_role("button", name="Zoom in").click()
    page.locator(".slider").focus()
    page.keyboard.press("End")
    settled(page)
    assert 0 <= playhead_x(page) <= plot_box(page)["width"] + 1
    reach = page.locator(".reach").bounding_box()
    assert reach is not None
    page.mouse.click(reach["x"] + 5, reach["y"] + 5)
    settled(page)
    expect(page.locator(".playhead")).to_be_hidden()


def test_the_page_hears_of_the_wish_to_write_a_note_and_of_nothing_else(opened: Callable[..., Page]) -> None:
    page = opened("t=751")
    click_at(page, 1500 / SECONDS, y=10)
    page.locator(".markers button").first.click()
    expect(page.get_by_text("runs 1", exact=True)).to_be_visible()
    page.get_by_role("button", name="Write a note on this second").click()
    expect(page.get_by_text("noted 751.0")).to_be_visible()
    assert second(page) == 751


def test_whatever_on_the_page_names_a_second_leads_there_at_once(opened: Callable[..., Page]) -> None:
    page = opened()
    page.get_by_role("link", name="Half an hour").click()
    assert second(page) == 1800
    expect(page.get_by_text("runs 1", exact=True)).to_be_visible()
    assert "t=1800" not in page.url


def test_a_part_is_chosen_by_its_title(opened: Callable[..., Page]) -> None:
    page = opened()
    click_at(page, 1500 / SECONDS, y=10)
    assert second(page) == 1300


def test_markers_are_numbered_say_what_they_are_and_lead_there(opened: Callable[..., Page]) -> None:
    page = opened()
    markers = page.locator(".markers button")
    expect(markers).to_have_text(["1", "2", "3", "4", "i"])
    second_one = page.get_by_role("button", name="Peak at 25:30: The demo falls over")
    second_one.hover()
    expect(page.locator(".tip")).to_contain_text("The demo falls over")
    second_one.click()
    assert second(page) == 1530
    boxes = [box for box in (marker.bounding_box() for marker in markers.all()) if box is not None]
    assert all(one["x"] + one["width"] <= other["x"] for one, other in pairwise(boxes))


def test_what_is_pointed_at_may_be_known_later_and_moves_nothing(opened: Callable[..., Page]) -> None:
    page = opened("case=later&t=751")
    markers = page.locator(".markers button")
    expect(markers).to_have_text(["i"])
    before, stood = plot_box(page), second(page)
    page.get_by_role("button", name="Point it out").click()
    expect(markers).to_have_text(["1", "2", "3", "4", "i"])
    assert second(page) == stood == 751
    assert plot_box(page) == before


def test_lines_beside_the_curve_have_a_legend_and_their_figures_in_the_hover(opened: Callable[..., Page]) -> None:
    page = opened("case=lines")
    legend = page.locator(".name span")
    smile = "Share of faces that smile, averaged over 15 s"
    expect(legend).to_have_text([smile, "surprised", "calm", "whole talk", "Range of 3"])
    names = ("stroke", "stroke-dasharray")
    looks = [tuple(key.locator("line").get_attribute(name) for name in names) for key in legend.all()]
    assert len({colour for colour, _ in looks[:4]}) == 4
    assert len({dash for _, dash in looks[1:]}) == 4, "told by more than colour"
    tip = hovered(page, 751)
    expect(tip).to_contain_text("surprised: 50 %")
    expect(tip).to_contain_text("whole talk: 25 %")
    expect(tip).to_contain_text("Range of 3: 10 to 30 %")
    assert "surprised" not in hovered(page, 1050).inner_text()
    for _ in range(3):
        page.get_by_role("button", name="Zoom in").click()
    expect(legend.first).to_have_text("Share of faces that smile, second by second")
    box = plot_box(page)
    page.mouse.move(box["x"] + 100, box["y"] + 120)
    expect(tip).to_contain_text("surprised: 100 %")


def test_no_peak_is_lost_between_the_pixels(browser: Browser) -> None:
    page = browser.new_page()
    page.add_script_tag(content=(SCRIPTS / "picture.js").read_text())
    chosen = page.evaluate("""() => {
        const lost = [];
        for (let seed = 1; seed <= 200; seed += 1) {
            let state = seed;
            const chance = () => (state = (state * 48271) % 2147483647) / 2147483647;
            const count = 50 + Math.floor(chance() * 3000);
            const at = Float64Array.from({ length: count }, (_, place) => place);
            const values = Float32Array.from(at, () => (chance() < 0.05 ? NaN : chance()));
            const width = 20 + chance() * 300;
            const runs = runsOf(at, values, 0, count, second => (second / count) * width);
            const gaps = values.reduce((sum, value, place) =>
                sum + (!Number.isNaN(value) && (place === 0 || Number.isNaN(values[place - 1])) ? 1 : 0), 0);
            const drawn = runs.flatMap(run => run.filter((_, place) => place % 2));
            const known = values.filter(value => !Number.isNaN(value));
            const widest = Math.max(...runs.map(run => run.length));
            const columns = new Map();
            at.forEach((second, place) => {
                if (Number.isNaN(values[place])) return;
                const column = Math.floor((second / count) * width);
                const [low, high] = columns.get(column) ?? [1, 0];
                columns.set(column, [Math.min(low, values[place]), Math.max(high, values[place])]);
            });
            const all = new Set(drawn);
            if (runs.length !== gaps || [...columns.values()].some(pair => pair.some(value => !all.has(value)))
                || Math.max(...known) !== Math.max(...drawn)) lost.push(seed);
        }
        return lost;
    }""")
    assert chosen == []
    page.close()


def test_percents_are_rounded_as_in_every_sentence_of_the_pages(browser: Browser) -> None:
    page = browser.new_page()
    page.add_script_tag(content=(SCRIPTS / "figures.js").read_text())
    shares = [Fraction(k, n) for n in range(5, 201) for k in range(n + 1)]
    parts = [round(SHARE_PARTS * float(share)) for share in shares]
    said = page.evaluate("parts => parts.map(part => percent(Math.fround(part / SHARE_PARTS)))", parts)
    assert said == [percent(float(share)) for share in shares]
    page.close()


# Everybody.


def test_titles_with_markup_are_shown_as_text_and_never_run(opened: Callable[..., Page]) -> None:
    page = opened(f"t=1530&title={quote(NASTY)}")
    expect(page.locator(".now .part")).to_have_text(NASTY)
    expect(hovered(page, 1530)).to_contain_text(NASTY)
    expect(hovered(page, 645)).to_contain_text(f"Left out: {NASTY}")
    page.locator(".markers button").first.hover()
    expect(page.locator(".tip")).to_contain_text(NASTY)
    click_at(page, 0.5, y=10)
    assert page.locator(".player img, .player b").count() == 0


def test_without_a_recording_the_playhead_is_a_cursor(opened: Callable[..., Page]) -> None:
    page = opened("case=bare")
    expect(page.get_by_text("No recording was scored on this stage.")).to_be_visible()
    for hidden in ("video", '[data-do="play"]', '[data-do="mute"]', '[data-do="full"]', '[data-do="on"]'):
        expect(page.locator(hidden)).to_be_hidden()
    click_at(page, 0.5)
    assert second(page) == pytest.approx(SECONDS / 2, abs=3)
    page.keyboard.press("ArrowRight")
    assert second(page) == pytest.approx(SECONDS / 2 + 5, abs=3)


def test_a_recording_the_browser_cannot_play_leaves_the_curve(
    opened: Callable[..., Page], videos: dict[str, str]
) -> None:
    page = opened(f"video={videos['broken']}")
    expect(page.get_by_text("This browser cannot decode the recording")).to_be_visible()
    expect(page.locator("video")).to_be_hidden()
    click_at(page, 0.5)
    assert second(page) == pytest.approx(SECONDS / 2, abs=3)


def test_where_only_heads_were_counted_the_faces_are_the_curve(opened: Callable[..., Page]) -> None:
    page = opened("case=heads&t=600")
    expect(page.locator(".now .said")).to_have_text("Left out: Projector failed")
    page.locator(".slider").focus()
    page.keyboard.press("End")
    expect(page.locator(".now .said")).to_have_text("34 faces in view")


def test_a_screen_reader_hears_where_it_stands_in_words(opened: Callable[..., Page]) -> None:
    page = opened("t=751")
    slider = page.get_by_role("slider", name="Position in the session")
    told = slider.get_attribute("aria-valuetext") or ""
    assert told.startswith("12:31, ")
    assert " faces smile, between " in told
    assert told.endswith(", in “Why bridges hum”")
    assert slider.get_attribute("aria-valuemax") == str(SECONDS)
    nameless = page.locator(".player button").evaluate_all(
        "all => all.filter(one => !one.ariaLabel && !one.textContent.trim()).length"
    )
    assert nameless == 0


def test_the_focus_can_be_seen(opened: Callable[..., Page]) -> None:
    page = opened()
    page.get_by_role("slider", name="Averaged over").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
        outline = page.evaluate("""() => {
            let focused = document.activeElement;
            while (focused.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
            return [focused.className, getComputedStyle(focused).outlineStyle];
        }""")
        assert outline[1] == "solid", outline


def test_a_dark_page_has_a_dark_player(browser: Browser, opened: Callable[..., Page]) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="dark")
    page = opened("t=751", context=context)
    page.wait_for_timeout(500)
    settled(page)
    colours = page.locator("canvas").evaluate(
        """canvas => {
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            const found = new Set();
            for (let at = 0; at < data.length; at += 4)
                if (data[at + 3] === 255)
                    found.add('#' + [0, 1, 2].map(band => data[at + band].toString(16).padStart(2, '0')).join(''));
            return [...found];
        }"""
    )
    assert DARK.curve in colours
    assert LIGHT.curve not in colours
    context.close()


def test_it_asks_no_other_machine_for_anything_and_logs_no_error(
    address: str, desk: BrowserContext, videos: dict[str, str]
) -> None:
    page = desk.new_page()
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{address}/?video={videos['talk']}")
    page.wait_for_selector(".plot[data-curve]")
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(1000)
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert any("/recordings/" in url for url in asked)
    assert wrong == []
    page.close()


# A phone.


class Fingers:
    """Touches, as the browser gets them from a screen."""

    def __init__(self, page: Page) -> None:
        self._screen = page.context.new_cdp_session(page)

    def slide(self, *ways: Sequence[tuple[float, float]]) -> None:
        """Puts one finger on each way, moves them along, and lifts them."""
        steps = list(zip(*ways, strict=True))
        for kind, places in [("touchStart", steps[0]), *(("touchMove", step) for step in steps[1:]), ("touchEnd", ())]:
            points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(places)]
            self._screen.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_on_a_phone_it_fits_and_every_button_can_be_hit(with_video: Callable[..., Page], phone: BrowserContext) -> None:
    page = with_video("t=751", context=phone)
    box = plot_box(page)
    video = page.locator("video").bounding_box()
    assert video is not None
    assert video["x"] >= 0
    assert video["x"] + video["width"] == pytest.approx(box["x"] + box["width"])
    assert box["x"] + box["width"] <= 390
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for button in page.locator(".bar button:visible").all():
        size = button.bounding_box()
        assert size is not None
        assert min(size["width"], size["height"]) >= 44


def test_a_tap_seeks_a_drag_scrubs_and_two_fingers_zoom(opened: Callable[..., Page], phone: BrowserContext) -> None:
    page = opened(context=phone)
    page.locator(".plot").scroll_into_view_if_needed()
    box = plot_box(page)
    y = box["y"] + 120
    page.touchscreen.tap(box["x"] + box["width"] / 2, y)
    assert second(page) == pytest.approx(SECONDS / 2, abs=6)
    left = box["x"] + 60
    fingers = Fingers(page)
    fingers.slide([(left + x, y) for x in range(0, 100, 10)])
    assert second(page) == pytest.approx((60 + 90) / box["width"] * SECONDS, abs=6)
    aparts = range(20, 140, 10)
    fingers.slide([(left + 140 - apart, y) for apart in aparts], [(left + 140 + apart, y) for apart in aparts])
    expect(page.get_by_role("button", name="Zoom out")).to_be_enabled()
    expect(page.locator(".reach")).to_be_visible()
    assert second(page) == pytest.approx(150 / box["width"] * SECONDS, abs=6)


def test_a_finger_that_scrolls_the_page_does_not_seek(opened: Callable[..., Page], phone: BrowserContext) -> None:
    page = opened("t=100", context=phone)
    box = plot_box(page)
    x, y = box["x"] + 200, box["y"] + 150
    Fingers(page).slide([(x + moved / 20, y - moved) for moved in range(0, 120, 10)])
    assert second(page) == 100


# Cost.


def test_three_hours_are_drawn_soon_and_small(address: str, desk: BrowserContext) -> None:
    page = desk.new_page()
    page.goto(f"{address}/?case=long")
    page.wait_for_selector(".plot[data-curve]")
    drawing = page.locator(".player").evaluate("""root => new Promise(done => {
        const began = performance.now();
        root.querySelector('[data-do="closer"]').click();
        requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
    })""")
    assert drawing < 250
    page.close()


def test_the_script_is_small() -> None:
    size = sum(len(path.read_bytes()) for path in SCRIPTS.glob("*.js"))
    assert size < 42 << 10
