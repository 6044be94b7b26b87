"""The template as data: YAML with CloudFormation's short forms written out."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "infra" / "template.yaml"
ARCHIVE_TEMPLATE = ROOT / "infra" / "archive.yaml"
FIREWALL_TEMPLATE = ROOT / "infra" / "firewall.yaml"
COPIES_TEMPLATE = ROOT / "infra" / "copies.yaml"
CLAIMS_TEMPLATE = ROOT / "infra" / "claims.yaml"
DASHBOARD_TEMPLATE = ROOT / "infra" / "dashboard.yaml"


class _Loader(yaml.SafeLoader):
    """Reads `!Ref x` as {"Ref": x} and `!GetAtt a.b` as {"Fn::GetAtt": ["a", "b"]}."""


def _written_out(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if tag == "GetAtt":
        value = value.split(".", 1)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _written_out)


@functools.cache
def template() -> dict[str, Any]:
    """The whole template."""
    return yaml.load(TEMPLATE.read_text(encoding="utf-8"), Loader=_Loader)


@functools.cache
def archive_template() -> dict[str, Any]:
    """The template of the archive."""
    return yaml.load(ARCHIVE_TEMPLATE.read_text(encoding="utf-8"), Loader=_Loader)


@functools.cache
def firewall_template() -> dict[str, Any]:
    """The template of the firewall before the public board."""
    return yaml.load(FIREWALL_TEMPLATE.read_text(encoding="utf-8"), Loader=_Loader)


@functools.cache
def dashboard_template() -> dict[str, Any]:
    """The template of the pages for many people."""
    return yaml.load(DASHBOARD_TEMPLATE.read_text(encoding="utf-8"), Loader=_Loader)


@functools.cache
def copies_template() -> dict[str, Any]:
    """The template of copies in another Region."""
    return yaml.load(COPIES_TEMPLATE.read_text(encoding="utf-8"), Loader=_Loader)


@functools.cache
def claims_template() -> dict[str, Any]:
    """The template for devices that register themselves."""
    return yaml.load(CLAIMS_TEMPLATE.read_text(encoding="utf-8"), Loader=_Loader)


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """The properties of all resources of a type, by name."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template()["Resources"].items()
        if resource["Type"] == kind
    }


def properties(name: str) -> dict[str, Any]:
    """The properties of one resource."""
    return template()["Resources"][name]["Properties"]


def one_or_more(value: Any) -> list[Any]:
    """A list of what may stand alone."""
    return value if isinstance(value, list) else [value]


def text_of(value: Any) -> str:
    """A value as text: what it refers to by its name, so that `!GetAtt Queue.Arn` and `!Sub ${Queue.Arn}` are alike."""
    match value:
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{!", "${", text)
    return str(value)
