"""How the code may be cut: modules neither long nor shredded, and no circles.

Where a rule is in the way, give the module a reason in `shape.SMALL_FOR_A_REASON`, or change the rule here and say why
in `docs/decisions/`.
"""

from __future__ import annotations

import ast

import pytest

from tests.architecture.shape import (
    PRODUCT,
    SMALL_FOR_A_REASON,
    circles,
    imported,
    long_modules,
    small_modules,
    strongly_connected,
)
from tests.architecture.sources import ROOMS, Module


def test_the_rooms_of_the_product_are_all_but_those_of_its_makers():
    assert set(ROOMS) - set(PRODUCT) == {"bench", "tests", "training"}


def test_no_module_has_more_than_600_lines():
    assert long_modules() == {}


def test_a_small_module_that_one_neighbour_alone_imports_has_a_reason():
    """Else it is a part of that neighbour: whoever reads one must read the other."""
    assert {path: by for path, by in small_modules().items() if path not in SMALL_FOR_A_REASON} == {}
    assert all(SMALL_FOR_A_REASON.values())


def test_a_reason_goes_when_it_is_no_longer_needed():
    assert sorted(SMALL_FOR_A_REASON.keys() - small_modules().keys()) == [], "delete these lines in shape.py"


def test_no_modules_import_each_other_in_a_circle():
    assert circles() == []


def test_a_circle_is_found_whoever_else_is_in_the_graph():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set(), "e": {"a"}}
    assert strongly_connected(graph) == [["a", "b", "c"]]
    assert strongly_connected({"a": set()}) == []


@pytest.mark.parametrize(
    ("source", "to_run"),
    [
        ("import a.b", {"a.b"}),
        ("from a import b, c", {"a.b", "a"}),
        ("from . import b", {"a.b"}),
        ("from .b import thing", {"a.b"}),
        ("def f():\n    from a.b import thing", {"a.b"}),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a.b import Thing", set()),
    ],
)
def test_an_import_is_counted_as_what_python_loads(source: str, to_run: set[str]):
    module = Module(path="a/x.py", text=source, tree=ast.parse(source))
    assert imported(module, frozenset({"a", "a.b"}), to_run=True) == to_run
