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

from training.network import Network, normalised
from training.views import Gray, Views, batches, plain

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
        adjustment: strength of the logit adjustment for class imbalance (Menon et al. 2021): 0 for none, 1 for full.
        mixed: chance that a batch is mixed with itself (mixup, Zhang et al. 2018), with Beta(mix, mix).
        mix: see `mixed`.
        averaging: decay of the exponential moving average of the weights, per step.
        views: the random views.
    """

    epochs: int
    rate: float = 2e-3
    warm_up: float = 0.08
    decay: float = 0.05
    batch: int = 128
    dropout: float = 0.3
    adjustment: float = 0.5
    mixed: float = 0.3
    mix: float = 0.3
    averaging: float = 0.995
    views: Views = field(default_factory=Views)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingData:
    """Training data; rows are photographs.

    Attributes:
        photos: n gray photographs.
        squares: n x 3, the scorer's crop in each: centre x, centre y, side, pixels.
        targets: n x classes, target probabilities; every row sums to 1.
    """

    photos: Sequence[Gray]
    squares: NDArray[np.float64]
    targets: Floats

    def prior(self, rows: NDArray[np.intp], settings: Settings) -> Floats:
        """The logit adjustment: the log of the classes' shares times `adjustment`."""
        shares = self.targets[rows].mean(axis=0)
        return np.asarray(settings.adjustment * np.log(shares), dtype=np.float32)


def fit(
    data: TrainingData,
    rows: NDArray[np.intp],
    settings: Settings,
    *,
    seed: int,
    checkpoint: Path,
    step: Callable[[int, float], None] = lambda epochs, loss: None,
) -> Network:
    """Trains a network, resuming from `checkpoint` if it exists.

    Args:
        data: the photographs.
        rows: the rows to train on.
        settings: hyperparameters.
        seed: the same seed and data give the same network on the same machine, interrupted or not.
        checkpoint: written after every epoch.
        step: callback after every epoch, with the number of epochs and the mean loss of the last.

    Returns:
        The network with averaged weights, in evaluation mode.
    """
    torch.manual_seed(seed)
    classes = data.targets.shape[1]
    network, mean = (_channels_last(Network(classes, dropout=settings.dropout)) for _ in range(2))
    mean.load_state_dict(network.state_dict())
    optimizer = torch.optim.AdamW(_groups(network, settings.decay), lr=settings.rate)
    prior = torch.from_numpy(data.prior(rows, settings))
    first = _resume(checkpoint, network, mean, optimizer)
    for epoch in range(first, settings.epochs):
        torch.manual_seed(seed * 1_000_003 + epoch)
        network.train()
        of_epoch = batches(
            data.photos, data.squares, rows, views=settings.views, batch=settings.batch, seed=(seed, epoch)
        )
        per_epoch = max(len(rows) // settings.batch, 1)
        losses = []
        for at, (crops, chosen) in enumerate(of_epoch):
            done = epoch * per_epoch + at
            for group in optimizer.param_groups:
                group["lr"] = settings.rate * _rate(done / (per_epoch * settings.epochs), settings.warm_up)
            targets = torch.from_numpy(data.targets[chosen])
            losses.append(_learn(network, optimizer, crops, targets, prior, settings))
            _average(mean, network, min(settings.averaging, (1 + done) / (10 + done)))
        _save(checkpoint, network, mean, optimizer, epoch + 1)
        step(epoch + 1, float(np.mean(losses)))
    mean.eval()
    return mean


def logits(network: Network, data: TrainingData, rows: NDArray[np.intp], box_height: float | None = None) -> Floats:
    """Logits (len(rows) x classes), mean of each face and its mirror image; for `box_height` see `views.plain`."""
    network.eval()
    found = []
    for start in range(0, len(rows), SCORING_BATCH):
        chosen = rows[start : start + SCORING_BATCH]
        crops = np.stack([plain(data.photos[row], data.squares[row], box_height) for row in chosen])
        with torch.inference_mode():
            seen = _input(crops)
            found.append((network(seen) + network(seen.flip(3))) / 2)
    return np.asarray(torch.cat(found).numpy(), dtype=np.float32)


def _channels_last(network: Network) -> Network:
    network.to(memory_format=torch.channels_last)  # changes the module in place
    return network


def _input(crops: NDArray[np.uint8]) -> Tensor:
    return normalised(torch.from_numpy(crops)[:, None]).to(memory_format=torch.channels_last)


def _groups(network: nn.Module, decay: float) -> list[dict[str, object]]:
    weights = [part for part in network.parameters() if part.ndim > 1]
    others = [part for part in network.parameters() if part.ndim <= 1]
    return [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


def _rate(done: float, warm_up: float) -> float:
    return min(1.0, done / warm_up) * (1 + math.cos(math.pi * done)) / 2


def _learn(
    network: Network,
    optimizer: torch.optim.Optimizer,
    crops: NDArray[np.uint8],
    targets: Tensor,
    prior: Tensor,
    settings: Settings,
) -> float:
    seen = _input(crops)
    if torch.rand(()) < settings.mixed:
        part = float(torch.distributions.Beta(settings.mix, settings.mix).sample())
        other = torch.randperm(len(seen))
        seen = part * seen + (1 - part) * seen[other]
        targets = part * targets + (1 - part) * targets[other]
    # bfloat16 doubles the speed on processors that support it, without loss of accuracy here.
    with torch.autocast("cpu", torch.bfloat16):
        output = network(seen)
    loss = -(targets * torch.log_softmax(output.float() + prior, dim=1)).sum(dim=1).mean()
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


def _resume(checkpoint: Path, network: nn.Module, mean: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    if not checkpoint.exists():
        return 0
    state = torch.load(checkpoint, weights_only=True)
    network.load_state_dict(state["network"])
    mean.load_state_dict(state["mean"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["epochs"])
