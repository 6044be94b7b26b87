"""Contact sheets and window files as a stranger delivers them: read whole, or rejected in one line."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audience.deliveries.delivery import content_id, read_key
from audience.deliveries.grid import CORE, MOST_TILES, TILE_PX, Grid
from audience.deliveries.jpeg import with_comment
from audience.deliveries.manifest import MOST_EXPECTED, MOST_WINDOWS, Manifest, SheetWindow, Tile
from audience.deliveries.plausibility import check_windows
from audience.deliveries.reading import read_delivery
from audience.deliveries.sheet import LARGEST_SHEET, Sheet, read_sheet, seal_sheet
from audience.deliveries.window_file import LARGEST_WINDOW_FILE, WindowFile, read_window_file
from audience.errors import InvalidValue, SheetRejected
from audience.faces import FACING_THRESHOLD, Box
from audience.windows import LATEST_MS, tallies_of
from tests.builders import BEGAN_MS, a_face, a_head_count, a_scorer, a_window, window_faces
from tests.examples import examples

BOX = Box(left=0.1, top=0.2, width=0.05, height=0.08)


def a_tile(place: int = 0, *, at_ms: int = BEGAN_MS, track_id: str = "", facing: float | None = None) -> Tile:
    return Tile(place=place, track_id=track_id or f"run-{place}", at_ms=at_ms, box=BOX, quality=0.7, facing=facing)


def a_manifest(
    tiles: Sequence[Tile] | None = None, windows: Sequence[SheetWindow] | None = None, grid: Grid | None = None
) -> Manifest:
    """Of three faces in one window, unless others are given."""
    tiles = [a_tile(place) for place in range(3)] if tiles is None else tiles
    return Manifest(
        session_id="talk-1",
        stage_id="main",
        camera_id="cam-1",
        width_ms=1000,
        mode="expressions",
        grid=grid or Grid.of(max(1, len(tiles))),
        tiles=tuple(tiles),
        windows=tuple(
            [SheetWindow(start_ms=BEGAN_MS, faces=len(tiles), expected=len(tiles) + 2)] if windows is None else windows
        ),
    )


def a_picture(grid: Grid) -> bytes:
    width, height = grid.size_px
    return cv2.imencode(".jpg", np.full((height, width, 3), 128, np.uint8))[1].tobytes()


def a_sheet(manifest: Manifest | None = None) -> Sheet:
    manifest = manifest or a_manifest()
    return seal_sheet(manifest, a_picture(manifest.grid))


def manifest_fields() -> dict[str, Any]:
    comment = a_sheet().jpeg.partition(b"houselights-sheet 1\n")[2]
    fields: dict[str, Any] = json.JSONDecoder().raw_decode(comment.decode("latin-1"))[0]
    return fields


def forged(document: bytes | Mapping[str, Any], heading: bytes = b"houselights-sheet 1\n", size: int = 2) -> bytes:
    """A JPEG with any comment."""
    if not isinstance(document, bytes):
        document = json.dumps(document).encode()
    return with_comment(a_picture(Grid(columns=size, rows=size)), heading + document)


class TestTheGrid:
    @pytest.mark.parametrize(
        ("tiles", "columns", "rows"), [(1, 1, 1), (2, 2, 1), (24, 5, 5), (31, 6, 6), (100, 10, 10)]
    )
    def test_is_as_small_as_its_tiles_allow(self, tiles, columns, rows):
        assert Grid.of(tiles) == Grid(columns=columns, rows=rows)

    @pytest.mark.parametrize("tiles", [0, 101])
    def test_holds_one_to_a_hundred_tiles(self, tiles):
        with pytest.raises(InvalidValue, match="use 1 to 100"):
            Grid.of(tiles)

    def test_a_face_in_the_middle_of_a_tile_is_that_tiles(self):
        grid = Grid(columns=4, rows=3)
        found = [grid.place_at((place % 4 + 0.5) / 4, (place // 4 + 0.5) / 3) for place in range(12)]
        assert found == list(range(12))

    def test_a_face_near_the_edge_of_a_tile_is_a_neighbours_and_nobodys(self):
        grid = Grid(columns=4, rows=3)
        assert grid.place_at((1.5 + CORE - 0.01) / 4, 0.5) == 5
        assert grid.place_at((1.5 + CORE + 0.01) / 4, 0.5) is None
        assert grid.place_at(1.5 / 4, (1.5 - CORE - 0.01) / 3) is None

    @pytest.mark.parametrize("x", [-0.1, 1.1, 1.125, 1e300, float("-inf"), float("nan")])
    def test_a_face_off_the_sheet_is_nobodys(self, x):
        grid = Grid(columns=4, rows=4)
        assert grid.place_at(x, 0.125) is None
        assert grid.place_at(0.125, x) is None

    def test_a_crop_begins_where_its_tiles_ground_ends(self):
        assert Grid(columns=4, rows=3).corner_px(6) == (2 * TILE_PX + 8, TILE_PX + 8)


class TestASheet:
    def test_contains_its_manifest(self):
        manifest = a_manifest()
        sheet = a_sheet(manifest)
        assert read_sheet(sheet.jpeg) == sheet
        assert read_sheet(sheet.jpeg).manifest == manifest

    def test_is_a_picture_to_everybody_else(self):
        picture = cv2.imdecode(np.frombuffer(a_sheet().jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape == (2 * TILE_PX, 2 * TILE_PX, 3)

    def test_goes_under_a_key_of_camera_hour_and_content(self):
        sheet = a_sheet()
        digest = hashlib.sha256(sheet.jpeg).hexdigest()[:32]
        delivery = sheet.delivery()
        assert delivery.key == f"sheets/talk-1/main/cam-1/2026/05/04/19/{BEGAN_MS}-{digest}.jpg"
        assert (delivery.data, delivery.start_ms) == (sheet.jpeg, BEGAN_MS)
        assert sheet.sheet_id == digest

    def test_made_twice_goes_under_one_key(self):
        assert a_sheet().delivery() == a_sheet().delivery()

    def test_another_content_goes_under_another_key(self):
        other = a_manifest([a_tile(place, at_ms=BEGAN_MS + 1) for place in range(3)])
        assert a_sheet(other).delivery().key != a_sheet().delivery().key

    def test_gives_the_tiles_of_each_window(self):
        later = BEGAN_MS + 1000
        windows = [SheetWindow(start_ms=start, faces=1, expected=1) for start in (BEGAN_MS, later)]
        manifest = a_manifest([a_tile(0, at_ms=later + 999), a_tile(1, at_ms=BEGAN_MS)], windows)
        assert [tile.place for window in windows for tile in manifest.tiles_of(window)] == [1, 0]

    def test_may_contain_a_window_in_which_nobody_was_in_view(self):
        empty = SheetWindow(start_ms=BEGAN_MS + 1000, faces=0, expected=3)
        manifest = a_manifest(windows=[SheetWindow(start_ms=BEGAN_MS, faces=3, expected=3), empty])
        assert read_sheet(a_sheet(manifest).jpeg).manifest.tiles_of(empty) == ()

    def test_has_room_for_the_longest_manifest_there_can_be(self):
        long = 1 / 3
        start = LATEST_MS - LATEST_MS % 1000 - 1000 * MOST_WINDOWS
        starts = [start + 1000 * index for index in range(MOST_WINDOWS)]
        tiles = [
            Tile(
                place=place,
                track_id=f"{place:064d}",
                at_ms=start,
                box=Box(left=-9 - long, top=-9 - long, width=9 + long, height=9 + long),
                quality=long / 1e9,
                facing=long / 1e9,
            )
            for place in range(MOST_TILES)
        ]
        windows = [
            SheetWindow(start_ms=at, faces=MOST_TILES if at == start else 0, expected=MOST_EXPECTED) for at in starts
        ]
        manifest = a_manifest(tiles, windows)
        assert read_sheet(a_sheet(manifest).jpeg).manifest == manifest

    def test_says_of_each_face_whether_it_was_turned_to_the_front_or_that_nobody_knows(self):
        sheet = a_sheet(a_manifest([a_tile(0, facing=0.25), a_tile(1), a_tile(2, facing=1.0)]))
        assert b"houselights-sheet 2\n" in sheet.jpeg
        assert [tile.facing for tile in read_sheet(sheet.jpeg).manifest.tiles] == [0.25, None, 1.0]

    def test_of_which_no_face_is_known_to_be_turned_is_one_that_earlier_readers_take(self):
        sheet = a_sheet()
        assert b"houselights-sheet 1\n" in sheet.jpeg
        assert all(len(tile) == 5 for tile in manifest_fields()["tiles"])
        assert [tile.facing for tile in read_sheet(sheet.jpeg).manifest.tiles] == [None] * 3

    def test_is_not_sealed_with_a_picture_of_another_size(self):
        with pytest.raises(SheetRejected, match="128x128 pixels, and its manifest says 256x256"):
            seal_sheet(a_manifest(), a_picture(Grid(columns=1, rows=1)))


class TestAReaderRejects:
    @pytest.mark.parametrize(
        ("bytes_", "because"),
        [
            (b"", "not a JPEG"),
            (b"\x89PNG\r\n", "not a JPEG"),
            (b"\xff\xd8", "truncated"),
            (b"\xff\xd8\xff\xd9", "truncated"),
            (b"\xff\xd8\xff\xfe\xff\xff" + b"x" * 100, "truncated"),
            (b"\xff\xd8\xff\xfe\x00\x01xx", "truncated"),
            (b"\xff\xd8" + b"\xff\xe1\x00\x02" * 65, "more than 64 segments"),
            (b"\xff\xd8" + b"\xff\xc2\x00\x02", "0xc2"),
            (b"\xff\xd8\xff\xda\x00\x02\xff\xd9", "has no size"),
        ],
    )
    def test_what_is_not_a_whole_jpeg(self, bytes_, because):
        with pytest.raises(SheetRejected, match=because):
            read_sheet(bytes_)

    def test_a_jpeg_of_something_else(self):
        with pytest.raises(SheetRejected, match="not a contact sheet"):
            read_sheet(a_picture(Grid.of(3)))
        with pytest.raises(SheetRejected, match="not a contact sheet"):
            read_sheet(forged(b"made by hand", heading=b""))

    @pytest.mark.parametrize("heading", [b"houselights-sheet 3\n", b"houselights-sheet \n", b"houselights-sheet 1 \n"])
    def test_an_unknown_schema(self, heading):
        with pytest.raises(SheetRejected, match="this reads schemas 1 to 2"):
            read_sheet(forged(manifest_fields(), heading=heading))

    @pytest.mark.parametrize(
        ("schema", "facing"),
        [(1, [0.5]), (2, []), (2, [1.5]), (2, [-0.1]), (2, ["0.5"]), (2, [True]), (2, [0.5, 0.5])],
    )
    def test_a_tile_with_another_facing_than_its_schema_allows(self, schema, facing):
        fields = manifest_fields()
        fields["tiles"] = [[*tile[:5], *facing] for tile in fields["tiles"]]
        with pytest.raises(SheetRejected):
            read_sheet(forged(fields, heading=f"houselights-sheet {schema}\n".encode()))

    def test_every_truncated_sheet(self):
        jpeg = a_sheet().jpeg
        for length in range(0, len(jpeg), 97):
            with pytest.raises(SheetRejected):
                read_sheet(jpeg[:length])
        with pytest.raises(SheetRejected, match="truncated"):
            read_sheet(jpeg[:-1])

    def test_data_after_the_picture(self):
        with pytest.raises(SheetRejected, match="after its end"):
            read_sheet(a_sheet().jpeg + b"PK")

    def test_a_second_comment(self):
        with pytest.raises(SheetRejected, match="two comments"):
            read_sheet(with_comment(a_sheet().jpeg, b"and more"))

    def test_a_second_picture(self):
        frame = b"\xff\xc0\x00\x11\x08\x01\x00\x01\x00\x03" + bytes(9)
        with pytest.raises(SheetRejected, match="two pictures"):
            read_sheet(b"\xff\xd8" + frame + frame)

    def test_a_picture_that_would_fill_the_memory(self):
        jpeg = bytearray(a_sheet().jpeg)
        at = jpeg.index(b"\xff\xc0")
        jpeg[at + 5 : at + 9] = b"\xff\xff\xff\xff"
        with pytest.raises(SheetRejected, match="65535x65535 pixels"):
            read_sheet(bytes(jpeg))

    def test_a_gray_picture(self):
        gray = cv2.imencode(".jpg", np.full((256, 256), 128, np.uint8))[1].tobytes()
        with pytest.raises(SheetRejected, match="three components"):
            read_sheet(with_comment(gray, b"x"))

    def test_more_bytes_than_rekognition_accepts(self):
        with pytest.raises(SheetRejected, match="at most 5000000"):
            read_sheet(a_sheet().jpeg + bytes(LARGEST_SHEET))

    @pytest.mark.parametrize(
        ("document", "because"),
        [
            (b"", "not JSON"),
            (b"{", "not JSON"),
            (b"\xff", "not UTF-8"),
            (b"[" * 60_000, "nested too deep"),
            (b'{"a":' * 12_000, "nested too deep"),
            (b'{"width_ms": NaN}', "NaN is not a number"),
            (b'{"width_ms": -Infinity}', "is not a number"),
            (b'{"a": 1, "a": 2}', "is repeated"),
            (b"1" * 5000, "not JSON"),
            (b"[]", "not an object"),
            (b"{}", "must have the fields"),
        ],
    )
    def test_an_invalid_manifest(self, document, because):
        with pytest.raises(SheetRejected, match=because):
            read_sheet(forged(document))

    @pytest.mark.parametrize(
        ("name", "value", "because"),
        [
            ("session", "../../etc", "is not allowed"),
            ("stage", "", "is not allowed"),
            ("camera", 7, "not a text"),
            ("camera", "\ud800", "not a text"),
            ("width_ms", 0, "0 ms wide"),
            ("width_ms", 999_983, "not aligned"),
            ("width_ms", True, "not a whole number"),
            ("width_ms", 1e3, "not a whole number"),
            ("width_ms", 10**400, "not a whole number"),
            ("mode", "head count", "may not be scored"),
            ("columns", 11, "is not allowed"),
            ("rows", -1, "is not allowed"),
            ("columns", 1, "do not fit a grid of 2"),
            ("tiles", {}, "not a list"),
            ("tiles", [], "0 tiles"),
            ("tiles", [0], "not a list"),
            ("tiles", [[0]], "1 values and should have 5"),
            ("tiles", [[0] * 6], "too many"),
            ("tiles", [[0] * 5] * 101, "101 tiles are too many"),
            ("windows", [], "0 windows"),
            ("windows", [[BEGAN_MS, 3]], "2 values and should have 3"),
            ("windows", [[BEGAN_MS, 2, 3]], "not those of the tiles"),
            ("windows", [[BEGAN_MS, 3, 2]], "cannot expect 2"),
            ("windows", [[BEGAN_MS, 3, 3]] * 2, "repeated or out of order"),
            ("windows", [[BEGAN_MS - 1000, 0, 0]], "not those of the tiles"),
            ("windows", [[BEGAN_MS, 3, 10**9]], "cannot expect"),
            ("windows", [[BEGAN_MS, 3, 3]] * 1001, "too many"),
            ("windows", [[10**15, 3, 3]], "1970 to 2286"),
        ],
    )
    def test_a_value_that_is_not_allowed(self, name, value, because):
        with pytest.raises(SheetRejected, match=because):
            read_sheet(forged({**manifest_fields(), name: value}))

    @pytest.mark.parametrize(
        ("index", "value", "because"),
        [
            (0, -1, "outside the grid"),
            (0, 1, "repeated or out of order"),
            (0, "0", "not a whole number"),
            (1, "run-1", "more than one tile"),
            (1, "a b", "is not allowed"),
            (1, None, "not a text"),
            (2, -1, "1970 to 2286"),
            (2, BEGAN_MS + 1000, "not those of the tiles"),
            (3, [0, 0, 0, 1], "not a box"),
            (3, [0, 0, 1], "3 values"),
            (3, [0, 99, 1, 1], "images from the image"),
            (3, [0, 0, 1, "1"], "not a number"),
            (4, 1.1, "not within 0..1"),
            (4, True, "not a number"),
        ],
    )
    def test_a_tile_that_is_not_allowed(self, index, value, because):
        fields = manifest_fields()
        fields["tiles"][0][index] = value
        with pytest.raises(SheetRejected, match=because):
            read_sheet(forged(fields))

    def test_a_tile_beyond_the_grid(self):
        fields = manifest_fields()
        fields["tiles"][2][0] = 4
        with pytest.raises(SheetRejected, match="outside the grid of 4"):
            read_sheet(forged(fields))

    def test_a_number_too_large_for_a_float(self):
        document = json.dumps(manifest_fields()).replace("0.7", "1e999").encode()
        with pytest.raises(SheetRejected, match="not a number"):
            read_sheet(forged(document))


def a_window_file() -> WindowFile:
    """Two windows, the second with the single faces behind it."""
    return WindowFile(
        windows=(a_window(0, smiling=1, of=3), a_window(1, seen=[a_face(at_ms=BEGAN_MS + 1000)], expires_ms=BEGAN_MS)),
        faces=(window_faces(1, expires_ms=BEGAN_MS + 5),),
        scorer=a_scorer(),
    )


class TestAWindowFile:
    def test_contains_its_windows(self):
        file = a_window_file()
        read = read_window_file(file.delivery().data)
        assert (read.windows, read.scorer) == (file.windows, file.scorer)
        (faces,), (sent,) = read.faces, file.faces
        assert faces.expires_ms == sent.expires_ms
        assert faces.faces[0].confidences["smile"] == pytest.approx(sent.faces[0].confidences["smile"], abs=1 / 65535)

    def test_of_the_first_schema_is_read(self):
        document = json.loads(a_window_file().delivery().data) | {"schema": 1}
        for window in document["windows"]:
            window["tallies"] = {name: values[1:4] for name, values in window["tallies"].items()}
        read = read_window_file(json.dumps(document).encode())
        assert read.windows == a_window_file().windows

    def test_contains_estimates_and_why_faces_have_no_scores(self):
        covered = replace(a_face("t2", confidences={}), unscored="covered")
        tally = replace(tallies_of([a_face()], {"smile": 0.5})["smile"], estimate=0.75, variance=0.125)
        window = replace(a_window(0, of=2), tallies={"smile": tally})
        file = WindowFile(windows=(window,), faces=(window_faces(0, seen=[a_face(), covered]),), scorer=a_scorer())
        check_windows(file)
        read = read_window_file(file.delivery().data)
        assert read.windows == file.windows
        assert [face.unscored for face in read.faces[0].faces] == ["", "covered"]

    def test_of_a_head_count_may_say_who_faces_the_camera(self):
        facing = [a_face("t1", confidences={"facing": 0.75})]
        window = replace(a_head_count(heads=1), tallies=tallies_of(facing, {"facing": FACING_THRESHOLD}))
        faces = replace(window_faces(0, seen=facing), scorer="")
        file = WindowFile(windows=(window,), faces=(faces,))
        check_windows(file)
        assert read_window_file(file.delivery().data).windows == file.windows
        assert not file.holds_expressions

    def test_goes_under_a_key_of_camera_hour_and_content(self):
        delivery = a_window_file().delivery()
        assert delivery.key == f"windows/talk-1/main/cam-1/2026/05/04/19/{BEGAN_MS}-{content_id(delivery.data)}.json"

    def test_needs_no_scorer_where_only_heads_were_counted(self):
        file = WindowFile(windows=(a_window(0, scorer=""),))
        assert read_window_file(file.delivery().data) == file

    def test_is_refused_where_its_faces_are_not_its_windows(self):
        with pytest.raises(InvalidValue, match="not those of the windows"):
            WindowFile(windows=(a_window(0, of=1),), faces=(window_faces(1),), scorer=a_scorer())
        with pytest.raises(InvalidValue, match="not those of the windows"):
            WindowFile(windows=(a_window(0, of=2),), faces=(window_faces(0),), scorer=a_scorer())

    def test_is_of_one_camera_and_one_scorer(self):
        with pytest.raises(InvalidValue, match="one camera"):
            WindowFile(windows=(a_window(0), a_window(1, camera_id="cam-2")), scorer=a_scorer())
        with pytest.raises(InvalidValue, match="one scorer"):
            WindowFile(windows=(a_window(0, scorer="other"),), scorer=a_scorer())
        with pytest.raises(InvalidValue, match="one camera"):
            WindowFile(windows=(a_window(0, of=1),), faces=(window_faces(0, camera_id="cam-2"),), scorer=a_scorer())

    def test_names_a_threshold_for_every_expression(self):
        with pytest.raises(InvalidValue, match="no threshold"):
            WindowFile(windows=(a_window(0, of=1),), scorer=a_scorer(thresholds={}))

    @pytest.mark.parametrize(
        ("name", "value", "because"),
        [
            ("format", "windows", "not a window file"),
            ("schema", 3, "this reads schemas 1 to 2"),
            ("schema", None, "not a whole number"),
            ("session", "a/b", "is not allowed"),
            ("width_ms", 999_983, "not aligned"),
            ("more", 1, "and no others"),
            ("scorer", None, "no threshold"),
            ("scorer", {}, "must have the fields"),
            ("windows", [], "0 windows"),
            ("windows", [{}] * 1001, "too many"),
        ],
    )
    def test_with_a_value_that_is_not_allowed_is_rejected(self, name, value, because):
        document = {**json.loads(a_window_file().delivery().data), name: value}
        with pytest.raises(SheetRejected, match=because):
            read_window_file(json.dumps(document).encode())

    @pytest.mark.parametrize(
        ("name", "value", "because"),
        [
            ("start_ms", BEGAN_MS + 1, "not aligned"),
            ("start_ms", BEGAN_MS, "repeated or out of order"),
            ("part", "a#b", "is not allowed"),
            ("expected", 0, "cannot expect 0"),
            ("expected", 10**8, "cannot expect"),
            ("tallies", {"joy": [1, 0, 0, 0, None, None]}, "unknown"),
            ("tallies", {"smile": [1, 9, 1, 1, None, None]}, "a sum of 9 cannot come from 1 faces"),
            ("tallies", {"smile": [9, 1, 1, 1, None, None]}, "cannot be measured on 9"),
            ("tallies", {"smile": [1, 1, 1, 1, 0.5, None]}, "together"),
            ("tallies", {"smile": [1, 1, 1, 1, 1.5, 0.1]}, "an estimate of 1.5"),
            ("tallies", {"smile": [1, 1]}, "2 values and should have 6"),
            ("tallies", {"calm": [1, 1, 1, 1, None, None]}, "no threshold"),
            ("expires_ms", "never", "not a whole number"),
            ("packed_faces", base64.b64encode(bytes([1, 0, 0, 0])).decode(), "not those of the windows"),
            ("packed_faces", "ß", "not base64"),
            ("packed_faces", base64.b64encode(b"\x01\x00\xff\xff").decode(), "damaged"),
        ],
    )
    def test_with_a_window_that_is_not_allowed_is_rejected(self, name, value, because):
        document = json.loads(a_window_file().delivery().data)
        document["windows"][1][name] = value
        with pytest.raises(SheetRejected, match=because):
            read_window_file(json.dumps(document).encode())

    @pytest.mark.parametrize(
        ("name", "value", "because"),
        [
            ("name", "", "printable"),
            ("name", "a\nb", "printable"),
            ("thresholds", {"smile": "high"}, "not a number"),
            ("thresholds", [], "not an object"),
            ("experimental", ["joy"], "unknown"),
            ("experimental", [[]], "unknown"),
            ("model_sha256", "0" * 65, "more than 64"),
        ],
    )
    def test_with_a_scorer_that_is_not_allowed_is_rejected(self, name, value, because):
        document = json.loads(a_window_file().delivery().data)
        document["scorer"][name] = value
        with pytest.raises(SheetRejected, match=because):
            read_window_file(json.dumps(document).encode())

    def test_that_is_too_large_is_neither_sent_nor_read(self):
        many = [a_face(f"track-{index}") for index in range(25_000)]
        file = WindowFile(windows=(a_window(0, seen=many),), faces=(window_faces(seen=many),), scorer=a_scorer())
        with pytest.raises(InvalidValue, match="fewer windows"):
            file.delivery()
        with pytest.raises(SheetRejected, match="at most 1000000"):
            read_window_file(b" " * (LARGEST_WINDOW_FILE + 1))


class TestADelivery:
    @pytest.mark.parametrize("made", [a_sheet, a_window_file])
    def test_is_read_under_its_own_key(self, made):
        delivery = made().delivery()
        assert read_delivery(delivery.key, delivery.data).delivery() == delivery

    @pytest.mark.parametrize("made", [a_sheet, a_window_file])
    def test_under_another_cameras_key_is_rejected(self, made):
        delivery = made().delivery()
        with pytest.raises(SheetRejected, match=r"belongs under \w+/talk-1/main/cam-1/"):
            read_delivery(delivery.key.replace("cam-1", "cam-2"), delivery.data)

    def test_of_which_one_bit_was_turned_over_is_rejected(self):
        delivery = a_sheet().delivery()
        damaged = bytearray(delivery.data)
        damaged[-20] ^= 1
        with pytest.raises(SheetRejected):
            read_delivery(delivery.key, bytes(damaged))

    @pytest.mark.parametrize("made", [a_sheet, a_window_file])
    def test_the_key_names_the_camera(self, made):
        delivery = made().delivery()
        said = read_key(delivery.key)
        assert (said.session_id, said.stage_id, said.camera_id) == ("talk-1", "main", "cam-1")
        assert (said.start_ms, said.content) == (delivery.start_ms, content_id(delivery.data))
        assert delivery.key.startswith(said.kind)

    def test_of_another_hour_or_kind_of_file_has_no_key(self):
        key = a_sheet().delivery().key
        for wrong in (key.replace("/2026/", "/2027/"), key.replace(".jpg", ".json"), key + "x", key + "\n"):
            with pytest.raises(SheetRejected, match="neither"):
                read_key(wrong)

    @pytest.mark.parametrize("key", ["", "sheets", "other/x.jpg", "/sheets/x.jpg"])
    def test_under_no_kind_of_key_is_rejected(self, key):
        with pytest.raises(SheetRejected, match="neither"):
            read_delivery(key, a_sheet().jpeg)


SHEET, WINDOWS = a_sheet().delivery(), a_window_file().delivery()
MANIFEST = json.dumps(manifest_fields()).encode()

edits = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 40), st.binary(max_size=12)), min_size=1, max_size=6
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def edited(data: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    """The bytes with some of them cut out and others put in."""
    for where, gone, new in changes:
        at = int(where * len(data))
        data = data[:at] + new + data[at + gone :]
    return data


def placed(value: Any, path: list[int], new: Any) -> Any:
    """The JSON value with something else at a place within it."""
    if not path or not isinstance(value, list | dict) or not value:
        return new
    keys = list(value) if isinstance(value, dict) else range(len(value))
    key = keys[path[0] % len(keys)]
    changed = value.copy()
    changed[key] = placed(value[key], path[1:], new)
    return changed


def read_or_rejected(key: str, data: bytes) -> None:
    began = time.thread_time()
    said = "read"
    try:
        read_delivery(key, data)
    except SheetRejected as rejected:
        said = str(rejected)
    assert "\n" not in said
    assert 0 < len(said) < 300
    assert time.thread_time() - began < 2


fuzzed = settings(max_examples=examples(200))


class TestNothingButARejectionComesOutOf:
    @fuzzed
    @given(st.binary(max_size=400), st.sampled_from([SHEET.key, WINDOWS.key]))
    def test_arbitrary_bytes(self, data, key):
        read_or_rejected(key, data)

    @fuzzed
    @given(st.binary(max_size=400))
    def test_arbitrary_bytes_that_begin_as_a_jpeg(self, data):
        read_or_rejected(SHEET.key, b"\xff\xd8\xff" + data)

    @fuzzed
    @given(edits)
    def test_a_changed_sheet(self, changes):
        read_or_rejected(SHEET.key, edited(SHEET.data, changes))

    @fuzzed
    @given(edits)
    def test_a_sheet_with_a_changed_manifest(self, changes):
        read_or_rejected(SHEET.key, forged(edited(MANIFEST, changes)))

    @fuzzed
    @given(edits)
    def test_a_changed_window_file(self, changes):
        read_or_rejected(WINDOWS.key, edited(WINDOWS.data, changes))

    @fuzzed
    @given(st.lists(st.integers(0, 20), max_size=4), values)
    def test_a_manifest_with_another_value_somewhere(self, path, value):
        read_or_rejected(SHEET.key, forged(placed(manifest_fields(), path, value)))

    @fuzzed
    @given(st.lists(st.integers(0, 20), max_size=5), values)
    def test_a_window_file_with_another_value_somewhere(self, path, value):
        read_or_rejected(WINDOWS.key, json.dumps(placed(json.loads(WINDOWS.data), path, value)).encode())

    @fuzzed
    @given(st.binary(max_size=200))
    def test_a_window_file_with_other_packed_faces(self, packed):
        document = json.loads(WINDOWS.data)
        document["windows"][1]["packed_faces"] = base64.b64encode(packed).decode()
        read_or_rejected(WINDOWS.key, json.dumps(document).encode())


def test_the_longest_rejection_takes_no_time():
    """Comments, markers and nesting as long as they can be made."""
    stuffed = a_sheet().jpeg[:-2] + b"\xff\x00" * 2_400_000
    for key, data in [
        (SHEET.key, stuffed),
        (WINDOWS.key, b"[" * LARGEST_WINDOW_FILE),
        (SHEET.key, b"\xff" * 5_000_000),
    ]:
        read_or_rejected(key, data)
