"""Runs this device's camera in the version that was rolled out, and goes back by itself where that one does not start.

    python -m edge_lambda.launcher

Settings are those of `python -m edge_lambda`, which it runs, and HOUSELIGHTS_VERSIONS, the folder of the versions
(/var/lib/houselights/versions). The launcher itself is not rolled out: it stays as installed, and so does the program
beside it, which runs until there is a roll-out (`audience.deliveries.rollout`).

A new version is on trial until it has loaded its models and has run for a minute more. If it ends before, or does not
come as far in ten minutes, or twice takes the computer down with it, the version before runs again, and the new one is
left alone until the next roll-out. Exits as the camera does, for systemd to start it again.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import venv
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from audience.deliveries.rollout import (
    ARCHIVE,
    AS_INSTALLED,
    LARGEST_ROLLOUT,
    MODEL,
    ROLLOUT_KEY,
    check_version,
    read_rollout,
    version_key,
)
from audience.errors import HouselightsError, InvalidValue
from edge_lambda.atomic_write import write_atomic
from edge_lambda.settings import DeviceSettings, read_settings
from edge_lambda.status.log import LineWriter, to_stderr

LOOK_EVERY_S: Final = 300.0
"""Seconds between two looks at the roll-out, about: devices that were started together ask one after the other."""

START_WITHIN_S: Final = 600.0
"""How long a version on trial may take until its models are loaded, seconds."""

STEADY_S: Final = 60.0
"""How long it has to run then, seconds."""

TRIES: Final = 2
"""How often a version on trial is started, where the computer went down with it."""

LARGEST_FILE: Final = 128 * 1024 * 1024
"""Bytes of a file of a version."""

_STOP_WITHIN_S = 60.0
_TICK_S = 0.2
_STATE = "state.json"

Read = Callable[[str, int], bytes | None]
"""Reads an object by key, at most so many bytes of it; None if there is none. Raises `VersionUnavailable`."""


class VersionUnavailable(HouselightsError):
    """A roll-out or a version of it could not be had this time; the message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Which version runs, kept on disk.

    Attributes:
        version, before: what runs, and what ran before.
        number: the roll-out by which it came.
        trial: whether it has still to show that it runs.
        tries: how often it was started on trial.
        failed: versions that did not start, with the roll-out by which they came.
    """

    version: str = AS_INSTALLED
    before: str = AS_INSTALLED
    number: int = 0
    trial: bool = False
    tries: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)


def main() -> None:
    """Runs the program and ends the process with the camera's exit code."""
    argparse.ArgumentParser(
        prog="python -m edge_lambda.launcher", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    try:
        settings = read_settings(os.environ, state_folder=Path)
        folder = Path(os.environ.get("HOUSELIGHTS_VERSIONS") or "/var/lib/houselights/versions")
        versions = Versions(folder, reader_of(settings), install=install)
    except ExceptionGroup as wrong:
        for problem in wrong.exceptions:
            to_stderr(f"houselights: {problem}")
        sys.exit(2)
    except HouselightsError as problem:
        to_stderr(f"houselights: {problem}")
        sys.exit(2)
    launcher = Launcher(versions, stage_id=settings.stage_id, camera_id=settings.camera_id, environment=os.environ)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: launcher.stop())
    sys.exit(launcher.run())


def reader_of(settings: DeviceSettings) -> Read:
    """What reads the fleet's objects: from the device's bucket in S3, or from the folder in its place."""
    if isinstance(settings.bucket, Path):
        folder = settings.bucket

        def read_file(key: str, most: int) -> bytes | None:
            try:
                with (folder / key).open("rb") as file:
                    return file.read(most + 1)
            except FileNotFoundError:
                return None
            except OSError as problem:
                raise VersionUnavailable(f"{folder / key} cannot be read ({problem.strerror})") from None

        return read_file
    from botocore.exceptions import BotoCoreError, ClientError

    from edge_lambda.delivery.iot_credentials import session_maker
    from edge_lambda.delivery.s3_bucket import upload_client

    bucket = settings.bucket
    connect = session_maker(
        url=settings.credentials_url,
        thing=settings.thing,
        certificate=settings.certificate,
        region=settings.region,
        now=lambda: datetime.now(UTC),
    )

    def read_object(key: str, most: int) -> bytes | None:
        try:
            with upload_client(connect()).get_object(Bucket=bucket, Key=key)["Body"] as body:
                content: bytes = body.read(most + 1)
                return content
        except ClientError as problem:
            code = str(problem.response.get("Error", {}).get("Code", ""))[:60]
            if code in ("NoSuchKey", "404", "AccessDenied"):  # the last where one may not list
                return None
            raise VersionUnavailable(f"{key} cannot be fetched ({code})") from None
        except BotoCoreError as problem:
            raise VersionUnavailable(f"{key} cannot be fetched ({type(problem).__name__})") from None

    return read_object


