"""What programs do to the world: the addresses they turn to and the files they make, as the kernel sees it.

    with loopback_only() as network:
        seen = network.run(["houselights", "score", "talk.mp4", ...], home=folder)
    seen.contacts, seen.files

A network of its own, with loopback and nothing else, holds everything that is run in it, so nothing is really sent;
strace writes down whom each process turns to and every name it makes in the file system. Linux alone has both.

`python -m tests.outside.tracing` gets strace where it can.
"""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.debian import install

HOW_TO = "strace and unshare are needed: on Debian `apt-get install strace util-linux`"
NOT_ALLOWED = "this user may make no network of its own (`unshare -n`): run the tests as root, or allow user namespaces"

# Without them, so that every library does what it does on a person's machine: some are silent where CI is.
NOT_HANDED_ON = re.compile(
    r"(AWS|BOTO|CI|GITHUB|GITLAB|TF_BUILD|HOUSELIGHTS|OPENCV|ORT|PYTEST|STREAMLIT|XDG)(_.*|$)|(http|https|all|no)_proxy$",
    re.IGNORECASE,
)
# Sockets in the file system by which names are looked up.
_LOOK_UPS = re.compile(r"nscd|systemd/resolve|avahi|lwresd|winbind|sssd|nslcd")
_DNS_PORT = 53
_TRACED = (
    "connect,sendto,sendmsg,sendmmsg,getsockname,"
    "openat,open,creat,mkdir,mkdirat,mknod,mknodat,rename,renameat,renameat2,link,linkat,symlink,symlinkat"
)
_UP = """
import fcntl, socket, struct, sys
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sH14x", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS: up, running
print("up", flush=True)
sys.stdin.read()
"""
_ADDRESS = re.compile(r"\{sa_family=(AF_\w+)((?:[^{}]|\{[^{}]*\})*)\}")
_CALL = re.compile(r"^\d+\s+(\w+)\((.*)$")
_MADE = re.compile(r"= \d+<(.*)>$")


@dataclass(frozen=True, order=True)
class Contact:
    """Somebody a program turned to.

    Attributes:
        place: an IP address, the path of a socket in the file system ("@..." for one without a file), or the name of
            another family of addresses.
        port: of an IP address; 0 elsewhere.
    """

    place: str
    port: int = 0

    @property
    def beyond_loopback(self) -> bool:
        """Whether it is a look-up of a name, or anything but a program on this machine reached by IP."""
        try:
            address = ipaddress.ip_address(self.place)
        except ValueError:
            return True
        mapped = getattr(address, "ipv4_mapped", None) or address
        return self.port == _DNS_PORT or not mapped.is_loopback

    @property
    def looks_up(self) -> bool:
        """Whether it is somebody who is asked for the addresses of names."""
        return self.port == _DNS_PORT or bool(_LOOK_UPS.search(self.place))


@dataclass(frozen=True)
class Seen:
    """What a program and all it started did.

    Attributes:
        code: its exit code.
        said: what it wrote, both streams together.
        contacts: whom it turned to; the kernel is left out, and so is it itself.
        files: every name it made or opened for writing that is still there; Python's compiled modules are left out,
            which it keeps beside the code.
    """

    code: int
    said: str
    contacts: frozenset[Contact]
    files: frozenset[Path]


