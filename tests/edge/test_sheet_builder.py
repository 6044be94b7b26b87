"""Windows on contact sheets: no face is lost or counted twice, and no sheet waits longer than it may."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from audience.deliveries.delivery import Delivery
from audience.deliveries.grid import CROP_PX, GROUND_PX, MARGIN, TILE_PX
from audience.deliveries.reading import read_delivery
from audience.deliveries.sheet import Sheet, read_sheet
from audience.deliveries.window_file import WindowFile
from audience.errors import InvalidValue
from audience.faces import Box
from edge_lambda.crops import crop_for_scoring
from edge_lambda.delivery.contact_sheet import crop_for_sheet, draw_sheet, scoring_crops
from edge_lambda.delivery.sheets import THRIFTY_INTERVAL_S, SheetBuilder
from edge_lambda.detectors import Detection
from edge_lambda.detectors.load import load_detector
from edge_lambda.pipeline import BestCrop, CameraKey, UnscoredWindow
from tests.builders import BEGAN_MS, after_ms
from tests.portraits import portrait

CAMERA = CameraKey(session_id="talk-1", stage_id="main", camera_id="cam-1", written_ms=BEGAN_MS)
BOX = Box(left=1 / 3, top=1 / 3, width=1 / 30, height=1 / 20)
GRAY = np.full((CROP_PX, CROP_PX, 3), 90, np.uint8)


def seen(at_s: int, faces: int, *, expected: int | None = None) -> UnscoredWindow:
    """A window with the given number of tracks."""
    return UnscoredWindow(
        start_ms=after_ms(at_s),
        expected=faces if expected is None else expected,
        faces=tuple(
            BestCrop(track_id=f"run-{index}", at_ms=after_ms(at_s) + 40, box=BOX, quality=2 / 3, crop=GRAY)
            for index in range(faces)
        ),
    )


def opened(delivery: Delivery) -> Sheet | WindowFile:
    return read_delivery(delivery.key, delivery.data)


def sheets_of(*windows: UnscoredWindow, interval_s: float = 2.0) -> list[Sheet]:
    """All sheets of some windows, the last flushed."""
    builder = SheetBuilder(CAMERA, interval_s=interval_s)
    deliveries = [one for window in windows for one in builder.add(window)] + builder.flush()
    found = [opened(one) for one in deliveries]
    assert all(isinstance(one, Sheet) for one in found)
    return [one for one in found if isinstance(one, Sheet)]


def test_a_sheet_is_sent_when_its_windows_span_the_interval():
    builder = SheetBuilder(CAMERA, interval_s=2.0)
    assert builder.add(seen(0, 3)) == []
    (delivery,) = builder.add(seen(1, 3))
    assert len(read_sheet(delivery.data).manifest.tiles) == 6
    assert builder.flush() == []


def test_a_longer_interval_makes_fewer_sheets():
    windows = [seen(at_s, 8) for at_s in range(24)]
    assert len(sheets_of(*windows)) == 12
    assert len(sheets_of(*windows, interval_s=THRIFTY_INTERVAL_S)) == 2


def test_a_sheet_is_sent_when_it_is_full():
    builder = SheetBuilder(CAMERA, interval_s=60)
    assert builder.add(seen(0, 99)) == []
    (delivery,) = builder.add(seen(1, 1))
    assert len(read_sheet(delivery.data).manifest.tiles) == 100


def test_faces_that_do_not_fit_go_on_the_next_sheet():
    sheets = sheets_of(seen(0, 60), seen(1, 250), interval_s=60)
    assert [len(sheet.manifest.tiles) for sheet in sheets] == [100, 100, 100, 10]
    tracks = [
        (window.start_ms, tile.track_id)
        for sheet in sheets
        for window in sheet.manifest.windows
        for tile in sheet.manifest.tiles_of(window)
    ]
    assert len(set(tracks)) == len(tracks) == 310


def test_a_window_is_not_parted_for_the_last_tenth_of_a_sheet():
    """Each part is a row in the table, and costs a write."""
    sheets = sheets_of(*(seen(at_s, 24) for at_s in range(12)), interval_s=THRIFTY_INTERVAL_S)
    assert [len(sheet.manifest.tiles) for sheet in sheets] == [96, 96, 96]
    assert [window.faces for sheet in sheets for window in sheet.manifest.windows] == [24] * 12


def test_a_window_is_parted_where_more_than_a_tenth_of_a_sheet_would_stay_empty():
    sheets = sheets_of(seen(0, 89), seen(1, 20), interval_s=60)
    assert [len(sheet.manifest.tiles) for sheet in sheets] == [100, 9]


def test_the_parts_of_a_window_add_up_to_what_was_seen_and_expected():
    parts = [
        window for sheet in sheets_of(seen(0, 250, expected=270), interval_s=60) for window in sheet.manifest.windows
    ]
    assert [part.faces for part in parts] == [100, 100, 50]
    assert [part.expected for part in parts] == [120, 100, 50]


def test_a_window_that_fills_the_sheet_to_the_last_tile_has_one_part():
    (sheet,) = sheets_of(seen(0, 100, expected=110), interval_s=60)
    assert [(window.faces, window.expected) for window in sheet.manifest.windows] == [(100, 110)]


def test_a_window_without_faces_rides_along():
    (sheet,) = sheets_of(seen(0, 2), seen(1, 0, expected=2))
    assert [(window.faces, window.expected) for window in sheet.manifest.windows] == [(2, 2), (0, 2)]


def test_an_empty_stage_is_reported_without_a_sheet():
    builder = SheetBuilder(CAMERA, interval_s=2.0)
    assert builder.add(seen(0, 0, expected=4)) == []
    (delivery,) = builder.add(seen(1, 0, expected=4))
    file = opened(delivery)
    assert isinstance(file, WindowFile)
    assert [(one.start_ms, one.faces, one.expected) for one in file.windows] == [
        (after_ms(0), 0, 4),
        (after_ms(1), 0, 4),
    ]
    assert file.windows[0].expires_ms == BEGAN_MS + CAMERA.windows_kept_ms


def test_the_same_windows_make_the_same_delivery():
    once, again = (SheetBuilder(CAMERA).add(seen(0, 3)) + SheetBuilder(CAMERA).add(seen(2, 3)) for _ in range(2))
    assert once == again


def test_a_tile_says_whose_it_is_and_where_it_was():
    tile = sheets_of(seen(0, 1))[0].manifest.tiles[0]
    assert (tile.track_id, tile.at_ms, tile.quality) == ("run-0", after_ms(0) + 40, 0.6667)
    assert tile.box == Box(left=0.33333, top=0.33333, width=0.03333, height=0.05)


def test_a_tile_says_whether_the_face_was_turned_to_the_front_where_that_is_known():
    window = seen(0, 2)
    first, second = window.faces
    (sheet,) = sheets_of(replace(window, faces=(replace(first, facing=2 / 3), second)))
    assert [tile.facing for tile in sheet.manifest.tiles] == [0.6667, None]


def test_a_box_too_small_for_its_digits_is_still_a_box():
    face = BestCrop(track_id="t", at_ms=BEGAN_MS, box=Box(left=0, top=0, width=1e-9, height=1e-9), quality=0, crop=GRAY)
    (sheet,) = sheets_of(UnscoredWindow(start_ms=BEGAN_MS, expected=1, faces=(face,)))
    assert sheet.manifest.tiles[0].box.width == 1e-5


def test_a_face_that_was_not_cut_out_is_refused():
    face = BestCrop(track_id="t", at_ms=BEGAN_MS, box=BOX, quality=1, crop=None)
    with pytest.raises(InvalidValue, match="without a crop"):
        sheets_of(UnscoredWindow(start_ms=BEGAN_MS, expected=1, faces=(face,)))


@pytest.mark.parametrize("interval_s", [0.0, -1.0, float("nan")])
def test_an_interval_of_nothing_is_refused(interval_s):
    with pytest.raises(InvalidValue, match="more than 0"):
        SheetBuilder(CAMERA, interval_s=interval_s)


def decoded(jpeg: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


def test_neutral_ground_lies_between_tiles_and_in_empty_places():
    white = np.full_like(GRAY, 255)
    picture = decoded(draw_sheet([white] * 3)).astype(int)
    between = picture[:, TILE_PX - GROUND_PX + 3 : TILE_PX + GROUND_PX - 3]
    assert abs(between - 128).max() <= 25  # the ringing of a white edge
    assert abs(picture[TILE_PX + 8 :, TILE_PX + 8 :] - 128).max() <= 2


def test_a_tile_does_not_shine_into_its_neighbour():
    black, white = np.zeros_like(GRAY), np.full_like(GRAY, 255)
    picture = decoded(draw_sheet([white, black, white, white])).astype(int)
    assert picture[GROUND_PX : GROUND_PX + CROP_PX, TILE_PX + GROUND_PX : TILE_PX + GROUND_PX + CROP_PX].max() <= 8


def a_crowd(copies: int) -> tuple[np.ndarray, list[Detection]]:
    """The portrait side by side, and the faces a detector sees."""
    image = np.tile(portrait(160), (1, copies, 1))
    return image, load_detector("centerface", threads=1).detect(image)


def test_what_a_scorer_sees_on_the_sheet_is_what_it_sees_on_the_device():
    image, faces = a_crowd(5)
    crops = [crop_for_sheet(image, face) for face in faces]
    builder = SheetBuilder(CAMERA)
    window = UnscoredWindow(
        start_ms=BEGAN_MS,
        expected=len(faces),
        faces=tuple(
            BestCrop(track_id=f"t{index}", at_ms=BEGAN_MS, box=BOX, quality=1, crop=crop)
            for index, crop in enumerate(crops)
        ),
    )
    assert builder.add(window) == []
    (delivery,) = builder.flush()
    from_sheet = scoring_crops(read_sheet(delivery.data))
    direct = [crop_for_scoring(image, face) for face in faces]
    assert len(from_sheet) == len(direct) == 5
    for one, other in zip(from_sheet, direct, strict=True):
        assert one.shape == other.shape
        # Both are cut at whole pixels, half a pixel apart at most; two pixels would make over twenty gray levels of it.
        assert np.abs(one.astype(int) - other.astype(int)).mean() < 14


def test_faces_to_differ_from_is_found_again_in_the_middle_of_its_tile():
    """Large enough for Rekognition, too: at least 40 px in 1920 x 1080, and proportionally more in larger images."""
    image, faces = a_crowd(5)
    crops = [crop_for_sheet(image, face) for face in faces] * 20
    sheet = decoded(draw_sheet(crops))
    height, width = sheet.shape[:2]
    found = load_detector("centerface", threads=1).detect(sheet)
    grid = read_sheet(_sealed(crops)).manifest.grid
    places = [grid.place_at((one.left + one.width / 2) / width, (one.top + one.height / 2) / height) for one in found]
    assert sorted(place for place in places if place is not None) == list(range(100))
    assert 40 * max(1, width / 1920, height / 1080) < CROP_PX / MARGIN


def _sealed(crops: list[np.ndarray]) -> bytes:
    (delivery,) = SheetBuilder(CAMERA).add(
        UnscoredWindow(
            start_ms=BEGAN_MS,
            expected=len(crops),
            faces=tuple(
                BestCrop(track_id=f"t{index}", at_ms=BEGAN_MS, box=BOX, quality=1, crop=crop)
                for index, crop in enumerate(crops)
            ),
        )
    )
    return delivery.data
