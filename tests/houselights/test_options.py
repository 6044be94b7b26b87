"""Options with bounds accept exactly their range, on every command."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import click
import pytest

from houselights.commands import COMMANDS


def numbers(commands: Iterable[click.Command], above: str = "") -> Iterator[tuple[str, click.ParamType[object]]]:
    """Every option that takes a number within bounds, by command and name."""
    for command in commands:
        name = f"{above}{command.name}"
        if isinstance(command, click.Group):
            yield from numbers(command.commands.values(), f"{name} ")
        for option in command.params:
            if isinstance(option.type, click.FloatRange):
                yield f"{name} {option.opts[0]}", option.type


NUMBERS = dict(numbers(COMMANDS))


def test_the_options_are_found() -> None:
    assert {"score --every", "watch --every", "simulate festival --speed"} <= NUMBERS.keys()


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("written", ["nan", "-nan", "inf", "-inf", "soon", "", "1e999"])
def test_an_option_with_bounds_refuses_nan(name: str, written: str) -> None:
    with pytest.raises(click.BadParameter):
        NUMBERS[name].convert(written, None, None)


@pytest.mark.parametrize("name", NUMBERS)
def test_an_option_takes_its_bounds(name: str) -> None:
    kind = NUMBERS[name]
    assert isinstance(kind, click.FloatRange)
    for bound in (kind.min, kind.max):
        assert bound is not None
        assert math.isclose(float(kind.convert(str(bound), None, None)), bound)