class Versions:
    """The versions on this device's disk."""

    def __init__(
        self,
        folder: Path,
        read: Read,
        *,
        install: Callable[[Path], None],
        installed: Sequence[str] = (sys.executable, "-m", "edge_lambda"),
    ) -> None:
        """Creates the folder; what was left half done in it is removed.

        Args:
            folder: of all versions, which nobody else writes to.
            read: reads what was rolled out.
            install: makes the environment of a version, `venv/` in its folder, of its `requirements.txt`.
            installed: what starts the program that was put on the device by hand.

        Raises:
            InvalidValue: the folder cannot be written.
        """
        self._folder, self.read, self._install, self._installed = folder, read, install, installed
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for part in folder.glob(".*.part"):
                shutil.rmtree(part, ignore_errors=True)
        except OSError as problem:
            raise InvalidValue(f"HOUSELIGHTS_VERSIONS: {folder} cannot be used ({problem.strerror})") from None

    def state(self) -> State:
        """Which version is to run; as installed, if that was never written or is damaged."""
        try:
            state = State(**json.loads((self._folder / _STATE).read_bytes()))
        except (OSError, ValueError, TypeError):
            return State()
        return state if self.has(state.version) else State(failed=state.failed)

    def save(self, state: State) -> None:
        """Writes which version is to run."""
        write_atomic(self._folder / _STATE, json.dumps(asdict(state)).encode(), part=self._folder / f".{_STATE}.new")

    def has(self, version: str) -> bool:
        """Whether a version can be started."""
        return version == AS_INSTALLED or (self._folder / check_version(version)).is_dir()

    def fetch(self, version: str, files: Mapping[str, str]) -> None:
        """Gets a version, whole or not at all.

        Args:
            version: which.
            files: SHA-256 of its files by name.

        Raises:
            VersionUnavailable: it cannot be had, or is not what was rolled out.
        """
        target = self._folder / check_version(version)
        part = self._folder / f".{version}.part"
        shutil.rmtree(part, ignore_errors=True)
        try:
            part.mkdir()
            for name, digest in files.items():
                data = self.read(version_key(version, name), LARGEST_FILE)
                if data is None or hashlib.sha256(data).hexdigest() != digest:
                    raise VersionUnavailable(f"{name} of version {version} is not what was rolled out")
                if name == ARCHIVE:
                    zipfile.ZipFile(io.BytesIO(data)).extractall(part)
                else:
                    (part / name).write_bytes(data)
            self._install(part)
            os.sync()  # so that a power loss leaves it whole under its name, or not there
            shutil.rmtree(target, ignore_errors=True)
            part.rename(target)
        except (OSError, zipfile.BadZipFile) as problem:
            raise VersionUnavailable(f"version {version} cannot be unpacked: {problem}") from None
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def keep_only(self, *versions: str) -> None:
        """Removes all other versions."""
        for folder in self._folder.iterdir():
            if folder.is_dir() and folder.name not in versions:
                shutil.rmtree(folder, ignore_errors=True)

    def start(self, version: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Starts a version with these environment variables."""
        command, variables, folder = list(self._installed), dict(environment), None
        if version != AS_INSTALLED:
            folder = self._folder / version
            command = [str(folder / "venv" / "bin" / "python"), "-m", "edge_lambda"]
            variables["HOUSELIGHTS_VERSION"] = version
            if (folder / MODEL).exists():
                variables |= {"HOUSELIGHTS_MODEL": str(folder / MODEL), "HOUSELIGHTS_SCORING": "device"}
        return subprocess.Popen(command, env=variables, cwd=folder)


class Launcher:
    """Runs the camera's program as a process, and changes its version."""

    def __init__(
        self,
        versions: Versions,
        *,
        stage_id: str,
        camera_id: str,
        environment: Mapping[str, str],
        write_line: LineWriter = to_stderr,
        look_every_s: float = LOOK_EVERY_S,
        start_within_s: float = START_WITHIN_S,
        steady_s: float = STEADY_S,
    ) -> None:
        """Creates the object without starting anything.

        Args:
            versions: those on disk.
            stage_id, camera_id: which camera this is.
            environment: of the program.
            write_line: called with one line for each change and each new problem.
            look_every_s, start_within_s, steady_s: as the constants of these names.
        """
        self._versions, self._place, self._environment = versions, (stage_id, camera_id), dict(environment)
        self._write_line = write_line
        self._look_every_s, self._start_within_s, self._steady_s = look_every_s, start_within_s, steady_s
        self._stop = threading.Event()
        self._state = versions.state()
        self._next: tuple[str, int] | None = None
        self._problem = ""

    def stop(self) -> None:
        """Requests the end, and returns at once; may be called from a signal handler."""
        self._stop.set()

    def run(self) -> int:
        """Runs until stopped or until the program ends; returns its exit code."""
        following = threading.Thread(target=self._follow, name="versions", daemon=True)
        following.start()
        with tempfile.TemporaryDirectory(prefix="houselights-") as folder:
            address = f"{folder}/started"  # short: such an address has 107 characters at most
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as started:
                started.bind(address)
                started.setblocking(False)
                while True:
                    code = self._run_once(started, address)
                    if code is not None:
                        self._stop.set()
                        return code

    def _run_once(self, started: socket.socket, address: str) -> int | None:
        """Runs a version until it ends or is changed; returns its exit code, or None where another is to run."""
        if self._state.trial and self._state.tries >= TRIES:
            self._go_back(f"the computer went down {TRIES} times")
        if self._state.trial:
            self._save(replace(self._state, tries=self._state.tries + 1))
        while _received(started):
            pass  # what a version before said
        try:
            child = self._versions.start(self._state.version, self._environment | {"NOTIFY_SOCKET": address})
        except OSError as problem:
            if self._state.trial:
                self._go_back(str(problem))
                return None
            self._write_line(f"houselights: the camera's program cannot be started: {problem}")
            return 2
        try:
            return self._watch(child, started)
        finally:
            _end(child)

    def _watch(self, child: subprocess.Popen[bytes], started: socket.socket) -> int | None:
        began_s, ready_s = time.monotonic(), None
        while True:
            code = child.poll()
            if ready_s is None and _received(started):
                ready_s = time.monotonic()
            if self._stop.is_set():
                code = _end(child)
            if self._stop.is_set() or (code is not None and not (self._state.trial and (code or ready_s is None))):
                if self._state.trial:  # nothing went down
                    self._save(replace(self._state, tries=self._state.tries - 1))
                return code
            if self._state.trial:
                if code is not None:
                    self._go_back(f"it ended with exit code {code}")
                    return None
                if ready_s is None and time.monotonic() - began_s > self._start_within_s:
                    self._go_back("its models were not loaded in time")
                    return None
                if ready_s is not None and time.monotonic() - ready_s >= self._steady_s:
                    self._save(replace(self._state, trial=False, tries=0))
                    self._versions.keep_only(self._state.version, self._state.before)
                    self._write_line(f"houselights: {_name(self._state.version)} runs, and stays")
            elif self._next is not None:
                (version, number), self._next = self._next, None
                if self._state.failed.get(version) != number and version != self._state.version:
                    self._change(version, number)
                    return None
            self._stop.wait(_TICK_S)

    def _change(self, version: str, number: int) -> None:
        self._write_line(f"houselights: {_name(version)} is started instead of {_name(self._state.version)}")
        # What was installed by hand has shown that it runs.
        self._save(
            replace(
                self._state,
                version=version,
                before=self._state.version,
                number=number,
                trial=version != AS_INSTALLED,
                tries=0,
            )
        )

    def _go_back(self, why: str) -> None:
        state = self._state
        self._write_line(f"houselights: {_name(state.version)} did not start ({why}): {_name(state.before)} runs again")
        failed = {**state.failed, state.version: state.number}
        back = state.before if self._versions.has(state.before) else AS_INSTALLED
        self._save(State(version=back, before=back, number=state.number, failed=failed))

    def _save(self, state: State) -> None:
        self._state = state
        try:
            self._versions.save(state)
        except OSError as problem:
            self._write_line(f"houselights: the version that runs cannot be noted: {problem.strerror}")

    def _follow(self) -> None:
        """Looks at the roll-out from time to time, and gets what it asks for."""
        while not self._stop.is_set():
            try:
                self._look()
                problem = ""
            except HouselightsError as refusal:
                problem = str(refusal)
            except Exception as unforeseen:  # otherwise the thread would die silently, and no version ever come
                problem = f"it failed unexpectedly ({type(unforeseen).__name__})"
            if problem and problem != self._problem:
                self._write_line(f"houselights: no new version: {problem}")
            self._problem = problem
            self._stop.wait(self._look_every_s * random.uniform(0.75, 1.25))

    def _look(self) -> None:
        data = self._versions.read(ROLLOUT_KEY, LARGEST_ROLLOUT)
        if data is None:
            return
        rollout, state = read_rollout(data), self._state
        version = rollout.version_of(*self._place)
        if state.trial or version == state.version or state.failed.get(version) == rollout.number:
            return
        # The version before is kept: to go back takes no network.
        if version != AS_INSTALLED and version != state.before:
            self._versions.fetch(version, rollout.files[version])
        self._next = (version, rollout.number)


def install(folder: Path) -> None:
    """Makes the environment of a version, of its pinned requirements.

    Raises:
        VersionUnavailable: a package cannot be had.
    """
    venv.create(folder / "venv", with_pip=False)
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--only-binary", ":all:", "--python", str(folder / "venv" / "bin" / "python")]
    done = subprocess.run(
        [*command, "-r", str(folder / "requirements.txt")], capture_output=True, text=True, check=False
    )
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["no reason"])[-1][:200]
        raise VersionUnavailable(f"its packages cannot be installed: {why}")


def _received(started: socket.socket) -> bool:
    """Whether a program said that it has started, as programs say it to systemd (sd_notify)."""
    with suppress(BlockingIOError):
        return b"READY=1" in started.recv(4096).split(b"\n")
    return False


def _end(child: subprocess.Popen[bytes]) -> int:
    """Ends a program, by force where it takes too long, and returns its exit code."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            child.kill()
    return child.wait()


def _name(version: str) -> str:
    return f"version {version}" if version else "the version that was installed"


if __name__ == "__main__":
    main()
