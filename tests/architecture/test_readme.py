"""The README says what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.quoting import ALL_FIGURES, BEGIN, END, QUOTED, all_figures, readme_figures, reports
from houselights.commands import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "training").glob("*.md")])


def test_the_figures_quoted_are_those_measured() -> None:
    quoted = README.partition(BEGIN)[2].partition(END)[0].strip()
    assert quoted == readme_figures(), "write them anew with `python -m bench readme`"
    assert ALL_FIGURES.read_text() == all_figures(), "write them anew with `python -m bench readme`"


def test_the_readme_quotes_figures_that_there_are_and_every_one_that_is_short() -> None:
    measured = {report["bench"]: {figure["name"]: figure for figure in report["figures"]} for report in reports()}
    for bench, names in QUOTED.items():
        assert set(names) <= set(measured[bench]), bench
    for figures in measured.values():
        for name, figure in figures.items():
            assert figure["ok"] is not False or name in README, name


def test_every_command_is_named() -> None:
    named = set(re.findall(r"houselights ([a-z][a-z-]+)", README))
    assert named <= {command.name for command in COMMANDS}
    assert {command.name for command in COMMANDS} - named <= {"demo"}, "`make demo` stands for it"


def test_every_option_named_with_a_command_is_one_of_its_options() -> None:
    options = {
        command.name: {
            name
            for part in [command, *getattr(command, "commands", {}).values()]
            for one in part.params
            for name in (*one.opts, *one.secondary_opts)
        }
        for command in COMMANDS
    }
    named = [
        (command, option)
        for command, rest in re.findall(r"houselights ([a-z][a-z-]+)([^`\n]*)", README)
        for option in re.findall(r"--[a-z-]+", rest)
    ]
    assert len(named) > 10
    assert [(command, option) for command, option in named if option not in options[command]] == []


def test_every_make_target_named_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?<=`)make ([a-z-]+)|^ {4}make ([a-z-]+)", README, re.MULTILINE)) != set()
    for pair in re.findall(r"`make ([a-z-]+)|^ {4}make ([a-z-]+)", README, re.MULTILINE):
        assert "".join(pair) in targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text()):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{document.name} links to {target}"
