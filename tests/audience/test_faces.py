"""Single faces, and all of a window's packed into few bytes."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audience.errors import InvalidValue
from audience.faces import CODES, EXPRESSIONS, MEASURES, UNSCORED, Box, FaceRecord, pack_faces, unpack_faces
from tests.builders import BEGAN_MS, a_face, window_faces

STEP = 1 / 65535
FRACTION = st.floats(0, 1)
BOXES = st.builds(
    Box,
    left=st.floats(-3, 3),
    top=st.floats(-3, 3),
    width=st.floats(0, 3, exclude_min=True),
    height=st.floats(0, 3, exclude_min=True),
)


@st.composite
def windows_of_faces(draw):
    """Faces of one window; some may be unscored, and some may have fewer measures."""
    sets = draw(st.lists(st.sets(st.sampled_from(MEASURES)), min_size=1, max_size=3))
    tracks = draw(st.lists(st.text(min_size=1, max_size=20), unique=True, max_size=6))
    found = []
    for track in tracks:
        names, unscored = draw(st.sampled_from(sets)), draw(st.sampled_from(["", *UNSCORED]))
        of = names & {"facing"} if unscored else names
        found.append(
            FaceRecord(
                track_id=track,
                at_ms=BEGAN_MS + draw(st.integers(0, 999)),
                box=draw(BOXES),
                quality=draw(FRACTION),
                confidences={name: draw(FRACTION) for name in draw(st.permutations(sorted(of)))},
                unscored=unscored,
            )
        )
    return found


@given(windows_of_faces())
def test_faces_come_back_within_one_step_of_what_they_were(seen):
    back = unpack_faces(pack_faces(seen, BEGAN_MS), BEGAN_MS)
    assert [face.track_id for face in back] == [face.track_id for face in seen]
    assert [face.at_ms for face in back] == [face.at_ms for face in seen]
    for was, now in zip(seen, back, strict=True):
        for side in ("left", "top", "width", "height"):
            assert getattr(now.box, side) == pytest.approx(getattr(was.box, side), abs=STEP)
        assert now.quality == pytest.approx(was.quality, abs=STEP)
        assert now.unscored == was.unscored
        assert now.confidences == pytest.approx(dict(was.confidences), abs=STEP)


@given(windows_of_faces())
def test_packing_what_was_unpacked_gives_the_same_bytes(seen):
    packed = pack_faces(seen, BEGAN_MS)
    assert pack_faces(unpack_faces(packed, BEGAN_MS), BEGAN_MS) == packed


def test_nobody_is_a_window_too():
    assert unpack_faces(pack_faces([], BEGAN_MS), BEGAN_MS) == ()


def test_a_face_takes_about_forty_bytes():
    faces = [a_face(f"t{index}", confidences=dict.fromkeys(EXPRESSIONS, 0.5)) for index in range(100)]
    assert len(pack_faces(faces, BEGAN_MS)) < 50 * len(faces)


def test_a_box_may_reach_past_every_edge_of_the_image():
    box = Box(left=-0.2, top=-0.1, width=1.4, height=1.3)
    (face,) = unpack_faces(pack_faces([a_face(box=box)], BEGAN_MS), BEGAN_MS)
    assert face.box.left == pytest.approx(-0.2, abs=STEP)
    assert face.box.left + face.box.width == pytest.approx(1.2, abs=2 * STEP)


def test_where_only_heads_are_counted_no_confidence_is_kept():
    (face,) = unpack_faces(pack_faces([a_face(confidences={})], BEGAN_MS), BEGAN_MS)
    assert face.confidences == {}


@given(st.binary(max_size=120))
@example(b"\x01\x00\x01\x00")
@example(b"\x01\x00\xff\xff")
@example(b"\x01\xff\x00\x00")
def test_any_bytes_are_faces_or_one_clear_error(packed):
    try:
        faces = unpack_faces(packed, BEGAN_MS)
    except InvalidValue as refusal:
        assert "face records are damaged" in str(refusal)  # noqa: PT017 - both outcomes are right
    else:
        assert packed[0] == 1 or pack_faces(faces, BEGAN_MS) == packed or not faces


@given(windows_of_faces(), st.data())
def test_damaged_bytes_are_faces_or_one_clear_error(seen, data):
    packed = bytearray(pack_faces(seen, BEGAN_MS))
    for _ in range(data.draw(st.integers(1, 3))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    try:
        unpack_faces(bytes(packed), BEGAN_MS)
    except InvalidValue as refusal:
        assert "face records are damaged" in str(refusal)  # noqa: PT017 - both outcomes are right


@given(windows_of_faces().filter(len), st.data())
def test_bytes_cut_short_are_refused(seen, data):
    packed = pack_faces(seen, BEGAN_MS)
    with pytest.raises(InvalidValue, match="face records are damaged"):
        unpack_faces(packed[: data.draw(st.integers(0, len(packed) - 1))], BEGAN_MS)


def test_bytes_after_the_last_face_are_refused():
    with pytest.raises(InvalidValue, match="face records are damaged"):
        unpack_faces(pack_faces([a_face()], BEGAN_MS) + b"\0", BEGAN_MS)


@pytest.mark.parametrize("codes", [b"\x00\x00", b"\x01\x00", b"\x00\xc8"])
def test_measures_that_are_repeated_out_of_order_or_unknown_are_refused(codes):
    packed = pack_faces([a_face(confidences={"smile": 0.25, "happy": 0.75})], BEGAN_MS)
    assert packed[6:8] == b"\x00\x01"
    with pytest.raises(InvalidValue, match="face records are damaged"):
        unpack_faces(packed[:6] + codes + packed[8:], BEGAN_MS)


def test_faces_that_an_earlier_version_packed_are_read():
    packed = bytes.fromhex("01 01 0100 00 02 f4010000 00000000 00000000 ff7f0000 ff7f0000 ffff".replace(" ", ""))
    (face,) = unpack_faces(packed + b"t1" + bytes.fromhex("ffff"), BEGAN_MS)
    assert (face.track_id, face.at_ms, face.quality, face.unscored) == ("t1", BEGAN_MS + 500, 1, "")
    assert dict(face.confidences) == {"smile": 1}
    assert face.box.width == pytest.approx(0.5, abs=STEP)


def test_a_version_that_is_not_known_is_named():
    with pytest.raises(InvalidValue, match="damaged: they are of version 3"):
        unpack_faces(b"\x03" + pack_faces([a_face()], BEGAN_MS)[1:], BEGAN_MS)


def test_an_unscored_face_says_why_and_may_face_the_camera():
    covered = replace(a_face("t2", confidences={"facing": 1.0}), unscored="covered")
    back = unpack_faces(pack_faces([a_face("t1", smile=1), covered], BEGAN_MS), BEGAN_MS)
    assert [(face.unscored, dict(face.confidences)) for face in back] == [
        ("", {"smile": 1}),
        ("covered", {"facing": 1}),
    ]


def test_an_unscored_face_has_no_expression_and_a_reason_that_is_known():
    with pytest.raises(InvalidValue, match="covered"):
        replace(a_face(smile=0.5), unscored="covered")
    with pytest.raises(InvalidValue, match="'tired' is unknown"):
        replace(a_face(confidences={}), unscored="tired")


def test_a_face_far_from_its_window_is_refused():
    with pytest.raises(InvalidValue, match="cannot be packed"):
        pack_faces([a_face(at_ms=BEGAN_MS + 2**31)], BEGAN_MS)


def test_a_box_far_from_its_image_is_refused():
    with pytest.raises(InvalidValue, match="cannot be packed"):
        pack_faces([a_face(box=Box(left=1e6, top=0, width=1, height=1))], BEGAN_MS)


@pytest.mark.parametrize("side", ["left", "top", "width", "height"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_box_has_finite_sides(side, value):
    with pytest.raises(InvalidValue, match="not a box"):
        Box(**{"left": 0, "top": 0, "width": 1, "height": 1, side: value})


@pytest.mark.parametrize("side", ["width", "height"])
@pytest.mark.parametrize("value", [0, -0.1])
def test_a_box_has_an_area(side, value):
    with pytest.raises(InvalidValue, match="not a box"):
        Box(**{"left": 0, "top": 0, "width": 1, "height": 1, side: value})


@pytest.mark.parametrize("track", ["", "t" * 256, "ü" * 128])
def test_a_track_id_has_1_to_255_bytes(track):
    with pytest.raises(InvalidValue, match="track id"):
        a_face(track)


@pytest.mark.parametrize("confidence", [-0.01, 1.01, 80, math.nan])
def test_a_confidence_is_within_0_and_1(confidence):
    with pytest.raises(InvalidValue, match=r"of 'smile' is not within 0\.\.1"):
        a_face(smile=confidence)


@pytest.mark.parametrize("quality", [-0.01, 1.01, 80, math.nan])
def test_a_quality_is_within_0_and_1(quality):
    with pytest.raises(InvalidValue, match=r"quality"):
        a_face(quality=quality)


def test_an_unknown_expression_is_refused_and_the_known_ones_are_named():
    with pytest.raises(InvalidValue, match=r"'joy' is unknown.*happy"):
        a_face(confidences={"joy": 0.5})


def test_a_track_may_occur_once_in_a_window():
    with pytest.raises(InvalidValue, match="'t1'"):
        window_faces(seen=[a_face("t1"), a_face("t1")])


def test_the_codes_of_expressions_never_change():
    """Stored records name expressions by code: a table that grows is fine, one that is reordered rewrites history."""
    known = (
        "smile",
        "happy",
        "surprised",
        "calm",
        "sad",
        "angry",
        "confused",
        "disgusted",
        "fear",
        "contempt",
        "facing",
    )
    assert [CODES[name] for name in known] == list(range(11))
    assert {"covered": 1, "profile": 2, "small": 3, "unsure": 4}.items() <= UNSCORED.items()
