"""The launcher changes a camera's version, and goes back by itself, with real processes."""

from __future__ import annotations

import hashlib
import io
import shutil
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from audience.deliveries.rollout import ARCHIVE, AS_INSTALLED, MODEL, ROLLOUT_KEY, Rollout, read_rollout, version_key
from audience.errors import InvalidValue, SheetRejected
from edge_lambda.launcher import Launcher, State, Versions, VersionUnavailable, install
from tests.ticking import until

# As far as the launcher knows a program: it notes that it runs, says when it has started, and runs until it is ended.
PROGRAM = """
import os, signal, socket, sys, time
with open(os.environ["RAN"], "a") as ran:
    print(os.environ.get("HOUSELIGHTS_VERSION", "installed"), os.environ.get("HOUSELIGHTS_SCORING", "-"), file=ran)
{before}
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
    notified.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
{after}
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
while True:
    time.sleep(60)
"""


def program(*, before: str = "", after: str = "") -> str:
    return PROGRAM.format(before=before, after=after)


def same_python(folder: Path) -> None:
    """An environment of a version, without its seconds."""
    (folder / "venv" / "bin").mkdir(parents=True)
    (folder / "venv" / "bin" / "python").symlink_to(sys.executable)


class Device:
    """A device with its launcher, and what its fleet is told to run.

    Attributes:
        said: the launcher's lines.
    """

    def __init__(self, folder: Path) -> None:
        self._bucket, self._versions, self._ran = folder / "bucket", folder / "versions", folder / "ran"
        self._installed = folder / "installed.py"
        self._installed.write_text(program())
        self._hashes: dict[str, dict[str, str]] = {}
        self._number = 0
        self.said: list[str] = []
        self.reads: list[str] = []
        self.notes = self.versions

    def publish(self, version: str, source: str, *, model: bytes | None = None) -> None:
        """Puts a version where cameras get it."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as written:
            written.writestr("edge_lambda/__main__.py", source)
            written.writestr("requirements.txt", "")
        files = {ARCHIVE: archive.getvalue()} | ({MODEL: model} if model else {})
        for name, data in files.items():
            self._put(version_key(version, name), data)
        self._hashes[version] = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}

    def roll_out(self, version: str, *, before: str = AS_INSTALLED, **how: object) -> None:
        self._number += 1
        made = Rollout(number=self._number, version=version, before=before, files=self._hashes, **how)  # type: ignore[arg-type]
        self._put(ROLLOUT_KEY, made.document())

    def _put(self, key: str, data: bytes) -> None:
        file = self._bucket / key
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_bytes(data)
        part.rename(file)

    def read(self, key: str, most: int) -> bytes | None:
        self.reads.append(key)
        file = self._bucket / key
        return file.read_bytes()[: most + 1] if file.exists() else None

    @property
    def ran(self) -> list[str]:
        """What was started, in order: version and scoring."""
        return self._ran.read_text().splitlines() if self._ran.exists() else []

    @property
    def versions(self) -> Versions:
        command = (sys.executable, str(self._installed))
        return Versions(self._versions, self.read, install=same_python, installed=command)

    @contextmanager
    def running(self, *, steady_s: float = 0.0) -> Iterator[Launcher]:
        """The launcher runs, and is ended with the context."""
        launcher = Launcher(
            self.versions,
            stage_id="barn",
            camera_id="barn-01",
            environment={"RAN": str(self._ran), "PATH": "/usr/bin:/bin"},
            write_line=self.said.append,
            look_every_s=0.05,
            start_within_s=600.0,
            steady_s=steady_s,
        )
        thread = threading.Thread(target=launcher.run)
        thread.start()
        try:
            yield launcher
        finally:
            launcher.stop()
            thread.join()

    def runs(self, *versions: str) -> None:
        """Waits until the versions have been started, in this order."""
        until(lambda: [line.split()[0] for line in self.ran] == list(versions), moving=lambda: len(self.ran))

    def settled(self, version: str) -> None:
        """Waits until a version has shown that it runs."""
        until(lambda: (state := self.notes.state()).version == version and not state.trial)


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


def test_what_was_installed_runs_until_there_is_a_roll_out_and_then_what_was_rolled_out(device: Device) -> None:
    device.publish("1.2.3", program())
    with device.running():
        device.runs("installed")
        until(lambda: ROLLOUT_KEY in device.reads)
        device.roll_out("1.2.3")
        device.settled("1.2.3")
    device.runs("installed", "1.2.3")
    with device.running():
        device.runs("installed", "1.2.3", "1.2.3")


def test_a_model_comes_with_its_version_and_scores_on_the_device(device: Device) -> None:
    device.publish("1.2.3001", program(), model=b"a model")
    with device.running():
        device.runs("installed")
        device.roll_out("1.2.3001")
        device.settled("1.2.3001")
    assert device.ran == ["installed -", "1.2.3001 device"]


@pytest.mark.parametrize(
    "fault",
    [
        {"before": "sys.exit(3)"},
        {"after": "sys.exit(3)"},
        {"before": "time.sleep(600)"},
        {"before": "import nothing_of_that_name"},
    ],
    ids=["ends", "ends after it started", "never starts", "lacks a library"],
)
def test_a_version_that_does_not_start_is_left_for_the_one_before(device: Device, fault: dict[str, str]) -> None:
    device.publish("1.2.3", program())
    device.publish("1.2.4", program(**fault))
    with device.running():
        device.runs("installed")
        device.roll_out("1.2.3")
        device.settled("1.2.3")
    with device.running(steady_s=600) as launcher:
        device.runs("installed", "1.2.3", "1.2.3")
        device.roll_out("1.2.4", before="1.2.3")
        if "sleep" in fault.get("before", ""):
            device.runs("installed", "1.2.3", "1.2.3", "1.2.4")
            launcher._start_within_s = 0.0  # its time is over
        device.runs("installed", "1.2.3", "1.2.3", "1.2.4", "1.2.3")
        launcher._start_within_s = 600.0
        looks = len(device.reads)
        until(lambda: len(device.reads) > looks + 3, moving=lambda: len(device.reads))
        device.runs("installed", "1.2.3", "1.2.3", "1.2.4", "1.2.3")
        assert sum("did not start" in line for line in device.said) == 1
        device.publish("1.2.4", program())
        device.roll_out("1.2.4", before="1.2.3")
        device.runs("installed", "1.2.3", "1.2.3", "1.2.4", "1.2.3", "1.2.4")


def test_a_version_that_takes_the_computer_down_is_started_twice_and_no_more(device: Device) -> None:
    device.publish("1.2.3", program())
    device.notes.fetch("1.2.3", device._hashes["1.2.3"])
    device.notes.save(State(version="1.2.3", number=1, trial=True, tries=2))
    device.roll_out("1.2.3")
    with device.running():
        device.runs("installed")
    assert device.notes.state().failed == {"1.2.3": 1}


def test_a_service_that_is_stopped_during_a_trial_goes_on_with_it(device: Device) -> None:
    device.publish("1.2.3", program())
    with device.running(steady_s=600):
        device.runs("installed")
        device.roll_out("1.2.3")
        device.runs("installed", "1.2.3")
    for _ in range(3):
        before = len(device.ran)
        with device.running(steady_s=600):
            until(lambda before=before: len(device.ran) > before)
        assert device.ran[-1] == "1.2.3 -"
    with device.running():
        device.settled("1.2.3")


def test_to_go_back_takes_no_network(device: Device) -> None:
    device.publish("1.2.3", program())
    device.publish("1.2.4", program())
    with device.running():
        device.runs("installed")
        device.roll_out("1.2.3")
        device.settled("1.2.3")
        device.roll_out("1.2.4", before="1.2.3")
        device.settled("1.2.4")
        device.reads.clear()
        device.roll_out("1.2.3", before="1.2.3")
        device.settled("1.2.3")
        assert set(device.reads) == {ROLLOUT_KEY}
        device.roll_out(AS_INSTALLED)
        device.runs("installed", "1.2.3", "1.2.4", "1.2.3", "installed")


def test_what_nobody_foresaw_is_said_and_the_next_look_is_taken(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.publish("1.2.3", program())
    device.roll_out("1.2.3")
    read = device.read
    faults = iter([ValueError("Invalid endpoint"), KeyError("x")])

    def reading(key: str, most: int) -> bytes | None:
        if (fault := next(faults, None)) is not None:
            raise fault
        return read(key, most)

    monkeypatch.setattr(device, "read", reading)
    with device.running():
        device.settled("1.2.3")
    assert any("ValueError" in line for line in device.said)


def test_what_is_not_what_was_rolled_out_is_never_run(device: Device) -> None:
    device.publish("1.2.3", program())
    device.roll_out("1.2.3")
    device._put(version_key("1.2.3", ARCHIVE), b"something else")
    with device.running():
        device.runs("installed")
        looks = len(device.reads)
        until(lambda: len(device.reads) > looks + 3, moving=lambda: len(device.reads))
    assert [line for line in device.said if "not what was rolled out" in line] == device.said
    assert len(device.said) == 1
    assert not device.versions.has("1.2.3")


def test_a_download_that_was_cut_off_leaves_nothing_that_could_be_started(device: Device, tmp_path: Path) -> None:
    device.publish("1.2.3", program())

    def cut(_folder: Path) -> None:
        raise KeyboardInterrupt

    versions = Versions(tmp_path / "versions", device.read, install=cut)
    with pytest.raises(KeyboardInterrupt):
        versions.fetch("1.2.3", device._hashes["1.2.3"])
    (tmp_path / "versions" / ".1.2.3.part").mkdir()  # as a lost supply leaves it
    assert not device.versions.has("1.2.3")
    assert not list((tmp_path / "versions").glob(".*.part"))


def test_damaged_notes_and_a_version_that_is_gone_leave_what_was_installed(device: Device, tmp_path: Path) -> None:
    versions = device.versions
    (tmp_path / "versions" / "state.json").write_text("{")
    assert versions.state() == State()
    versions.save(State(version="1.2.3", before="1.2.2"))
    assert versions.state() == State()


def test_the_environment_of_a_version_has_its_own_packages_and_says_what_cannot_be_had(tmp_path: Path) -> None:
    if shutil.which("uv", path=str(Path(sys.executable).parent)) is None:
        pytest.skip("uv is not in this environment")
    (tmp_path / "requirements.txt").write_text("")
    install(tmp_path)
    assert (tmp_path / "venv" / "bin" / "python").exists()
    shutil.rmtree(tmp_path / "venv")
    (tmp_path / "requirements.txt").write_text("numpy\n")
    with pytest.raises(VersionUnavailable, match="packages cannot be installed"):
        install(tmp_path)


# Who runs what

FILES = {"1.2.3": {ARCHIVE: "0" * 64}, "1.2.4": {ARCHIVE: "1" * 64, MODEL: "2" * 64}}


def test_a_share_of_the_cameras_is_that_share_and_a_larger_one_takes_no_camera_back() -> None:
    cameras = [f"barn-{number:04}" for number in range(4000)]

    def of(share: int) -> set[str]:
        made = Rollout(number=1, version="1.2.4", before="1.2.3", share=share, files=FILES)
        return {camera for camera in cameras if made.version_of("barn", camera) == "1.2.4"}

    assert of(0) == set()
    assert 0.07 < len(of(10)) / len(cameras) < 0.13
    assert of(10) < of(50) < of(100) == set(cameras)


def test_stages_may_go_first() -> None:
    made = Rollout(number=1, version="1.2.4", before="1.2.3", stages=("barn",), files=FILES)
    assert [made.version_of(stage, "cam-1") for stage in ("barn", "ring")] == ["1.2.4", "1.2.3"]
    assert not made.complete


def test_a_roll_out_is_read_as_it_was_written() -> None:
    made = Rollout(number=7, version="1.2.4", before=AS_INSTALLED, share=10, stages=("barn",), files=FILES)
    assert read_rollout(made.document()) == made


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"version":"1.2.4"', b'"version":"../../etc"'),
        (b'"version":"1.2.4"', b'"version":"9.9.9"'),
        (b'"scorer.onnx"', b'"../x"'),
        (b'"' + b"1" * 64, b'"' + b"g" * 64),
        (b'"share":10', b'"share":101'),
        (b'"schema":1', b'"schema":2'),
        (b'"barn"', b'"a/b"'),
    ],
)
def test_a_roll_out_that_is_not_one_is_refused(before: bytes, after: bytes) -> None:
    made = Rollout(number=7, version="1.2.4", before="1.2.3", share=10, stages=("barn",), files=FILES)
    document = made.document()
    assert before in document
    with pytest.raises(SheetRejected):
        read_rollout(document.replace(before, after))


def test_a_roll_out_without_the_hash_of_a_program_is_none() -> None:
    with pytest.raises(InvalidValue):
        Rollout(number=1, version="1.2.5", before=AS_INSTALLED, files=FILES)
