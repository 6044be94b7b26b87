"""The whole recipe: boxes, networks, calibration, the ONNX file.

What ships is the mean of two networks that differ only in their seed. Each is trained in a process of its own on one
core: two cores on one network wait for each other at every step and take longer. What was tried besides is in NOTES.md.
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
from training.faces import Face, gray_photos, remembered, squares
from training.fit import Material, Settings, fit, logits
from training.measures import auc
from training.network import Network

VERSION: Final = "1"
NEEDED_AUC: Final = 0.85
NEEDED_FACES: Final = 50
"""An expression with less than either on the held-out people is marked experimental."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What is trained.

    Attributes:
        seed: of everything random.
        networks: how many are trained and averaged, at least 1.
        settings: how each is trained.
        smoothing: part of every target that is spread evenly (label smoothing, Szegedy et al. 2016): the labels are
            students' and noisy.
    """

    seed: int = 1
    networks: int = 2
    settings: Settings = field(default_factory=lambda: Settings(epochs=45))
    smoothing: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The corpus by rows, one row a photograph.

    Attributes:
        material: photographs, squares and smoothed targets.
        label: n, index into EXPRESSIONS.
        rows: for each part of the split the rows in it; for training only those on which the detector sees a face.
    """

    material: Material
    label: NDArray[np.intp]
    rows: dict[Part, NDArray[np.intp]]

    @classmethod
    def of(cls, faces: Sequence[Face], smoothing: float) -> People:
        """The rows of these faces."""
        label = np.array([EXPRESSIONS.index(face.photo.expression) for face in faces])
        rows = {
            part: np.array([keep(face) and face.photo.part == part for face in faces]).nonzero()[0]
            for part, keep in _KEPT.items()
        }
        classes = len(EXPRESSIONS)
        targets = (1 - smoothing) * np.eye(classes, dtype=np.float32)[label] + np.float32(smoothing / classes)
        return cls(
            material=Material(photos=gray_photos(faces), squares=squares(faces), targets=targets),
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
        recipe: what is trained.

    Raises:
        CorpusUnreadable: the corpus cannot be read.
    """
    work.mkdir(parents=True, exist_ok=True)
    people = people_of(source, work, recipe)
    with ProcessPoolExecutor(recipe.networks, mp_context=get_context("spawn")) as processes:
        jobs = [processes.submit(train_one, source, work, recipe, number) for number in range(recipe.networks)]
        for job in jobs:
            job.result()
    finish([train_one(source, work, recipe, number, people) for number in range(recipe.networks)], people, recipe, out)


def people_of(source: Path, work: Path, recipe: Recipe) -> People:
    """Reads the corpus and finds its faces, or remembers where they are."""
    photos, console = read(source), Console()
    done = [0]

    def step() -> None:
        done[0] += 1
        if done[0] % 1000 == 0 or done[0] == len(photos):
            console.log(f"finding faces: {done[0]} of {len(photos)} photographs", _stack_offset=2)

    return People.of(remembered(photos, CenterFace, work / "boxes.npz", step), recipe.smoothing)


def train_one(source: Path, work: Path, recipe: Recipe, number: int, people: People | None = None) -> Network:
    """Trains one of the networks on one core, or goes on with it, or takes it from its checkpoint when it is done.

    Args:
        source, work, recipe: as for `train`.
        number: which network, from 0.
        people: the corpus, where the caller has read it.
    """
    torch.set_num_threads(1)
    people = people or people_of(source, work, recipe)
    console = Console()

    def step(epochs: int, loss: float) -> None:
        console.log(f"network {number + 1}: epoch {epochs} of {recipe.settings.epochs}, loss {loss:.3f}")

    return fit(
        people.material,
        people.rows["training"],
        recipe.settings,
        seed=recipe.seed + number,
        checkpoint=work / f"network{number + 1}-{_key(people, recipe)}.pt",
        step=step,
    )


def mean_logits(networks: Sequence[Network], people: People, part: Part) -> NDArray[np.float64]:
    """What the networks say together of one part of the split: len(rows) x classes."""
    said = [logits(network, people.material, people.rows[part]) for network in networks]
    return np.asarray(np.mean(said, axis=0), dtype=np.float64)


def finish(networks: Sequence[Network], people: People, recipe: Recipe, out: Path) -> None:
    """Calibrates on validation people, marks what is experimental on the held-out ones, and writes the file."""
    prior = people.material.prior(people.rows["training"], recipe.settings).astype(np.float64)
    label = people.label[people.rows["validation"]]
    said = mean_logits(networks, people, "validation")
    calibrated = calibration.fitted(said, label, prior - prior.mean())
    limits = calibration.thresholds(calibrated.confidences(said), label, EXPRESSIONS)
    shown = calibrated.confidences(mean_logits(networks, people, "held out"))
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
            "experimental": experimental(people.label[people.rows["held out"]], shown),
            "crop": asdict(SCORING),
        },
    )


def experimental(label: NDArray[np.intp], confidences: NDArray[np.float64]) -> list[str]:
    """The expressions measured too poorly on held-out people to be relied on: NEEDED_FACES, NEEDED_AUC."""
    marked = []
    for at, name in enumerate(EXPRESSIONS):
        shows = label == at
        if shows.sum() < NEEDED_FACES or not auc(shows, confidences[:, at], np.ones(len(label))) >= NEEDED_AUC:
            marked.append(name)
    return marked


def _key(people: People, recipe: Recipe) -> str:
    """Part of a checkpoint's name: a run on another corpus or by other means never goes on from this one's."""
    material = hashlib.sha256(repr(recipe).encode())
    material.update(people.material.squares.tobytes())
    material.update(people.label.tobytes())
    return material.hexdigest()[:12]
