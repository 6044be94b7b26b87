"""The tree of errors is the one its docstring draws."""

from __future__ import annotations

import re

import pytest

from audience import errors
from audience.errors import HouselightsError

CLASSES = {
    name: value for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)
}


def drawn_tree() -> dict[str, str]:
    """Each error the docstring draws, with the one above it."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"^    ((?:│   |    )*)(?:├── |└── )?(\w+)", line)
        if not found:
            continue
        depth = len(found.group(1)) // 4 + ("──" in line)
        path[depth:] = [found.group(2)]
        if depth:
            parents[found.group(2)] = path[depth - 1]
    return parents


def test_the_docstring_draws_every_error_where_it_hangs():
    assert drawn_tree() == {
        name: value.__bases__[0].__name__ for name, value in CLASSES.items() if value is not HouselightsError
    }


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_one_handler_catches_every_error_raised_on_purpose(name):
    assert issubclass(CLASSES[name], HouselightsError)
    assert CLASSES[name].__doc__


def test_a_wrong_value_is_a_value_error_to_python_too():
    assert issubclass(errors.InvalidValue, ValueError)
