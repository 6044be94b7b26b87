"""Posters lead to the public board."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from audience.errors import InvalidValue
from houselights.commands.qr import board_address, qr


def test_a_phone_reads_the_boards_address_off_the_poster(tmp_path):
    poster = tmp_path / "poster.png"
    ran = CliRunner().invoke(qr, ["fete", "--at", "https://fete.example/", "--to", str(poster)])
    assert ran.exit_code == 0, ran.output
    assert "https://fete.example/live/fete" in ran.output
    picture = cv2.imdecode(np.frombuffer(poster.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == "https://fete.example/live/fete"


def test_a_poster_can_be_of_any_size(tmp_path):
    poster = tmp_path / "poster.svg"
    assert CliRunner().invoke(qr, ["fete", "--at", "https://fete.example", "--to", str(poster)]).exit_code == 0
    assert b"<svg" in poster.read_bytes()


@pytest.mark.parametrize(
    "server", ["fete.example", "ftp://fete.example", "https://", "https://fete.example?a=b", "https://["]
)
def test_what_no_phone_can_open_is_refused(server):
    with pytest.raises(InvalidValue, match="--at"):
        board_address(server, "fete")


def test_another_kind_of_file_is_refused(tmp_path):
    ran = CliRunner().invoke(qr, ["fete", "--at", "https://fete.example", "--to", str(tmp_path / "poster.gif")])
    assert isinstance(ran.exception, InvalidValue)
