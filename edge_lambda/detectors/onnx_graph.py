"""Rewrites an ONNX graph, so that onnxruntime accepts images of any size and folds the weights.

CenterFace was exported with its input fixed at 10x3x32x32 and with every weight listed among the graph's inputs.
Because of the first, onnxruntime refuses other sizes. Because of the second, it treats weights as variable, so it
neither fuses batch normalisation into the convolutions nor optimises the weights' layout: inference takes nearly twice
the time. Both are encoded in a few hundred bytes around the weights, which are rewritten directly in the protobuf wire
format; the `onnx` package (100 MB installed) is not needed on the device.

Formats: https://protobuf.dev/programming-guides/encoding/ and onnx.proto (ModelProto, GraphProto, ValueInfoProto).
"""

from __future__ import annotations

from collections.abc import Iterator

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
# Field numbers in onnx.proto.
_MODEL_IR_VERSION, _MODEL_GRAPH = 1, 7
_GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT, _GRAPH_VALUE_INFO = 5, 11, 12, 13
_TENSOR_NAME = 8
_VALUE_NAME, _VALUE_TYPE = 1, 2
_TYPE_TENSOR = 1
_TENSOR_TYPE_ELEMENT = 1
_FLOAT = 1
# From version 4 of the format on, a weight need not be listed among the inputs.
_FIRST_IR_VERSION_WITH_CONSTANT_WEIGHTS = 4


def with_free_shapes(model: bytes) -> bytes:
    """Removes the sizes of a model's inputs and outputs, and makes its weights constants.

    Args:
        model: a serialised ONNX ModelProto whose inputs and outputs are float tensors.

    Returns:
        The same model, serialised, with only the true inputs, and no shapes of inputs and outputs.

    Raises:
        ValueError: the bytes are not a protobuf message.
    """
    out = bytearray()
    for field, value, encoded in _fields(model):
        if field == _MODEL_IR_VERSION and isinstance(value, int):
            out += _key(field, _VARINT) + _varint(max(value, _FIRST_IR_VERSION_WITH_CONSTANT_WEIGHTS))
        elif field == _MODEL_GRAPH and isinstance(value, bytes):
            out += _message(field, _free_graph(value))
        else:
            out += encoded
    return bytes(out)


def _free_graph(graph: bytes) -> bytes:
    weights = {
        _text(value, _TENSOR_NAME)
        for field, value, _ in _fields(graph)
        if field == _GRAPH_INITIALIZER and isinstance(value, bytes)
    }
    out = bytearray()
    for field, value, encoded in _fields(graph):
        if field in (_GRAPH_INPUT, _GRAPH_OUTPUT) and isinstance(value, bytes):
            name = _text(value, _VALUE_NAME)
            if name not in weights:
                out += _message(field, _float_tensor(name))
        elif field != _GRAPH_VALUE_INFO:  # shapes inferred for the exported size
            out += encoded
    return bytes(out)


def _float_tensor(name: bytes) -> bytes:
    element = _key(_TENSOR_TYPE_ELEMENT, _VARINT) + _varint(_FLOAT)
    return _message(_VALUE_NAME, name) + _message(_VALUE_TYPE, _message(_TYPE_TENSOR, element))


def _text(message: bytes, wanted: int) -> bytes:
    return next((value for field, value, _ in _fields(message) if field == wanted and isinstance(value, bytes)), b"")


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes, bytes]]:
    """Yields (field number, value, encoded field) for each field of a message."""
    at = 0
    while at < len(message):
        start = at
        key, at = _read_varint(message, at)
        field, wire = key >> 3, key & 7
        value: int | bytes
        if wire == _VARINT:
            value, at = _read_varint(message, at)
        elif wire in (_LENGTH, _FIXED64, _FIXED32):
            length = 8 if wire == _FIXED64 else 4
            if wire == _LENGTH:
                length, at = _read_varint(message, at)
            value = message[at : at + length]
            at += length
        else:
            raise ValueError(f"not a protobuf message: wire type {wire} at byte {start}")
        if at > len(message):
            raise ValueError(f"not a protobuf message: the field at byte {start} runs past the end")
        yield field, value, message[start:at]


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message):
        byte = message[at]
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


def _key(field: int, wire: int) -> bytes:
    return _varint(field << 3 | wire)


def _message(field: int, content: bytes) -> bytes:
    return _key(field, _LENGTH) + _varint(len(content)) + content