@dataclass
class Traced:
    """A program under the tracer; `Network.starting` ends it.

    Attributes:
        process: leader of a session of its own; its output is a pipe of lines.
        trace: what the tracer writes.
        folder: the one it works in.
        said: lines read so far.
    """

    process: subprocess.Popen[str]
    trace: Path
    folder: Path
    said: list[str] = field(default_factory=list)

    def until(self, pattern: str) -> re.Match[str]:
        """Reads what the program says up to the first line in which the pattern is found.

        Raises:
            AssertionError: it ended without.
        """
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"ended without saying {pattern!r}:\n{''.join(self.said)}")

    def stop(self) -> None:
        """Tells it to end, as systemd does; the tracer itself takes no such signal."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)

    def seen(self) -> Seen:
        """Waits for its end; what it did."""
        rest, _ = self.process.communicate()
        lines = self.trace.read_text(errors="replace").splitlines()
        return Seen(
            code=self.process.returncode,
            said="".join([*self.said, rest]),
            contacts=frozenset(contacts(lines)),
            files=frozenset(path for path in files(lines, self.folder) if _left(path)),
        )


class Network:
    """A network with loopback and nothing else, in which programs run."""

    def __init__(self, holder: int, *, own_user: bool) -> None:
        self._enter = ["nsenter", "--target", str(holder), "--net"]
        if own_user:
            self._enter += ["--user", "--preserve-credentials"]

    def command(self, words: Sequence[str]) -> list[str]:
        """What runs a command in this network, untraced."""
        return [*self._enter, "--", *words]

    @contextmanager
    def starting(self, words: Sequence[str], folder: Path, **environment: str) -> Iterator[Traced]:
        """Starts a program of this Python under the tracer; it is told to end with the context.

        Args:
            words: what follows `python`.
            folder: of the trace, the home, the temporary files and the working folder, each under its own name.
            environment: more than what a person's shell has.
        """
        places = {name: folder / name for name in ("home", "tmp", "cwd")}
        for place in places.values():
            place.mkdir(exist_ok=True)
        trace = folder / f"trace-{len(list(folder.glob('trace-*')))}"
        told = {"PYTHONUNBUFFERED": "1", "HOME": str(places["home"]), "TMPDIR": str(places["tmp"])}
        tracer = [
            "strace",
            "-f",
            "--seccomp-bpf",
            "-qq",
            "-y",
            "-s",
            "4096",
            "-e",
            f"trace={_TRACED}",
            "-o",
            str(trace),
        ]
        process = subprocess.Popen(
            self.command([*tracer, "--", sys.executable, *words]),
            cwd=places["cwd"],
            env={name: value for name, value in os.environ.items() if not NOT_HANDED_ON.match(name)}
            | told
            | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        traced = Traced(process, trace, places["cwd"])
        try:
            yield traced
        finally:
            traced.stop()

    def run(self, words: Sequence[str], folder: Path, **environment: str) -> Seen:
        """Runs a program of this Python to its end; see `starting`."""
        with self.starting(words, folder, **environment) as traced:
            return traced.seen()


def what_is_missing() -> str | None:
    """What to do before anything can be traced on this machine; None where all is there."""
    if not all(map(shutil.which, ("strace", "unshare", "nsenter"))):
        return HOW_TO
    tried = subprocess.run([*_unshare(), "true"], capture_output=True, check=False)
    return None if tried.returncode == 0 else NOT_ALLOWED


@contextmanager
def loopback_only() -> Iterator[Network]:
    """A network of one's own, for as long as the context lasts."""
    holder = subprocess.Popen(
        [*_unshare(), sys.executable, "-c", _UP], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "up\n"
        yield Network(holder.pid, own_user=os.geteuid() != 0)
    finally:
        holder.stdin.close()
        holder.wait()
        holder.stdout.close()


def _unshare() -> list[str]:
    return ["unshare", "--net", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]


def contacts(lines: Sequence[str]) -> set[Contact]:
    """Whom a trace of strace names as turned to, but the kernel and the places where the program itself listens."""
    turned_to, own = set(), set()
    for line in lines:
        called = _CALL.match(line)
        if called and called[1].startswith(("connect", "send")):
            turned_to |= set(_addresses(line))
        elif called and called[1] == "getsockname":
            own |= set(_addresses(line))
    return turned_to - own


def _addresses(line: str) -> Iterator[Contact]:
    for family, rest in _ADDRESS.findall(line):
        if family in ("AF_INET", "AF_INET6"):
            place = re.search(r'inet_(?:addr\(|pton\(AF_INET6, )"([^"]+)"', rest)
            port = re.search(r"port=htons\((\d+)\)", rest)
            assert place, line
            assert port, line
            yield Contact(place[1], int(port[1]))
        elif family == "AF_UNIX":
            path = re.search(r'sun_path=(@?)"([^"]*)"', rest)
            yield Contact(path[1] + path[2] if path else "a socket without a name")
        elif family not in ("AF_NETLINK", "AF_UNSPEC"):
            yield Contact(family)


def files(lines: Sequence[str], folder: Path) -> Iterator[Path]:
    """The names that a trace of strace says were made, or opened for writing, by programs that work in a folder."""
    for line in lines:
        called = _CALL.match(line)
        if called is None or " = -1 " in line:
            continue
        name, arguments = called.groups()
        if name.startswith(("open", "creat")):
            opened = _MADE.search(line)
            if opened and re.search(r"O_WRONLY|O_RDWR|O_CREAT|^creat", line):
                path = opened[1].removesuffix(" (deleted)")
                # Neither a pipe or socket, nor what is no file: but shared memory is one.
                if path.startswith("/") and not re.match(r"/(dev(?!/shm/)|proc)/", path):
                    yield Path(path)
        elif name.startswith(("mk", "rename", "link", "symlink")):
            yield folder / _last_path(arguments)


def _left(path: Path) -> bool:
    return os.path.lexists(path) and "__pycache__" not in path.parts


def _last_path(arguments: str) -> Path:
    """The last path among a call's arguments, its folder put before it where it is given by itself."""
    path, folder = "", ""
    for found in re.finditer(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"', arguments):
        folder, path = found[1] or "", found[2]
    return Path(folder, path)


def _get_it() -> None:
    """Installs Debian's strace where that is possible; what cannot be had is said, not failed."""
    if shutil.which("strace") is None:
        install("strace util-linux", looked_for="strace")
    if missing := what_is_missing():
        print(f"The tests of what leaves this machine will be skipped: {missing}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    _get_it()
