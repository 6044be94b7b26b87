"""The training recipe: boxes, network, calibration and the ONNX file. NOTES.md lists alternatives that were tried."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from scipy.special import softmax

from edge_lambda.crops import SCORING
from edge_lambda.detectors.centerface import CenterFace
from edge_lambda.scorers.expressionnet import SMILE_IS
from training import calibration, export
from training.corpus import EXPRESSIONS, CorpusUnreadable, Part, Photo, read
from training.faces import Face, content_hash, find_cached, gray_photos, landmarks, squares
from training.fit import Settings, TrainingData, fit, logits, plain_crops
from training.measures import auc
from training.network import Network
from training.score_table import score_table
from training.weighing import copies, listed_sexes, sampling_weights

VERSION: Final = "2"
EPOCHS: Final = 40
BOX_HEIGHTS_PX: Final = (None, 32, 20)
"""Heights of a face's box for which confidences are calibrated and thresholds set; None for the photograph as it is."""

ABSTAINING: Final = 0.01
"""Share of the validation faces whose mouth counts as covered: among them are real hands."""

NEEDED_AUC: Final = 0.85
NEEDED_FACES: Final = 50
"""An expression with less than either on held-out people is marked experimental."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Parameters of the recipe.

    Attributes:
        seed: seed of all randomness.
        settings: hyperparameters.
        smoothing: label smoothing (Szegedy et al. 2016) of photographs that one person labelled, because those labels
            are noisy.
        learnt: share of a second network's targets that is what the first one says of the plain photograph, the rest
            being the labels (Furlanello et al., "Born-Again Neural Networks", ICML 2018). The second one ships.
    """

    seed: int = 1
    learnt: float = 0.5
    settings: Settings = field(default_factory=lambda: Settings(epochs=EPOCHS))
    smoothing: float = 0.08


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusRows:
    """The corpora in rows, one per photograph.

    Attributes:
        data: photographs, squares, targets and weights.
        photos: n photographs, as read.
        corpus: n, the number of the corpus of each, from 0.
        rows: rows of each part of the split; for training, only those with a detected face and no copy of a face that
            is held out.
    """

    data: TrainingData
    photos: list[Photo]
    corpus: NDArray[np.intp]
    rows: dict[Part, NDArray[np.intp]]

    @classmethod
    def of(cls, corpora: Sequence[Sequence[Face]], smoothing: float, batch: int) -> CorpusRows:
        """Builds the rows from the faces of each corpus.

        Raises:
            CorpusUnreadable: there is nobody to calibrate on, or there are fewer faces to train on than a step takes.
        """
        faces = [face for corpus in corpora for face in corpus]
        photos = [face.photo for face in faces]
        part = np.array([photo.part for photo in photos])
        number = np.repeat(np.arange(len(corpora)), [len(corpus) for corpus in corpora])
        gray = gray_photos(faces)
        rows: dict[Part, NDArray[np.intp]] = {
            name: (part == name).nonzero()[0] for name in ("training", "validation", "held out")
        }
        usable = np.array([face.found for face in faces]) & (part == "training")
        usable[rows["training"]] &= ~copies(
            [gray[row] for row in rows["training"]], [gray[row] for row in rows["held out"]]
        )
        rows["training"] = usable.nonzero()[0]
        if not len(rows["training"]) or not len(rows["validation"]):
            raise CorpusUnreadable(
                "too few people to train on: there must be some to train on and some to calibrate on"
            )
        if not any(photos[row].expression for row in rows["validation"]):
            raise CorpusUnreadable("nobody to calibrate on shows an expression that most who labelled them saw")
        if len(rows["training"]) < batch:
            raise CorpusUnreadable(
                f"{len(rows['training'])} faces are too few to train on: there must be at least {batch}, one step"
            )
        weights = np.zeros(len(faces))
        weights[rows["training"]] = sampling_weights(
            [[photos[row] for row in rows["training"] if number[row] == at] for at in range(len(corpora))],
            listed_sexes(),
        )
        data = TrainingData(
            photos=gray,
            squares=squares(faces),
            points=landmarks(faces),
            targets=_targets(photos, smoothing),
            weights=weights,
        )
        return cls(data=data, photos=photos, corpus=number, rows=rows)

    def labels(self, part: Part) -> NDArray[np.float64]:
        """Shares of each expression for one part of the split: len(rows) x classes, summing to 1."""
        return _targets([self.photos[row] for row in self.rows[part]], 0).astype(np.float64)


