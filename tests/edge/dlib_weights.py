"""dlib's face recognition network with random weights: its file, and what it computes, written a second time in NumPy.

After dlib's examples/dnn_face_recognition_ex.cpp and dlib/dnn/layers.h, without looking at what is tested.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float32]

BLOCKS = (
    [(32, 1)] * 3 + [(64, 2)] + [(64, 1)] * 3 + [(128, 2)] + [(128, 1)] * 2 + [(256, 2)] + [(256, 1)] * 2 + [(256, 2)]
)


def _layers(seed: int, first_filters: int = 32) -> list[tuple[Floats, Floats, Floats, Floats]]:
    """Kernels, biases, gammas and betas of every convolution with its affine layer, in the order of computation."""
    generator = np.random.default_rng(seed)
    shapes = [(first_filters, 3, 7)]
    channels = 32
    for filters, _ in BLOCKS:
        shapes += [(filters, channels, 3), (filters, filters, 3)]
        channels = filters
    layers = []
    for filters, depth, side in shapes:
        spread = np.sqrt(2 / (depth * side**2))
        kernels = generator.normal(scale=spread, size=(filters, depth, side, side)).astype(np.float32)
        biases, betas = generator.normal(scale=0.1, size=(2, filters)).astype(np.float32)
        gammas = generator.uniform(0.5, 1, filters).astype(np.float32)
        layers.append((kernels, biases, gammas, betas))
    return layers


def _last_layer(seed: int) -> Floats:
    return np.random.default_rng(seed + 1).normal(size=(256, 128)).astype(np.float32)


def _integer(value: int) -> bytes:
    """As dlib writes integers of 0 and more: how many bytes, then those bytes."""
    size = max(1, (value.bit_length() + 7) // 8)
    return bytes([size]) + value.to_bytes(size, "little")


def _named(name: str) -> bytes:
    return _integer(len(name)) + name.encode()


def _tensor(values: Floats, samples: int) -> bytes:
    sizes = (samples, values.size // samples, 1, 1)
    return b"".join(map(_integer, (2, *sizes))) + values.astype("<f4").tobytes()


def dlib_file(*, seed: int, first_filters: int = 32) -> bytes:
    """The network's layers in dlib's format; what lies between them is left out."""
    out = io.BytesIO()
    out.write(b"\x01\x01" + _named("loss_metric_2"))
    for kernels, biases, gammas, betas in _layers(seed, first_filters):
        out.write(_named("con_4") + _tensor(np.concatenate([kernels.ravel(), biases]), 1))
        out.write(_named("affine_") + _tensor(np.concatenate([gammas, betas]), 1))
    last = _last_layer(seed)
    out.write(_named("fc_2") + _integer(128) + _integer(0) + _tensor(last, 256))
    return out.getvalue()


def template_by_numpy(content: bytes, crop: NDArray[np.uint8], *, seed: int = 3) -> Floats:
    """What the network of `dlib_file(seed=seed)` computes: 128 numbers."""
    assert content == dlib_file(seed=seed)
    layers = iter(_layers(seed))
    red_green_blue = crop[:, :, ::-1].astype(np.float32)
    at = ((red_green_blue - (122.782, 117.001, 104.298)) / 256).transpose(2, 0, 1).astype(np.float32)
    at = np.maximum(_convolved(at, next(layers), stride=2), 0)
    at = sliding_window_view(at, (3, 3), axis=(1, 2))[:, ::2, ::2].max(axis=(3, 4))
    for _, stride in BLOCKS:
        branch = np.maximum(_convolved(at, next(layers), stride=stride), 0)
        branch = _convolved(branch, next(layers), stride=1)
        if stride == 2:
            at = sliding_window_view(at, (2, 2), axis=(1, 2))[:, ::2, ::2].mean(axis=(3, 4))
        # dlib's add_prev: as large as the larger of the two in every direction, what is missing counts as 0.
        total = np.zeros(np.maximum(at.shape, branch.shape), np.float32)
        for part in (at, branch):
            total[: part.shape[0], : part.shape[1], : part.shape[2]] += part
        at = np.maximum(total, 0)
    return np.asarray(at.mean(axis=(1, 2)) @ _last_layer(seed), dtype=np.float32)


def _convolved(at: Floats, layer: tuple[Floats, Floats, Floats, Floats], *, stride: int) -> Floats:
    kernels, biases, gammas, betas = layer
    side = kernels.shape[2]
    around = side // 2 if stride == 1 else 0
    padded = np.pad(at, ((0, 0), (around, around), (around, around)))
    windows = sliding_window_view(padded, (side, side), axis=(1, 2))[:, ::stride, ::stride]
    result = np.tensordot(kernels, windows, axes=([1, 2, 3], [0, 3, 4]))
    scaled = (result + biases[:, None, None]) * gammas[:, None, None] + betas[:, None, None]
    return np.asarray(scaled, dtype=np.float32)
