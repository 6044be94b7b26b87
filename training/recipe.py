"""The training recipe: boxes, networks, calibration and the ONNX file.

The model is the mean of two networks with different seeds. Each is trained in its own process on one core, because two
cores on one network wait for each other at every step. NOTES.md lists alternatives that were tried.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console

from edge_lambda.crops import SCORING
from edge_lambda.detectors.centerface import CenterFace
from training import calibration, export
from training.corpus import EXPRESSIONS, Part, read
from training.faces import Face, find_cached, gray_photos, squares
from training.fit import Settings, TrainingData, fit, logits
from training.measures import auc
from training.network import Network

VERSION: Final = "1"
NEEDED_AUC: Final = 0.85
NEEDED_FACES: Final = 50
"""An expression with less than either on held-out people is marked experimental."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Parameters of the recipe.

    Attributes:
        seed: seed of all randomness.
        networks: number of networks to train and average, at least 1.
        settings: hyperparameters of each.
        smoothing: label smoothing (Szegedy et al. 2016), because the labels are by students and noisy.
    """

    seed: int = 1
    networks: int = 2
    settings: Settings = field(default_factory=lambda: Settings(epochs=45))
    smoothing: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusRows:
    """The corpus in rows, one per photograph.

    Attributes:
        data: photographs, squares and smoothed targets.
        label: n, index into EXPRESSIONS.
        rows: rows of each part of the split; for training, only those with a detected face.
    """

    data: TrainingData
    label: NDArray[np.intp]
    rows: dict[Part, NDArray[np.intp]]

    @classmethod
    def of(cls, faces: Sequence[Face], smoothing: float) -> CorpusRows:
        """Builds the rows from faces."""
        label = np.array([EXPRESSIONS.index(face.photo.expression) for face in faces])
        rows = {
            part: np.array([keep(face) and face.photo.part == part for face in faces]).nonzero()[0]
            for part, keep in _KEPT.items()
        }
        classes = len(EXPRESSIONS)
        targets = (1 - smoothing) * np.eye(classes, dtype=np.float32)[label] + np.float32(smoothing / classes)
        return cls(
            data=TrainingData(photos=gray_photos(faces), squares=squares(faces), targets=targets),
            label=label,
            rows=rows,
        )


_KEPT: Final[dict[Part, Callable[[Face], bool]]] = {
    "training": lambda face: face.found,
    "validation": lambda face: True,
    "held out": lambda face: True,
}


def train(source: Path, out: Path, work: Path, recipe: Recipe) -> None:
    """Trains ExpressionNet and writes it.

    Args:
        source: the corpus, zip or folder.
        out: the ONNX file to write.
        work: folder for boxes and checkpoints.
        recipe: parameters.

    Raises:
        CorpusUnreadable: the corpus cannot be read.
    """
    work.mkdir(parents=True, exist_ok=True)
    corpus = load_corpus(source, work, recipe)
    with ProcessPoolExecutor(recipe.networks, mp_context=get_context("spawn")) as processes:
        jobs = [processes.submit(train_one, source, work, recipe, number) for number in range(recipe.networks)]
        for job in jobs:
            job.result()
    finish([train_one(source, work, recipe, number, corpus) for number in range(recipe.networks)], corpus, recipe, out)


def load_corpus(source: Path, work: Path, recipe: Recipe) -> CorpusRows:
    """Reads the corpus and finds its faces, using cached boxes if present."""
    photos, console = read(source), Console()
    done = [0]

    def step() -> None:
        done[0] += 1
        if done[0] % 1000 == 0 or done[0] == len(photos):
            console.log(f"finding faces: {done[0]} of {len(photos)} photographs", _stack_offset=2)

    return CorpusRows.of(find_cached(photos, CenterFace, work / "boxes.npz", step), recipe.smoothing)


def train_one(source: Path, work: Path, recipe: Recipe, number: int, corpus: CorpusRows | None = None) -> Network:
    """Trains one of the networks on one core, or resumes or loads it from its checkpoint.

    Args:
        source, work, recipe: see `train`.
        number: index of the network, from 0.
        corpus: the corpus, if already read.
    """
    torch.set_num_threads(1)
    corpus = corpus or load_corpus(source, work, recipe)
    console = Console()

    def step(epochs: int, loss: float) -> None:
        console.log(f"network {number + 1}: epoch {epochs} of {recipe.settings.epochs}, loss {loss:.3f}")

    return fit(
        corpus.data,
        corpus.rows["training"],
        recipe.settings,
        seed=recipe.seed + number,
        checkpoint=work / f"network{number + 1}-{_key(corpus, recipe)}.pt",
        step=step,
    )


def mean_logits(networks: Sequence[Network], corpus: CorpusRows, part: Part) -> NDArray[np.float64]:
    """The mean logits of the networks for one part of the split: len(rows) x classes."""
    outputs = [logits(network, corpus.data, corpus.rows[part]) for network in networks]
    return np.asarray(np.mean(outputs, axis=0), dtype=np.float64)


def finish(networks: Sequence[Network], corpus: CorpusRows, recipe: Recipe, out: Path) -> None:
    """Calibrates on validation people, determines experimental expressions on held-out people, and writes the file."""
    prior = corpus.data.prior(corpus.rows["training"], recipe.settings).astype(np.float64)
    label = corpus.label[corpus.rows["validation"]]
    outputs = mean_logits(networks, corpus, "validation")
    calibrated = calibration.fit_calibration(outputs, label, prior - prior.mean())
    limits = calibration.thresholds(calibrated.confidences(outputs), label, EXPRESSIONS)
    shown = calibrated.confidences(mean_logits(networks, corpus, "held out"))
    export.write(
        networks,
        out,
        side=SCORING.size,
        slope=np.full(len(EXPRESSIONS), calibrated.slope),
        offset=calibrated.offset,
        about={
            "name": "expressionnet",
            "version": VERSION,
            "classes": EXPRESSIONS,
            "thresholds": {name: round(limit, 4) for name, limit in limits.items()},
            "experimental": experimental(corpus.label[corpus.rows["held out"]], shown),
            "crop": asdict(SCORING),
        },
    )


def experimental(label: NDArray[np.intp], confidences: NDArray[np.float64]) -> list[str]:
    """The expressions with fewer than NEEDED_FACES or less than NEEDED_AUC on held-out people."""
    marked = []
    for at, name in enumerate(EXPRESSIONS):
        shows = label == at
        if shows.sum() < NEEDED_FACES or not auc(shows, confidences[:, at], np.ones(len(label))) >= NEEDED_AUC:
            marked.append(name)
    return marked


def _key(corpus: CorpusRows, recipe: Recipe) -> str:
    """A hash for a checkpoint's name, so that a run with another corpus or recipe never resumes from it."""
    data = hashlib.sha256(repr(recipe).encode())
    data.update(corpus.data.squares.tobytes())
    data.update(corpus.label.tobytes())
    return data.hexdigest()[:12]
