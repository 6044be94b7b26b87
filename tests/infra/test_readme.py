"""infra/README.md is correct, as far as can be checked without an account."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
from click.testing import CliRunner

from edge_lambda import launcher, provisioning
from edge_lambda import settings as device_settings
from houselights.commands import COMMANDS
from tests.infra.template import ROOT, template

README = (ROOT / "infra" / "README.md").read_text(encoding="utf-8")


def test_every_link_to_a_file_leads_to_one():
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README):
        assert "://" in target or (ROOT / "infra" / target).exists(), target


def test_every_alarm_linked_to_is_explained():
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", operations, re.MULTILINE)}
    linked = re.findall(r"operations\.md#([\w-]+)\)", README) + re.findall(r"\]\(#([\w-]+)\)", operations)
    assert linked
    assert set(linked) <= headings


def test_every_setting_of_a_device_is_one():
    programs = (device_settings, provisioning, launcher)
    read = "".join(Path(program.__file__).read_text(encoding="utf-8") for program in programs)
    assert set(re.findall(r"HOUSELIGHTS_[A-Z_]+", README)) <= {
        *re.findall(r"HOUSELIGHTS_[A-Z_]+", read),
        "HOUSELIGHTS_STORE",
    }


def test_every_command_is_there_and_takes_what_it_is_given():
    commands = {command.name: command for command in COMMANDS}
    calls = re.findall(r"^    \.venv/bin/houselights (\w+) ?([^#\n]*)", README, re.MULTILINE)
    assert len(calls) >= 2
    for name, options in calls:
        command = commands[name]
        if isinstance(command, click.Group):
            command = command.commands[options.split()[0]]
        help_text = CliRunner().invoke(command, ["--help"]).output
        for option in re.findall(r"--[\w-]+", options):
            assert option in help_text


def test_every_make_target_and_its_variables_are_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target, rest in re.findall(r"(?:^    |`)make ([a-z-]+)([^`#\n]*)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
        for variable in re.findall(r"(\w+)=", rest.partition('"')[0]):
            assert f"$({variable})" in makefile, variable


def test_who_deploys_may_make_every_kind_of_resource_there_is():
    policy = json.loads((ROOT / "infra" / "deploy-policy.json").read_text(encoding="utf-8"))
    granted = {
        action.partition(":")[0]
        for statement in policy["Statement"]
        for action in statement["Action"]
        if statement["Effect"] == "Allow"
    }
    kinds = {resource["Type"].split("::")[1].lower() for resource in template()["Resources"].values()}
    assert kinds - {"serverless"} <= granted
    assert {"lambda", "cloudformation"} <= granted, "what Serverless stands for"
