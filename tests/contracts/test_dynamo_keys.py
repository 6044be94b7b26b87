"""Keys and items of the table: what holds for all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.errors import InvalidValue
from audience.faces import CODES, MEASURES, WindowFaces
from audience.ids import LONGEST_ID
from audience.stores.dynamo_client import DynamoAddress
from audience.stores.dynamo_items import (
    KeyRange,
    between,
    faces_item,
    faces_of,
    record_key,
    renewed_item,
    split_rest,
    start_camera_part,
    under,
    window_item,
    window_row,
)
from audience.stores.dynamo_migration import item_bytes, write_units
from audience.window_table import WindowTable
from audience.windows import EARLIER_TALLY_TYPE, LATEST_MS, Tally
from tests.builders import BEGAN_MS, a_face, a_head_count, a_window, faces, window_faces

ids = st.from_regex(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_ID - 1}}}", fullmatch=True)
instants = st.integers(min_value=0, max_value=LATEST_MS)
keys = st.tuples(instants, ids, ids)


def sort_key(start_ms: int, camera_id: str = "cam-1", part: str = "0") -> str:
    """The sort key of a window."""
    return str(record_key("W#", "talk-1", "main", start_ms, camera_id, part)["sk"]["S"])


def holds(limits: KeyRange | None, sort: str) -> bool:
    """Whether a range holds a key, compared as DynamoDB compares: by bytes."""
    return limits is not None and limits.low.encode() <= sort.encode() <= limits.high.encode()


@given(keys)
def test_a_key_parses_to_its_parts(parts):
    assert start_camera_part(sort_key(*parts)) == parts


@given(keys, keys)
def test_keys_sort_by_time_then_camera_then_part(one, other):
    assert (sort_key(*one).encode() < sort_key(*other).encode()) == (one < other)


@given(keys, st.none() | st.integers(-10, 10**14), st.none() | st.integers(-10, 10**14))
def test_a_range_holds_what_starts_in_it_and_nothing_else(parts, from_ms, until_ms):
    inside = (from_ms is None or parts[0] >= from_ms) and (until_ms is None or parts[0] < until_ms)
    assert holds(between("W#", "talk-1", "main", from_ms, until_ms), sort_key(*parts)) == inside
    assert not holds(between("F#", "talk-1", "main", from_ms, until_ms), sort_key(*parts))


@given(ids, ids, ids)
def test_a_range_under_an_id_excludes_longer_ids(session, other, stage):
    assert holds(under("RECORDED", session), f"{other}#{stage}") == (session == other)


@given(st.lists(keys, min_size=2, max_size=40, unique=True), st.data(), st.integers(1, 8))
def test_stretches_hold_all_that_is_left_and_nothing_twice(parts, data, most):
    sorts = [sort_key(*one) for one in sorted(parts)]
    read = data.draw(st.integers(1, len(sorts) - 1))
    whole = between("W#", "talk-1", "main", None, None)
    stretches = split_rest(whole, first=sorts[0], reached=sorts[read - 1], last=sorts[-1], parts=most)
    assert 1 <= len(stretches) <= most
    found = [sort for stretch in stretches for sort in sorts if holds(stretch, sort)]
    assert found == sorts[read:]


def test_what_is_added_at_the_end_meanwhile_is_in_the_last_stretch():
    whole = between("W#", "talk-1", "main", None, None)
    stretches = split_rest(whole, first=sort_key(0), reached=sort_key(5000), last=sort_key(90_000), parts=4)
    assert [holds(stretch, sort_key(10**12)) for stretch in stretches] == [False, False, False, True]


@pytest.mark.parametrize(
    "window",
    [
        a_window(seen=faces(0.1, 0.9), camera_id="left", part="sheet-2"),
        a_head_count(heads=7),
        a_window(of=0, scorer="größer 大"),
        a_window(of=0, width_ms=10**9, start_ms=0),
    ],
    ids=["scored", "heads only", "nobody in view", "very wide"],
)
def test_a_window_comes_back_out_of_its_item(window):
    table, expected = WindowTable.of_rows([window_row(window_item(window))]), WindowTable.of([window])
    for name in WindowTable.__dataclass_fields__:
        assert str(getattr(table, name)) == str(getattr(expected, name))


def test_a_window_is_numbers_under_names():
    item = window_item(a_window(seen=faces(0.75, 0.25), camera_id="left", part="sheet-2"))
    assert {name: item[name] for name in ("session", "stage", "camera", "part", "start")} == {
        "session": {"S": "talk-1"},
        "stage": {"S": "main"},
        "camera": {"S": "left"},
        "part": {"S": "sheet-2"},
        "start": {"S": "2026-05-04T19:30:00.000Z"},
    }
    assert item["smile"] == {"M": {"n": {"N": "2"}, "sum": {"N": "1"}, "squares": {"N": "0.625"}, "over": {"N": "1"}}}


@pytest.mark.parametrize("of", [24, 300, 9999])
def test_a_window_with_every_expression_costs_one_write_unit(of):
    tallies = {name: Tally(faces=of, total=of / 3, squares=of / 7, over=of // 4) for name in MEASURES}
    for name in ("smile", "happy"):
        tallies[name] = replace(tallies[name], estimate=round(of / 3, 3), variance=round(of / 7, 3))
    window = replace(
        a_window(of=0, expires_ms=LATEST_MS),
        session_id="harbour-lights-2026-05-04-evening",
        stage_id="grand-auditorium",
        camera_id="balcony-left-2",
        part="20260504T193000.000Z-12",
        scorer="amazon-rekognition DetectFaces 2026-05-04",
        faces=of,
        expected=of,
        tallies=tallies,
    )
    assert 500 < item_bytes(window_item(window)) <= 1024
    assert write_units(window_item(window)) == 1


def test_an_item_is_as_large_as_dynamodb_says():
    assert item_bytes({"pk": {"S": "ä"}}) == 2 + 2
    assert item_bytes({"a": {"N": "12.3400"}}) == 1 + 3
    assert item_bytes({"a": {"M": {"n": {"N": "-7"}}}}) == 1 + 3 + 1 + 1 + 3
    assert item_bytes({"a": {"B": bytes(221)}}) == 222


@pytest.mark.parametrize(
    "damage",
    [
        {"smile": {"M": {"sum": {"N": "1"}, "squares": {"N": "1"}}}},
        {"smile": {"M": {"over": {"N": "-1"}, "sum": {"N": "1"}, "squares": {"N": "1"}}}},
        {"smile": {"S": "1"}},
        {"faces": {"S": "two"}},
    ],
)
def test_a_damaged_window_is_named(damage):
    with pytest.raises(InvalidValue, match="damaged"):
        window_row(window_item(a_window(seen=faces(0.5))) | damage)


def test_a_window_of_the_second_version_has_no_estimate():
    item = window_item(a_window(smiling=1, of=3)) | {"version": {"N": "2"}}
    table = WindowTable.of_rows([window_row(item)])
    assert table.scored.tolist() == [[3]]
    assert np.isnan(table.estimate).all()


def test_a_window_of_another_version_is_not_guessed_at():
    with pytest.raises(InvalidValue, match="version 4"):
        window_row(window_item(a_window(of=1)) | {"version": {"N": "4"}})


class TestWindowsPackedByTheFirstVersion:
    PACKED = bytes.fromhex("01e8030000000000000200000003000000010078") + bytes.fromhex(
        "0001000000000000000000f03f000000000000e43f"
    )

    def item(self, packed=PACKED):
        return {**record_key("W#", "talk-1", "main", BEGAN_MS, "cam-1", "0"), "window": {"B": packed}}

    def test_they_are_read(self):
        start_ms, camera_id, width_ms, count, expected, tallies, scorer = window_row(self.item())
        assert (start_ms, camera_id, width_ms, count, expected, scorer) == (BEGAN_MS, "cam-1", 1000, 2, 3, "x")
        assert np.frombuffer(tallies, EARLIER_TALLY_TYPE).tolist() == [(CODES["smile"], 1, 1.0, 0.625)]

    def test_they_have_the_same_content_once_they_are_migrated(self):
        old = {**self.item(), "expires_ms": {"N": "1900000000123"}, "expires_at": {"N": "1900000001"}}
        new = renewed_item(old, "talk-1", "main")
        for name in ("faces", "measures", "scored", "over", "total", "squares"):
            assert np.array_equal(*(getattr(WindowTable.of_rows([window_row(item)]), name) for item in (new, old)))
        assert "window" not in new
        assert {name: new[name] for name in ("pk", "sk", "expires_ms", "expires_at")} == {
            name: old[name] for name in ("pk", "sk", "expires_ms", "expires_at")
        }

    def test_a_truncated_window_is_named_as_damaged(self):
        head_only = len(self.PACKED) - EARLIER_TALLY_TYPE.itemsize  # and that is what a count of heads looks like
        for length in set(range(len(self.PACKED))) - {head_only}:
            with pytest.raises(InvalidValue, match="damaged"):
                WindowTable.of_rows([window_row(self.item(self.PACKED[:length]))])


@given(st.none() | st.integers(0, 10**13))
def test_faces_come_back_with_the_millisecond_they_expire(expires_ms):
    seen = window_faces(seen=[a_face(quality=1)], expires_ms=expires_ms)
    back: WindowFaces = faces_of(faces_item(seen), "talk-1", "main")
    assert back.expires_ms == expires_ms
    assert (back.start_ms, back.camera_id, back.part, back.scorer) == (seen.start_ms, "cam-1", "0", seen.scorer)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("dynamodb://table?region=eu-west-1", False),
        ("dynamodb://A.table_of-mine?region=eu-west-1&endpoint=http://127.0.0.1:8000", True),
        ("dynamodb://table?endpoint=http://[::1]:8000", True),
        ("dynamodb://table?endpoint=http://localhost:8000", True),
        ("dynamodb://table?endpoint=http://dynamodb:8000", False),
        ("dynamodb://table?endpoint=https://127.0.0.1:8000", False),
    ],
)
def test_a_url_round_trips_and_a_local_engine_is_recognised(url, local):
    address = DynamoAddress.of(url)
    assert DynamoAddress.of(address.url) == address
    assert address.is_local == local
