"""Rewrites an ONNX graph, so that onnxruntime accepts images of any size and folds the weights.

CenterFace was exported with its input fixed at 10x3x32x32 and with every weight listed among the graph's inputs.
Because of the first, onnxruntime refuses other sizes. Because of the second, it treats weights as variable, so it
neither fuses batch normalisation into the convolutions nor optimises the weights' layout: inference takes nearly twice
the time. Both are encoded in a few hundred bytes around the weights, which are rewritten directly in the protobuf wire
format (`edge_lambda/protobuf.py`); the `onnx` package (100 MB installed) is not needed on the device.

Format: onnx.proto (ModelProto, GraphProto, ValueInfoProto).
"""

from __future__ import annotations

from edge_lambda.protobuf import fields, message, number

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
    for field, value, encoded in fields(model):
        if field == _MODEL_IR_VERSION and isinstance(value, int):
            out += number(field, max(value, _FIRST_IR_VERSION_WITH_CONSTANT_WEIGHTS))
        elif field == _MODEL_GRAPH and isinstance(value, bytes):
            out += message(field, _free_graph(value))
        else:
            out += encoded
    return bytes(out)


def _free_graph(graph: bytes) -> bytes:
    weights = {
        _text(value, _TENSOR_NAME)
        for field, value, _ in fields(graph)
        if field == _GRAPH_INITIALIZER and isinstance(value, bytes)
    }
    out = bytearray()
    for field, value, encoded in fields(graph):
        if field in (_GRAPH_INPUT, _GRAPH_OUTPUT) and isinstance(value, bytes):
            name = _text(value, _VALUE_NAME)
            if name not in weights:
                out += message(field, _float_tensor(name))
        elif field != _GRAPH_VALUE_INFO:  # shapes inferred for the exported size
            out += encoded
    return bytes(out)


def _float_tensor(name: bytes) -> bytes:
    element = number(_TENSOR_TYPE_ELEMENT, _FLOAT)
    return message(_VALUE_NAME, name) + message(_VALUE_TYPE, message(_TYPE_TENSOR, element))


def _text(encoded: bytes, wanted: int) -> bytes:
    return next((value for field, value, _ in fields(encoded) if field == wanted and isinstance(value, bytes)), b"")
