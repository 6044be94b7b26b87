"""Environment variables come out of a file as they went in, whatever is in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.environment_files import environment_in, environment_text, read_environment, with_environment
from audience.errors import InvalidValue

NAMES = st.from_regex(r"[A-Z][A-Z_]{0,20}", fullmatch=True)
# A file has one variable on each line, so a value has no line break.
VALUES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=30)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_what_was_written_is_read(settings):
    assert environment_in(environment_text(settings)) == settings


def test_comments_and_what_somebody_added_stay_where_others_change():
    text = "SESSION=a\nSTAGE=b\n# mine\nSOURCE='webcam:0' # left\n"
    changed = with_environment(text, {"SESSION": "c d"}, instead_of={"SESSION", "STAGE"})
    assert changed == "SESSION='c d'\n# mine\nSOURCE='webcam:0' # left\n"
    assert environment_in(changed) == {"SESSION": "c d", "SOURCE": "webcam:0"}


@pytest.mark.parametrize("content", [b"SESSION='a\n", b"SESSION=\xff\n", None], ids=["quote", "bytes", "nothing"])
def test_a_file_that_cannot_be_read_is_one_line_that_names_it(tmp_path, content):
    if content is not None:
        (tmp_path / "camera.env").write_bytes(content)
    with pytest.raises(InvalidValue, match=r"camera\.env") as refused:
        read_environment(tmp_path / "camera.env")
    assert "Errno" not in str(refused.value)
