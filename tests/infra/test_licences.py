"""The list of third-party licences is that of the lock, and goes along with the wheel."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path

from houselights.deploying import ROOT
from houselights.deploying.licences import LIST, LOCK, list_of_licences, shipped

LOCKED = """
[[package]]
name = "houselights"
version = "1"
dependencies = [{ name = "a" }]
[package.optional-dependencies]
edge = [{ name = "b", extra = ["more"] }, { name = "never", marker = "sys_platform == 'never'" }]
dev = [{ name = "houselights", extra = ["edge"] }, { name = "tester" }]
[[package]]
name = "a"
version = "2"
dependencies = [{ name = "c" }]
[[package]]
name = "b"
version = "3"
[package.optional-dependencies]
more = [{ name = "d" }]
unasked = [{ name = "e" }]
[[package]]
name = "c"
version = "4"
dependencies = [{ name = "a" }]
[[package]]
name = "c"
version = "5"
[[package]]
name = "d"
version = "6"
[[package]]
name = "e"
version = "7"
[[package]]
name = "never"
version = "8"
[[package]]
name = "tester"
version = "9"
"""


def test_what_is_shipped_is_what_the_extras_people_run_ask_for(tmp_path):
    lock = tmp_path / "uv.lock"
    lock.write_text(LOCKED)
    assert shipped(lock) == {"a": {"2"}, "b": {"3"}, "c": {"4", "5"}, "d": {"6"}}


def test_the_list_is_that_of_the_lock_and_of_what_is_installed():
    assert LIST.read_text(encoding="utf-8") == list_of_licences(), "write it anew with `make licences`"
    assert len(shipped(LOCK)) > 50


def test_nothing_under_the_gpl_comes_along_that_the_notice_does_not_name():
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    rows = [row.split(" | ") for row in LIST.read_text(encoding="utf-8").splitlines() if row.startswith("| ")]
    strong = [row[0] for row in rows if "GPL" in row[2] and "LGPL" not in row[2]]
    assert strong == []
    assert "imageio-ffmpeg" not in shipped(LOCK)
    assert all(name in notice for name in ("libx264", "libx265"))


def test_the_libraries_inside_pyavs_wheel_are_those_that_the_notice_speaks_of():
    """Another version may bring others along: then read it anew."""
    import av
    from av.codec import codecs_available

    libraries = {file.name.split("-")[0] for file in Path(av.__file__).parents[1].glob("av.libs/*.so*")}
    assert {"libx264", "libx265"} <= libraries
    assert "libx264" in codecs_available
    assert f"version {av.__version__}" in (ROOT / "NOTICE").read_text(encoding="utf-8")


def test_the_licence_the_notice_and_the_list_go_along_with_the_wheel():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "Apache-2.0"
    assert (ROOT / "LICENSE").read_text().strip().startswith("Apache License")
    for name in ("LICENSE", "NOTICE", "THIRD_PARTY_LICENSES.md"):
        assert (ROOT / name).stat().st_size > 1000
        assert any(fnmatch(name, pattern) for pattern in project["license-files"])