def _targets(photos: Sequence[Photo], smoothing: float) -> NDArray[np.float32]:
    shares = np.array([photo.shares for photo in photos], dtype=np.float32)
    shares /= shares.sum(axis=1, keepdims=True)
    smoothed = np.array([0.0 if photo.is_voted else smoothing for photo in photos], dtype=np.float32)[:, None]
    return np.asarray((1 - smoothed) * shares + smoothed / len(EXPRESSIONS), dtype=np.float32)


def train(sources: Sequence[Path], out: Path, work: Path, recipe: Recipe, device: str = "auto") -> None:
    """Trains ExpressionNet and writes it.

    Args:
        sources: the corpora, zips or folders.
        out: the ONNX file to write.
        work: folder for boxes and checkpoints.
        recipe: parameters.
        device: see `train_network`.

    Raises:
        CorpusUnreadable: a corpus cannot be read, or has too few people.
    """
    work.mkdir(parents=True, exist_ok=True)
    corpora = load_corpora(sources, work, recipe)
    first = train_network(work, recipe, corpora, device)
    taught, again = taught_by(first, corpora, recipe), replace(recipe, seed=recipe.seed + 1)
    finish(train_network(work, again, taught, device), taught, recipe, out)


def load_corpora(sources: Sequence[Path], work: Path, recipe: Recipe) -> CorpusRows:
    """Reads the corpora and finds their faces, using cached boxes if present."""
    console, corpora = Console(), []
    for source in sources:
        photos, done = read(source), [0]

        def step(done: list[int] = done, source: Path = source, photos: Sequence[Photo] = photos) -> None:
            done[0] += 1
            if done[0] % 2000 == 0 or done[0] == len(photos):
                console.log(f"finding faces: {done[0]} of {len(photos)} photographs in {source.name}", _stack_offset=2)

        corpora.append(find_cached(photos, CenterFace, work / f"boxes-{content_hash(photos)[:12]}.npz", step))
    return CorpusRows.of(corpora, recipe.smoothing, recipe.settings.batch)


def train_network(work: Path, recipe: Recipe, corpora: CorpusRows, device: str = "auto") -> Network:
    """Trains the network, or resumes or loads it from its checkpoint.

    Args:
        work, recipe, corpora: see `train`.
        device: "cpu", "cuda", or "auto" for CUDA if there is one.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(1)  # two threads take four times the processor time: each step waits for the slower
    console = Console()
    rows = corpora.rows["training"]
    console.log(f"training on {len(rows)} faces")

    def step(epochs: int, loss: float) -> None:
        console.log(f"epoch {epochs} of {recipe.settings.epochs}, loss {loss:.3f}")

    checkpoint = work / f"network-{_key(corpora, recipe)}.pt"
    return fit(corpora.data, rows, recipe.settings, seed=recipe.seed, checkpoint=checkpoint, device=device, step=step)


def taught_by(teacher: Network, corpora: CorpusRows, recipe: Recipe) -> CorpusRows:
    """The corpora with training targets that are partly what a network says of each photograph and its mirror image."""
    rows = corpora.rows["training"]
    crops = plain_crops(corpora.data, rows)
    said = logits(teacher, crops) + logits(teacher, [np.ascontiguousarray(crop[:, ::-1]) for crop in crops])
    targets = corpora.data.targets.copy()
    targets[rows] = (1 - recipe.learnt) * targets[rows] + recipe.learnt * softmax(said[:, :-1] / 2, axis=1)
    return replace(corpora, data=replace(corpora.data, targets=targets))


def _key(corpora: CorpusRows, recipe: Recipe) -> str:
    """A hash for a checkpoint's name, so that a run with another corpus or recipe never resumes from it."""
    data = hashlib.sha256(repr(recipe).encode())
    data.update(content_hash(corpora.photos).encode())
    data.update(corpora.data.squares.tobytes())
    data.update(corpora.data.targets.tobytes())
    data.update(corpora.data.weights.tobytes())
    return data.hexdigest()[:12]


