"""The template as other people's programs see it. Suppressions stand in it, each with its reason."""

from __future__ import annotations

import json
import re

from tests.infra.programs import run
from tests.infra.template import template


def test_sam_finds_the_template_valid():
    result = run("sam", "sam", "validate", "--lint", "--template", "infra/template.yaml")
    assert result.returncode == 0, result.stdout + result.stderr


def test_cfn_lint_has_nothing_to_say():
    result = run("sam", "cfn-lint", "--include-checks", "I", "--", "infra/template.yaml")
    assert (result.returncode, result.stdout) == (0, ""), result.stdout + result.stderr


def test_checkov_finds_nothing_but_what_is_suppressed_with_a_reason():
    result = run("checkov", "checkov", "--config-file", "infra/checks/checkov.yaml", "--output", "json")
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.loads(result.stdout)
    assert report["summary"]["failed"] == 0
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] >= 40, "it has looked"
    skipped = {(one["check_id"], one["resource"].rpartition(".")[2]) for one in report["results"]["skipped_checks"]}
    suppressed = {
        (skip["id"], name)
        for name, resource in template()["Resources"].items()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
    }
    assert skipped == suppressed, "a suppression that suppresses nothing goes"


def test_every_suppression_has_a_reason():
    for resource in template()["Resources"].values():
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
            assert re.fullmatch(r".{20,}\.", skip["comment"])
