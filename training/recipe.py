"""The whole recipe: boxes, teachers, cleaned labels, the student, its calibration, the ONNX file.

The labels are students' and noisy, so the network that ships does not learn from them alone. Teachers are trained on
parts of the training people and label the people they did not see; the student learns from the mean of what the label
and the teachers say (cross-fitted self-distillation; Xie et al., "Self-training with Noisy Student", CVPR 2020). What
was tried besides is in NOTES.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import Progress, TimeElapsedColumn
from scipy.special import softmax

from edge_lambda.crops import SCORING
from edge_lambda.detectors.centerface import CenterFace
from training import calibration, export
from training.corpus import EXPRESSIONS, Part, fold_of, read
from training.faces import Face, gray_photos, remembered, squares
from training.fit import Material, Settings, fit, logits
from training.measures import auc
from training.network import Network

Step = Callable[[], None]

VERSION: Final = "1"
NEEDED_AUC: Final = 0.85
NEEDED_FACES: Final = 50
"""An expression with less than either on the held-out people is marked experimental."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What is trained.

    Attributes:
        seed: of everything random.
        folds: teachers for each face; each sees the other folds' people.
        teacher: how a teacher is trained.
        student: how the network that ships is trained.
        trust: how much the label counts against the teachers in what the student learns, 0..1.
        smoothing: part of every target that is spread evenly (label smoothing, Szegedy et al. 2016).
    """

    seed: int = 1
    folds: int = 3
    teacher: Settings = field(default_factory=lambda: Settings(epochs=10))
    student: Settings = field(default_factory=lambda: Settings(epochs=30))
    trust: float = 0.4
    smoothing: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The corpus by rows, one row a photograph.

    Attributes:
        material: photographs and squares, with the labels as targets.
        label: n, index into EXPRESSIONS.
        fold: n, the group of people for cross-fitting.
        rows: for each part of the split the rows in it; for training only those on which the detector sees a face.
    """

    material: Material
    label: NDArray[np.intp]
    fold: NDArray[np.intp]
    rows: dict[Part, NDArray[np.intp]]

    @classmethod
    def of(cls, faces: Sequence[Face], folds: int) -> People:
        """The rows of these faces."""
        label = np.array([EXPRESSIONS.index(face.photo.expression) for face in faces])
        rows = {
            part: np.array(
                [at for at, face in enumerate(faces) if face.photo.part == part and keep(face)], dtype=np.intp
            )
            for part, keep in _KEPT.items()
        }
        return cls(
            material=Material(
                photos=gray_photos(faces),
                squares=squares(faces),
                targets=np.eye(len(EXPRESSIONS), dtype=np.float32)[label],
            ),
            label=label,
            fold=np.array([fold_of(face.photo.person, folds) for face in faces]),
            rows=rows,
        )


_KEPT: Final[dict[Part, Callable[[Face], bool]]] = {
    "training": lambda face: face.found,
    "validation": lambda face: True,
    "held out": lambda face: True,
}


def train(source: Path, out: Path, work: Path, recipe: Recipe, *, threads: int = 2) -> None:
    """Trains ExpressionNet and writes it.

    Args:
        source: the corpus, zip or folder.
        out: the ONNX file to write.
        work: folder for boxes and checkpoints.
        recipe: what is trained.
        threads: cores to use.

    Raises:
        CorpusUnreadable: the corpus cannot be read.
    """
    torch.set_num_threads(threads)
    photos = read(source)
    work.mkdir(parents=True, exist_ok=True)
    with Progress(*Progress.get_default_columns(), TimeElapsedColumn()) as progress:

        def stage(name: str, steps: int) -> Step:
            task = progress.add_task(name, total=steps)
            progress.console.log(name)  # a line that also stands in a log file, where no bar is drawn
            return lambda: progress.advance(task)

        step = stage("finding faces", len(photos))
        faces = remembered(photos, lambda: CenterFace(threads=threads), work / "boxes.npz", step)
        people = People.of(faces, recipe.folds)
        material = replace(people.material, targets=cleaned(people, recipe, work, stage))
        rows = people.rows["training"]
        step = stage("student", recipe.student.epochs)
        checkpoint = work / f"student-{_key(people, recipe)}.pt"
        student = fit(material, rows, recipe.student, seed=recipe.seed, checkpoint=checkpoint, step=step)
    finish(student, people, material.prior(rows, recipe.student), out)


def cleaned(
    people: People, recipe: Recipe, work: Path, stage: Callable[[str, int], Step] = lambda name, steps: lambda: None
) -> NDArray[np.float32]:
    """n x classes targets for the student: label and teachers' opinion, mixed, for training rows; labels elsewhere.

    The teachers' logits are taken as under the classes' shares their loss had taken on itself, so that they mean the
    same in the student's loss.
    """
    said = np.zeros_like(people.material.targets)
    rows = people.rows["training"]
    smooth = replace(people.material, targets=_smoothed(people.material.targets, recipe.smoothing))
    key = _key(people, (recipe.seed, recipe.folds, recipe.teacher, recipe.smoothing))
    for fold in range(recipe.folds):
        seen, unseen = rows[people.fold[rows] != fold], rows[people.fold[rows] == fold]
        step = stage(f"teacher {fold + 1} of {recipe.folds}", recipe.teacher.epochs)
        checkpoint = work / f"teacher{fold + 1}-{key}.pt"
        teacher = fit(smooth, seen, recipe.teacher, seed=recipe.seed + 1 + fold, checkpoint=checkpoint, step=step)
        opinion = logits(teacher, smooth, unseen) + smooth.prior(seen, recipe.teacher)
        said[unseen] = softmax(opinion, axis=1)
    mixed = people.material.targets.copy()
    mixed[rows] = recipe.trust * mixed[rows] + (1 - recipe.trust) * said[rows]
    return mixed


def finish(student: Network, people: People, prior: NDArray[np.float32], out: Path) -> None:
    """Calibrates on validation people, marks what is experimental on the held-out ones, and writes the file."""
    rows, held_out = people.rows["validation"], people.rows["held out"]
    said = logits(student, people.material, rows).astype(np.float64)
    calibrated = calibration.fitted(said, people.label[rows], prior - prior.mean().astype(np.float64))
    limits = calibration.thresholds(calibrated.confidences(said), people.label[rows], EXPRESSIONS)
    shown = calibrated.confidences(logits(student, people.material, held_out).astype(np.float64))
    export.write(
        student,
        out,
        side=SCORING.size,
        slope=np.full(len(EXPRESSIONS), calibrated.slope),
        offset=calibrated.offset,
        about={
            "name": "expressionnet",
            "version": VERSION,
            "classes": EXPRESSIONS,
            "thresholds": {name: round(limit, 4) for name, limit in limits.items()},
            "experimental": experimental(people.label[held_out], shown),
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


def _smoothed(targets: NDArray[np.float32], smoothing: float) -> NDArray[np.float32]:
    return (1 - smoothing) * targets + smoothing / targets.shape[1]


def _key(people: People, how: object) -> str:
    """Part of a checkpoint's name: a run on another corpus or by other means never goes on from this one's."""
    material = hashlib.sha256(repr(how).encode())
    material.update(people.material.squares.tobytes())
    material.update(people.label.tobytes())
    return material.hexdigest()[:12]