def finish(network: Network, corpora: CorpusRows, recipe: Recipe, out: Path) -> None:
    """Calibrates on validation people, determines experimental expressions on held-out people, and writes the file."""
    rows, shares = corpora.rows["validation"], corpora.labels("validation")
    label = np.array([corpora.photos[row].expression for row in rows])
    weight = _even_weights(corpora.corpus[rows])
    outputs = [logits(network, plain_crops(corpora.data, rows, height)) for height in BOX_HEIGHTS_PX]
    seen = np.concatenate(outputs)[:, :-1].astype(np.float64)
    times = len(BOX_HEIGHTS_PX)
    calibrated = calibration.fit_calibration(seen, np.tile(shares, (times, 1)), np.tile(weight, times) / times)
    limits = calibration.thresholds(
        calibrated.confidences(seen), np.tile(label, times), np.tile(weight, times), EXPRESSIONS
    )
    of_mouth = 1 / (1 + np.exp(-outputs[0][:, -1].astype(np.float64)))
    held_out = corpora.rows["held out"]
    shown = calibrated.confidences(logits(network, plain_crops(corpora.data, held_out))[:, :-1].astype(np.float64))
    export.write(
        network,
        out,
        side=SCORING.size,
        slope=calibrated.slope,
        offset=calibrated.offset,
        about={
            "name": "expressionnet",
            "version": VERSION,
            "classes": EXPRESSIONS,
            "thresholds": {name: round(limit, 4) for name, limit in limits.items()},
            "experimental": experimental(np.array([corpora.photos[row].expression for row in held_out]), shown),
            "score_tables": _score_tables(
                calibrated.confidences(seen),
                np.tile(label, times),
                np.tile([corpora.photos[row].person for row in rows], times),
                needed=NEEDED_FACES * times,
            ),
            "covered_from": round(max(float(np.quantile(of_mouth, 1 - ABSTAINING)), 0.5), 4),
            "crop": asdict(SCORING),
        },
    )


def _score_tables(
    confidences: NDArray[np.float64], label: NDArray[np.str_], people: NDArray[np.str_], *, needed: int
) -> dict[str, dict[str, Any]]:
    """A table for every expression that enough of the faces show, and for the smile, which is scored as happy.

    Args:
        confidences: n x classes.
        label: n, what each face shows; "" where people disagree, which counts for no expression.
        people: n, who each face is of.
        needed: faces that show an expression, and that do not, of which a table is made; each size of a face is one.
    """
    clear = label != ""
    tables = {
        name: score_table((label == name)[clear], confidences[clear, at], people[clear].tolist())
        for at, name in enumerate(EXPRESSIONS)
        if min((label == name).sum(), (clear & (label != name)).sum()) >= needed
    }
    return tables | ({"smile": tables[SMILE_IS]} if SMILE_IS in tables else {})


def _even_weights(group: NDArray[np.intp]) -> NDArray[np.float64]:
    """Weights with mean 1, by which each group weighs the same."""
    counts = np.bincount(group)
    return np.asarray(len(group) / (counts[group] * (counts > 0).sum()), dtype=np.float64)


def experimental(label: NDArray[np.str_], confidences: NDArray[np.float64]) -> list[str]:
    """The expressions with fewer than NEEDED_FACES or less than NEEDED_AUC on held-out people.

    Args:
        label: n, what each face shows; "" where people disagree, which counts for no expression.
        confidences: n x classes.
    """
    marked, clear = [], label != ""
    for at, name in enumerate(EXPRESSIONS):
        shows = label[clear] == name
        if shows.sum() < NEEDED_FACES or not auc(shows, confidences[clear, at], np.ones(len(shows))) >= NEEDED_AUC:
            marked.append(name)
    return marked
