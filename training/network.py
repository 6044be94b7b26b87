"""The network of ExpressionNet: a small residual network with squeeze-and-excitation, on normalised gray crops.

Residual blocks: He et al., CVPR 2016, with the pooled shortcut of He et al., "Bag of Tricks", CVPR 2019;
squeeze-and-excitation: Hu et al., CVPR 2018. Widths are multiples of 32, for fast bfloat16 on a CPU.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTHS: Final = (32, 64, 128, 128, 256)
STRIDES: Final = (1, 2, 2, 1, 2)
"""Channels and stride of each block: 42 million multiplications a face, of which the first block takes 11."""

SQUEEZE: Final = 8
DIM: Final = 8.0
"""Gray levels added to the divisor in contrast normalisation, so that noise in a dark crop is not amplified."""


def normalised(crops: Tensor) -> Tensor:
    """Normalises crops (n x 1 x side x side gray levels) to mean 0 and a standard deviation just under 1."""
    crops = crops.float()
    mean = crops.mean((2, 3), keepdim=True)
    deviation = (crops - mean).square().mean((2, 3), keepdim=True).sqrt()
    return (crops - mean) / (deviation + DIM)


class SqueezeExcite(nn.Module):
    """Squeeze-and-excitation: scales each channel by a function of all channel means."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, channels // SQUEEZE, 1)
        self.excite = nn.Conv2d(channels // SQUEEZE, channels, 1)

    def forward(self, maps: Tensor) -> Tensor:
        pooled = maps.mean((2, 3), keepdim=True)
        return maps * torch.sigmoid(self.excite(functional.relu(self.squeeze(pooled))))


class Block(nn.Module):
    """Two 3x3 convolutions with a shortcut; halves the maps if `stride` is 2."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(channels)
        self.excite = SqueezeExcite(channels)
        self.stride = stride
        self.shortcut = None if stride == 1 else nn.Conv2d(channels_in, channels, 1, bias=False)
        self.shortcut_norm = None if stride == 1 else nn.BatchNorm2d(channels)

    def forward(self, maps: Tensor) -> Tensor:
        inner = functional.relu(self.first_norm(self.first(maps)))
        inner = self.excite(self.second_norm(self.second(inner)))
        if self.shortcut is not None and self.shortcut_norm is not None:
            maps = self.shortcut_norm(self.shortcut(functional.avg_pool2d(maps, self.stride)))
        return functional.relu(maps + inner)


class Network(nn.Module):
    """The network, from normalised crops (n x 1 x side x side) to logits.

    The result is n x (classes + 1): one logit for each expression, and one for a covered mouth.
    """

    def __init__(
        self,
        classes: int,
        *,
        dropout: float = 0.3,
        widths: tuple[int, ...] = WIDTHS,
        strides: tuple[int, ...] = STRIDES,
    ) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, widths[0], 5, 2, 2, bias=False)
        self.stem_norm = nn.BatchNorm2d(widths[0])
        steps = zip((widths[0], *widths[:-1]), widths, strides, strict=True)
        self.blocks = nn.ModuleList([Block(before, after, stride) for before, after, stride in steps])
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(widths[-1], classes + 1)

    def forward(self, crops: Tensor) -> Tensor:
        maps = functional.relu(self.stem_norm(self.stem(crops)))
        for block in self.blocks:
            maps = block(maps)
        return self.head(self.dropout(maps.mean((2, 3))))
