"""Environment variables come out of a file as they went in, whatever is in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience.environment_files import environment_in, environment_text, with_environment
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


def test_a_quote_without_an_end_is_refused():
    with pytest.raises(InvalidValue):
        environment_in("SESSION='a\n")
