"""The container of the pages, and the stack that runs it: no rights of root, nothing written beside its data."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from dashboard.access.addresses import address_of
from dashboard.access.connections import MOST
from dashboard.access.settings import MOST_PROCESSES
from tests.infra.template import ROOT, dashboard_template, one_or_more
from tests.ticking import last_words, limit_s, until
from tests.two_dashboards import ACCESS, SECRETS

CONTAINERFILE = ROOT / "infra" / "container" / "Containerfile"
NOT_ALLOWED = "this user may make no file systems of its own (`unshare --mount`): run the tests as root"
# A machine on which one folder alone can be written: what `podman run --read-only` gives, with TMPDIR for its /tmp.
READ_ONLY = """
set -e
mkdir -p "$TMPDIR"
mount --make-rprivate /
mount --bind "$XDG_DATA_HOME" "$XDG_DATA_HOME"
mount -o remount,bind,ro /
if touch "$XDG_DATA_HOME/../written" 2>/dev/null; then echo "the root can be written"; exit 9; fi
exec "$@"
"""


def instructions() -> list[tuple[str, str]]:
    """Every instruction of the file with its arguments, lines joined."""
    text = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", CONTAINERFILE.read_text("utf-8"), flags=re.MULTILINE))
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def of(word: str) -> list[str]:
    return [rest for name, rest in instructions() if name == word]


def resource(name: str) -> dict[str, Any]:
    found: dict[str, Any] = dashboard_template()["Resources"][name]
    return found


def container() -> dict[str, Any]:
    (found,) = resource("Task")["Properties"]["ContainerDefinitions"]
    return dict(found)


def test_what_it_is_built_from_is_pinned_and_there() -> None:
    assert all(re.match(r"\S+@sha256:[0-9a-f]{64}( AS build)?$", base) for base in of("FROM"))
    copied = [word for line in of("COPY") if not line.startswith("--from") for word in line.split()[:-1]]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"bench", "tests", "training"}
    assert packages <= set(copied)
    assert any('"uv==0.13.8"' in line for line in of("RUN"))
    assert "uv==0.13.8" in (ROOT / "Makefile").read_text("utf-8")


def test_it_runs_as_nobody_and_asks_itself_whether_it_is_well() -> None:
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", of("USER")[-1])
    asked = re.search(r"http://127.0.0.1:8501(/[^']+)", of("HEALTHCHECK")[0])
    assert asked is not None
    there = address_of(asked[1])
    assert there is not None
    assert there.whom == "everybody"
    assert resource("Pages")["Properties"]["HealthCheckPath"] == asked[1]
    assert asked[1] in container()["HealthCheck"]["Command"][-1]


@pytest.mark.skipif(sys.platform != "linux", reason="mounts of Linux")
def test_its_command_serves_where_nothing_but_its_data_can_be_written(tmp_path: Path) -> None:
    port = "18501"
    data, settings = tmp_path / "data", tmp_path / "settings"
    settings.mkdir()
    address = "http://127.0.0.1:9"
    access = ACCESS.format(address=address)
    (settings / "access.toml").write_text(f'ended_logins = "{data}/ended-logins"\n{access}')
    given = dict(re.findall(r"(\w+)=(\S+)", " ".join(of("ENV")[1:])))
    environment = given | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
        "XDG_DATA_HOME": str(data),
        "TMPDIR": str(data / "tmp"),
        "HOUSELIGHTS_ACCESS": str(settings / "access.toml"),
        "HOUSELIGHTS_SECRETS": SECRETS.format(address=address, cookie="c" * 40, provider=9),
    }
    (entry,) = map(shlex.split, re.findall(r"ENTRYPOINT (.*)", CONTAINERFILE.read_text("utf-8")))
    command = [part.strip('[],"') for part in (*entry, *shlex.split(of("CMD")[-1]))]
    command[command.index("8501")] = port
    mounted = ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh"]
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        if os.environ.get("CI") == "true" and os.geteuid() == 0:
            pytest.fail(NOT_ALLOWED)
        pytest.skip(NOT_ALLOWED)
    with subprocess.Popen(
        [*mounted, *command], env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            until(lambda: process.poll() is not None or answer(port, "/_stcore/health") == 200)
            assert process.poll() is None, process.stdout and process.stdout.read()
            assert answer(port, "/") == 200
            assert (data / "houselights" / "houselights.db").exists()
        finally:
            process.send_signal(signal.SIGTERM)
            said, _ = last_words(process)
    assert process.returncode == 0, said
    assert "Traceback" not in said


def answer(port: str, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=limit_s()) as response:
            return int(response.status)
    except urllib.error.HTTPError as problem:
        problem.close()
        return problem.code
    except OSError:
        return 0


def test_what_it_runs_cannot_be_written_and_has_no_rights_of_root() -> None:
    assert container()["ReadonlyRootFilesystem"] is True
    assert container()["User"] == of("USER")[-1]
    assert container()["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}
    assert {mount["ContainerPath"] for mount in container()["MountPoints"]} == {"/tmp", "/data"}
    owner = resource("SharedFolder")["Properties"]["PosixUser"]
    assert f"{owner['Uid']}:{owner['Gid']}" == of("USER")[-1]
    (files,) = container()["Ulimits"]
    assert files["SoftLimit"] >= MOST * 1.5


def test_unless_people_may_change_sessions_nothing_is_written_to_the_table() -> None:
    policies = resource("PagesRole")["Properties"]["Policies"]
    allowed = {
        action
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        for action in one_or_more(statement["Action"])
    }
    assert allowed == {"dynamodb:GetItem", "dynamodb:Query", "s3:GetObject"}
    assert resource("PagesChange")["Condition"] == "MayChange"
    assert dashboard_template()["Parameters"]["Changes"]["Default"] == "no"


def test_there_are_no_more_containers_than_limits_are_divided_among() -> None:
    assert dashboard_template()["Parameters"]["Most"]["MaxValue"] == MOST_PROCESSES
    assert resource("Count")["Properties"]["MaxCapacity"] == {"Ref": "Most"}


def test_a_browser_stays_with_the_container_that_holds_its_pages() -> None:
    attributes = {one["Key"]: one["Value"] for one in resource("Pages")["Properties"]["TargetGroupAttributes"]}
    assert (attributes["stickiness.enabled"], attributes["stickiness.type"]) == ("true", "lb_cookie")


def test_containers_are_reached_by_the_balancer_alone() -> None:
    (ingress,) = resource("PagesNetwork")["Properties"]["SecurityGroupIngress"]
    assert ingress["SourceSecurityGroupId"] == {"Fn::GetAtt": ["BalancerNetwork", "GroupId"]}
    network = resource("Service")["Properties"]["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert network["AssignPublicIp"] == "DISABLED"
