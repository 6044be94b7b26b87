"""Training of one network, resumable from checkpoints."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from training.covering import CLEAR_BELOW, COVERED_FROM, Gray, Points
from training.network import Network, normalised
from training.views import Views, batches, plain

Floats = NDArray[np.float32]

SCORING_BATCH: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Hyperparameters of training.

    Attributes:
        epochs: passes over the photographs.
        rate: highest learning rate, after a linear warm-up and before a cosine decay to 0.
        warm_up: fraction of all steps, 0..1.
        decay: weight decay of AdamW (Loshchilov & Hutter 2019); not on biases and norms.
        batch: photographs per step.
        dropout: before the last layer.
        covering: weight of the loss of the covered mouth, beside that of the expressions.
        averaging: decay of the exponential moving average of the weights, per step.
        views: the random views.
    """

    epochs: int
    rate: float = 3e-3
    warm_up: float = 0.05
    decay: float = 0.05
    batch: int = 128
    dropout: float = 0.3
    covering: float = 0.3
    averaging: float = 0.998
    views: Views = field(default_factory=Views)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingData:
    """Training data; rows are photographs.

    Attributes:
        photos: n gray photographs.
        squares: n x 3, the scorer's crop in each: centre x, centre y, side, pixels.
        points: n x 5 x 2, the landmarks in each, pixels, in the order of `Detection.landmarks`.
        targets: n x classes, target probabilities; every row sums to 1.
        weights: n, how often a photograph is drawn, relative to the others.
    """

    photos: Sequence[Gray]
    squares: NDArray[np.float64]
    points: Points
    targets: Floats
    weights: NDArray[np.float64]


def fit(
    data: TrainingData,
    rows: NDArray[np.intp],
    settings: Settings,
    *,
    seed: int,
    checkpoint: Path,
    device: str = "cpu",
    step: Callable[[int, float], None] = lambda epochs, loss: None,
) -> Network:
    """Trains a network, resuming from `checkpoint` if it exists.

    Args:
        data: the photographs.
        rows: the rows to train on.
        settings: hyperparameters.
        seed: the same seed and data give the same network on the same machine, interrupted or not.
        checkpoint: written after every epoch.
        device: "cpu" or "cuda".
        step: callback after every epoch, with the number of epochs and the mean loss of the last.

    Returns:
        The network with averaged weights, in evaluation mode, on the CPU.
    """
    torch.manual_seed(seed)
    classes = data.targets.shape[1]
    network, mean = (_placed(Network(classes, dropout=settings.dropout), device) for _ in range(2))
    mean.load_state_dict(network.state_dict())
    optimizer = torch.optim.AdamW(_groups(network, settings.decay), lr=settings.rate)
    chances = data.weights[rows] / data.weights[rows].sum()
    first = _resume(checkpoint, network, mean, optimizer, device)
    for epoch in range(first, settings.epochs):
        torch.manual_seed(seed * 1_000_003 + epoch)
        network.train()
        of_epoch = batches(
            data.photos,
            data.squares,
            data.points,
            rows,
            chances,
            views=settings.views,
            batch=settings.batch,
            seed=(seed, epoch),
        )
        per_epoch = max(len(rows) // settings.batch, 1)
        losses = []
        for at, (crops, hidden, chosen) in enumerate(of_epoch):
            done = epoch * per_epoch + at
            for group in optimizer.param_groups:
                group["lr"] = settings.rate * _rate(done / (per_epoch * settings.epochs), settings.warm_up)
            targets = torch.from_numpy(data.targets[chosen]).to(device)
            hidden_part = torch.from_numpy(hidden).to(device)
            losses.append(_learn(network, optimizer, _input(crops, device), targets, hidden_part, settings))
            _average(mean, network, min(settings.averaging, (1 + done) / (10 + done)))
        _save(checkpoint, network, mean, optimizer, epoch + 1)
        step(epoch + 1, float(np.mean(losses)))
    mean.to("cpu")
    mean.eval()
    return mean


def logits(network: Network, crops: Sequence[Gray]) -> Floats:
    """Logits of crops without augmentation, which may be none: n x (classes + 1), see `Network`."""
    network.eval()
    found = [torch.empty(0, network.head.out_features)]
    for start in range(0, len(crops), SCORING_BATCH):
        with torch.inference_mode():
            found.append(network(_input(np.stack(crops[start : start + SCORING_BATCH]), "cpu")))
    return np.asarray(torch.cat(found).numpy(), dtype=np.float32)


def plain_crops(data: TrainingData, rows: NDArray[np.intp], box_height: float | None = None) -> list[Gray]:
    """The scorer's crops of some rows; for `box_height` see `views.plain`."""
    return [plain(data.photos[row], data.squares[row], box_height) for row in rows]


def _placed(network: Network, device: str) -> Network:
    network.to(device).to(memory_format=torch.channels_last)  # changes the module in place
    return network


def _input(crops: NDArray[np.uint8], device: str) -> Tensor:
    return normalised(torch.from_numpy(crops)[:, None].to(device)).to(memory_format=torch.channels_last)


def _groups(network: nn.Module, decay: float) -> list[dict[str, object]]:
    weights = [part for part in network.parameters() if part.ndim > 1]
    others = [part for part in network.parameters() if part.ndim <= 1]
    return [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


def _rate(done: float, warm_up: float) -> float:
    return min(1.0, done / warm_up) * (1 + math.cos(math.pi * done)) / 2


def _learn(
    network: Network,
    optimizer: torch.optim.Optimizer,
    seen: Tensor,
    targets: Tensor,
    hidden: Tensor,
    settings: Settings,
) -> float:
    # bfloat16 doubles the speed on processors that support it, without loss of accuracy here.
    with torch.autocast(seen.device.type, torch.bfloat16):
        output = network(seen).float()
    # A face whose mouth is covered teaches no expression, and one half covered not whether it is covered.
    readable = (hidden < COVERED_FROM).float()
    by_face = -(targets * torch.log_softmax(output[:, :-1], dim=1)).sum(dim=1)
    loss = (by_face * readable).sum() / readable.sum().clamp(min=1)
    decided = ((hidden < CLEAR_BELOW) | (hidden >= COVERED_FROM)).float()
    by_mouth = functional.binary_cross_entropy_with_logits(
        output[:, -1], (hidden >= COVERED_FROM).float(), reduction="none"
    )
    loss = loss + settings.covering * (by_mouth * decided).sum() / decided.sum().clamp(min=1)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 5.0)
    optimizer.step()
    return float(loss.item())


@torch.no_grad()
def _average(mean: nn.Module, network: nn.Module, decay: float) -> None:
    for average, new in zip(mean.state_dict().values(), network.state_dict().values(), strict=True):
        if average.dtype.is_floating_point:
            average.lerp_(new, 1 - decay)
        else:
            average.copy_(new)


def _save(checkpoint: Path, network: nn.Module, mean: nn.Module, optimizer: torch.optim.Optimizer, epochs: int) -> None:
    part = checkpoint.with_suffix(".part")
    state = {"network": network.state_dict(), "mean": mean.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save(state | {"epochs": epochs}, part)
    part.replace(checkpoint)


def _resume(
    checkpoint: Path, network: nn.Module, mean: nn.Module, optimizer: torch.optim.Optimizer, device: str
) -> int:
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True, map_location=device)
    network.load_state_dict(state["network"])
    mean.load_state_dict(state["mean"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["epochs"])
