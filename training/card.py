"""`python -m training.card`: measures the shipped model on held-out people and writes the figures of MODEL_CARD.md.

Only what stands between the two markers in the card is replaced; the words around it are written by hand.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_lambda.crops import SCORING, crop_for_scoring, frontality, resized
from edge_lambda.detectors import Image
from edge_lambda.detectors.centerface import CenterFace
from edge_lambda.scorers.expressionnet import ExpressionNet
from training.corpus import EXPRESSIONS, default_corpus, part_of, read
from training.faces import Face, decoded, find
from training.measures import BINS, auc, balanced_accuracy, calibration_error, interval, reliability

CARD: Final = Path(__file__).with_name("MODEL_CARD.md")
BEGIN: Final = "<!-- figures: written by python -m training.card -->"
END: Final = "<!-- end of figures -->"
BOX_HEIGHTS_PX: Final = (8, 12, 16, 24, 32, 48, 64, 96)
POSES: Final = (("turned far", 0.0, 0.35), ("half turned", 0.35, 0.7), ("frontal", 0.7, 1.01))

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Measured:
    """Held-out faces, their crops, and what the shipped scorer says of them."""

    def __init__(self, faces: Sequence[Face], scorer: ExpressionNet) -> None:
        """Cuts and scores every face."""
        self.faces = list(faces)
        self.scorer = scorer
        self.people = [face.photo.person for face in faces]
        self.label = np.array([face.photo.expression for face in faces])
        self.crops = [crop_for_scoring(decoded(face.photo), face.detection) for face in faces]
        self.confidences = scorer.score(self.crops).astype(np.float64)

    def confidence(self, expression: str) -> Floats:
        """n, the confidence of one expression."""
        return self.confidences[:, self.scorer.expressions.index(expression)]

    def from_afar(self, box_height: int) -> Floats:
        """n, the smile's confidence if each face's box were this many pixels high."""
        pixels = max(round(box_height * SCORING.scale), 1)
        small: list[Image] = [resized(resized(crop, pixels), SCORING.size) for crop in self.crops]
        return self.scorer.score(small)[:, self.scorer.expressions.index("smile")].astype(np.float64)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def with_interval(measure: Callable[[Floats], float], people: Sequence[str]) -> str:
    """A figure and its 95 % interval, as text."""
    low, high = interval(measure, people)
    return f"{measure(np.ones(len(people))):.3f} ({low:.3f} to {high:.3f})"


def by_expression(measured: Measured) -> str:
    """AUC, threshold and decisions of every expression."""
    rows = []
    for name in EXPRESSIONS:
        shows, confidence = measured.label == name, measured.confidence(name)
        threshold = measured.scorer.thresholds[name]
        decided = confidence >= threshold
        row = [name, str(shows.sum()), "-", f"{threshold:.3f}", "-", "-", "-"]
        if 0 < shows.sum() < len(shows):
            row[2] = with_interval(partial(auc, shows, confidence), measured.people)
            row[4] = with_interval(partial(balanced_accuracy, shows, decided), measured.people)
            row[5], row[6] = f"{decided[shows].mean():.3f}", f"{decided[~shows].mean():.3f}"
        rows.append([*row, "experimental" if name in measured.scorer.experimental else ""])
    head = ["expression", "faces", "AUC", "threshold", "balanced accuracy", "seen", "false alarms", ""]
    return table(head, rows)


def smile_rows(measured: Measured, groups: Sequence[tuple[str, Bools, Floats]]) -> str:
    """AUC and decisions of the smile in groups of faces: name, which faces, their confidences."""
    rows = []
    for name, chosen, confidence in groups:
        shows = (measured.label == "happy")[chosen]
        decided = confidence[chosen] >= measured.scorer.thresholds["smile"]
        alike = np.ones(len(shows))
        accuracy = balanced_accuracy(shows, decided, alike)
        figures = [f"{figure:.3f}" for figure in (auc(shows, confidence[chosen], alike), accuracy)]
        rows.append([name, str(len(shows)), *figures, f"{decided.mean() - shows.mean():+.3f}"])
    return table(["", "faces", "smile AUC", "balanced accuracy", "share said - true share"], rows)


def by_size(measured: Measured) -> str:
    """The smile as faces get smaller."""
    everybody = np.ones(len(measured.faces), dtype=bool)
    groups = [(f"{height} px", everybody, measured.from_afar(height)) for height in BOX_HEIGHTS_PX]
    return smile_rows(measured, [*groups, ("as photographed", everybody, measured.confidence("smile"))])


def by_pose(measured: Measured) -> str:
    """The smile as faces turn away, where the detector gave landmarks."""
    pose = np.array([frontality(face.detection) if face.detection.landmarks else np.nan for face in measured.faces])
    groups = [
        (
            f"{name} (frontality {low:g} to {min(high, 1):g})",
            (pose >= low) & (pose < high),
            measured.confidence("smile"),
        )
        for name, low, high in POSES
    ]
    return smile_rows(measured, groups)


def by_confidence(measured: Measured) -> str:
    """The reliability of the smile's confidence, bin by bin."""
    shows, confidence = measured.label == "happy", measured.confidence("smile")
    total, right, said = reliability(shows, confidence, np.ones(len(shows)))
    rows = [
        [
            f"{at / BINS:.2f} to {(at + 1) / BINS:.2f}",
            f"{total[at]:.0f}",
            f"{said[at] / total[at]:.3f}",
            f"{right[at] / total[at]:.3f}",
        ]
        for at in range(BINS)
        if total[at]
    ]
    return table(["confidence", "faces", "mean confidence", "share labelled happy"], rows)


def figures(measured: Measured) -> str:
    """Everything between the markers."""
    smiles, confidence = measured.label == "happy", measured.confidence("smile")
    error = with_interval(lambda weight: calibration_error(smiles, confidence, weight), measured.people)
    unseen = sum(not face.found for face in measured.faces)
    return "\n\n".join(
        [
            f"Model `{measured.scorer.name}`; {len(measured.faces)} faces of {len(set(measured.people))} held-out "
            f"people; on {unseen} of them the detector saw no face, and a typical box was taken. In brackets: 95 % "
            "intervals, bootstrap over people.",
            "### By expression",
            by_expression(measured),
            "### Reliability of the smile's confidence",
            f"Expected calibration error over {BINS} bins of equal width: {error}.",
            by_confidence(measured),
            "### By size of the face",
            "Height of the detector's box; photographs shrunk by area and enlarged again.",
            by_size(measured),
            "### By pose",
            "Frontality as `edge_lambda.crops.frontality` takes it from the detector's landmarks.",
            by_pose(measured),
        ]
    )


def main() -> None:
    """Measures and rewrites the card."""
    argparse.ArgumentParser(prog="python -m training.card", description=__doc__).parse_args()
    held_out = [photo for photo in read(default_corpus()) if part_of(photo.person) == "held out"]
    measured = Measured(find(held_out, CenterFace()), ExpressionNet(threads=2))
    card = CARD.read_text()
    before, _, rest = card.partition(BEGIN)
    _, _, after = rest.partition(END)
    CARD.write_text(f"{before}{BEGIN}\n\n{figures(measured)}\n\n{END}{after}")


if __name__ == "__main__":
    main()
