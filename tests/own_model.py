"""A model file of somebody's own: the shipped one under another hash, with other metadata where a test asks for it."""

from __future__ import annotations

from importlib import resources
from pathlib import Path


def own_model(path: Path, *changes: tuple[str, str]) -> Path:
    """Writes a model file.

    Args:
        path: the file.
        changes: texts of the metadata and what to put in their place, of the same length.
    """
    content = (resources.files("edge_lambda") / "models" / "expressionnet.onnx").read_bytes()
    for before, after in changes:
        assert len(before) == len(after)
        assert before.encode() in content
        content = content.replace(before.encode(), after.encode())
    # A second `producer_name`, which wins: another hash, the same figures.
    path.write_bytes(content + b"\x12\x03own")
    return path
