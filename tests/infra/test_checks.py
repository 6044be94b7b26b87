"""The templates pass third-party checkers. They contain the suppressions, each with its reason."""

from __future__ import annotations

import json
import re

from tests.infra.programs import run
from tests.infra.template import (
    TEMPLATE,
    archive_template,
    claims_template,
    copies_template,
    dashboard_template,
    firewall_template,
    template,
)

TEMPLATES = {
    "template.yaml": template(),
    "archive.yaml": archive_template(),
    "firewall.yaml": firewall_template(),
    "dashboard.yaml": dashboard_template(),
    "copies.yaml": copies_template(),
    "claims.yaml": claims_template(),
}


def test_sam_finds_the_template_valid():
    result = run("sam", "sam", "validate", "--lint", "--template", "infra/template.yaml")
    assert result.returncode == 0, result.stdout + result.stderr


def test_cfn_lint_has_nothing_to_say():
    result = run("sam", "cfn-lint", "--include-checks", "I", "--", *(f"infra/{name}" for name in TEMPLATES))
    assert (result.returncode, result.stdout) == (0, ""), result.stdout + result.stderr


def test_checkov_finds_nothing_but_what_is_suppressed_with_a_reason(tmp_path):
    everything = tmp_path / "template.yaml"
    everything.write_text(switched_on(TEMPLATE.read_text(encoding="utf-8")), encoding="utf-8")
    others = [f"infra/{name}" for name in TEMPLATES if name != "template.yaml"]
    files = ["--file", str(everything), *others]
    result = run("checkov", "checkov", "--config-file", "infra/checks/checkov.yaml", "--output", "json", *files)
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.loads(result.stdout)
    assert report["summary"]["failed"] == 0
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] >= 60, "it has looked"
    skipped = {
        (one["file_path"].rpartition("/")[2], one["check_id"], one["resource"].rpartition(".")[2])
        for one in report["results"]["skipped_checks"]
    }
    suppressed = {(file, skip["id"], name) for file, name, skip in suppressions()}
    assert skipped == suppressed, "a suppression that suppresses nothing goes"


def test_every_suppression_has_a_reason():
    assert all(re.fullmatch(r".{20,}\.", skip["comment"]) for _, _, skip in suppressions())


def switched_on(text: str) -> str:
    """The template with public board and people: checkov leaves out what a parameter's default leaves out."""
    for name in ("LiveBoard", "People"):
        before, found, after = text.partition(f'  {name}:\n    Type: String\n    Default: "no"\n')
        assert found
        text = before + found.replace('"no"', '"yes"') + after
    return text


def suppressions() -> list[tuple[str, str, dict[str, str]]]:
    """The file, the resource and the entry of every suppression."""
    return [
        (file, name, skip)
        for file, told in TEMPLATES.items()
        for name, resource in told["Resources"].items()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
    ]
