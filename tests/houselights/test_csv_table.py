"""Tables come from spreadsheets of all languages, and say where they are wrong."""

import pytest

from audience.errors import InvalidValue
from houselights.csv_table import read_csv_table

ROWS = [{"stage": "barn", "title": "Die Scheune, alt"}, {"stage": "tent", "title": ""}]


def read(folder, data):
    (folder / "stages.csv").write_bytes(data)
    return read_csv_table(folder / "stages.csv", "stage", example="stage,title")


@pytest.mark.parametrize(
    "data",
    [
        b'stage,title\nbarn,"Die Scheune, alt"\ntent,\n',
        b'\xef\xbb\xbfStage,Title\r\nbarn,"Die Scheune, alt"\r\ntent\r\n,,\r\n',
        b"stage;title\r\nbarn;Die Scheune, alt\r\ntent;\r\n;\r\n",
        "stage\ttitle\r\nbarn\tDie Scheune, alt\r\ntent\t\r\n".encode("utf-16"),
        b'\n stage , title \nbarn, "Die Scheune, alt"\n\ntent, , more\n',
    ],
    ids=["commas", "Excel", "Excel in German", "Unicode text", "by hand"],
)
def test_what_spreadsheets_and_people_write_is_read(tmp_path, data):
    assert [row.cells for row in read(tmp_path, data)] == ROWS


def test_a_row_knows_its_line_in_the_file(tmp_path):
    first, second = read(tmp_path, b'stage,title\n\nbarn,"two\nlines"\ntent,\n')
    assert (first.where.split()[-1], second.where.split()[-1]) == ("4", "5")


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "no column `stage`"),
        (b"name\nbarn\n", "no column `stage`"),
        (b"stage,Stage\nbarn,tent\n", "two columns `stage`"),
        (b"stage\nbarn\nS\xfcd\n", "line 3: is not UTF-8"),
        (b"stage\nbarn\0\n", "line 2: holds a NUL"),
        (b'stage\n"barn\n', "line 2: unexpected end"),
    ],
)
def test_a_table_that_cannot_be_read_is_one_line_that_names_it(tmp_path, data, fault):
    with pytest.raises(InvalidValue, match=f"stages.csv.*{fault}") as refused:
        read(tmp_path, data)
    assert len(str(refused.value).splitlines()) == 1


def test_a_table_that_is_not_there_is_one_line_that_names_it(tmp_path):
    with pytest.raises(InvalidValue, match=r"none\.csv cannot be read"):
        read_csv_table(tmp_path / "none.csv", "stage", example="stage")
