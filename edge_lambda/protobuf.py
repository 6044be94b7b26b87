"""The protobuf wire format: enough to rewrite and to write ONNX files without the `onnx` package (100 MB installed).

Format: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

VARINT: Final = 0
FIXED64: Final = 1
LENGTH: Final = 2
FIXED32: Final = 5


def fields(encoded: bytes) -> Iterator[tuple[int, int | bytes, bytes]]:
    """Yields (field number, value, encoded field) for each field of a message.

    Raises:
        ValueError: the bytes are not a protobuf message.
    """
    at = 0
    while at < len(encoded):
        start = at
        tag, at = _read_varint(encoded, at)
        field, wire = tag >> 3, tag & 7
        value: int | bytes
        if wire == VARINT:
            value, at = _read_varint(encoded, at)
        elif wire in (LENGTH, FIXED64, FIXED32):
            length = 8 if wire == FIXED64 else 4
            if wire == LENGTH:
                length, at = _read_varint(encoded, at)
            value = encoded[at : at + length]
            at += length
        else:
            raise ValueError(f"not a protobuf message: wire type {wire} at byte {start}")
        if at > len(encoded):
            raise ValueError(f"not a protobuf message: the field at byte {start} runs past the end")
        yield field, value, encoded[start:at]


def number(field: int, value: int) -> bytes:
    """Encodes a field that holds an integer of at least 0."""
    return _varint(field << 3 | VARINT) + _varint(value)


def message(field: int, content: bytes) -> bytes:
    """Encodes a field that holds bytes, a text or a message."""
    return _varint(field << 3 | LENGTH) + _varint(len(content)) + content


def _read_varint(encoded: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(encoded):
        byte = encoded[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
    raise ValueError("not a protobuf message: it ends inside a number")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
