"""What every command has in common."""

from __future__ import annotations

import click
import pytest

from houselights.cli import houselights, run

GROUPS = [(), *((name,) for name, command in houselights.commands.items() if isinstance(command, click.Group))]


@pytest.mark.parametrize("words", GROUPS, ids=lambda words: words[0] if words else "houselights")
def test_who_names_no_command_is_shown_those_there_are(words, capsys):
    code = run(words)
    lines = capsys.readouterr().err.splitlines()
    group = houselights.commands[words[0]] if words else houselights
    assert code == 2
    assert set(group.commands) <= {line.split()[0] for line in lines if line.strip()}
    assert max(map(len, lines)) <= 110
