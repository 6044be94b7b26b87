"""`python -m training.card`: measures the shipped model on held-out people and writes the figures of MODEL_CARD.md.

Only the part between the two markers is replaced; the rest is written by hand.
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


class Measurement:
    """Held-out faces, their crops, and the shipped scorer's confidences."""

    def __init__(self, faces: Sequence[Face], scorer: ExpressionNet) -> None:
        """Crops and scores every face."""
        self.faces = list(faces)
        self.scorer = scorer
        self.people = [face.photo.person for face in faces]
        self.label = np.array([face.photo.expression for face in faces])
        self.crops = [crop_for_scoring(decoded(face.photo), face.detection) for face in faces]
        self.confidences = scorer.score(self.crops).astype(np.float64)

    def confidence(self, expression: str) -> Floats:
        """The confidence of one expression, (n,)."""
        return self.confidences[:, self.scorer.expressions.index(expression)]

    def from_afar(self, box_height: int) -> Floats:
        """The smile's confidence after scaling each face's box to this height in pixels, (n,)."""
        pixels = max(round(box_height * SCORING.scale), 1)
        small: list[Image] = [resized(resized(crop, pixels), SCORING.size) for crop in self.crops]
        return self.scorer.score(small)[:, self.scorer.expressions.index("smile")].astype(np.float64)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Formats a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def with_interval(measure: Callable[[Floats], float], people: Sequence[str]) -> str:
    """Formats a figure with its 95 % interval."""
    low, high = interval(measure, people)
    return f"{measure(np.ones(len(people))):.3f} ({low:.3f} to {high:.3f})"


def by_expression(measurement: Measurement) -> str:
    """AUC, threshold and decisions of every expression."""
    rows = []
    for name in EXPRESSIONS:
        shows, confidence = measurement.label == name, measurement.confidence(name)
        threshold = measurement.scorer.thresholds[name]
        decided = confidence >= threshold
        row = [name, str(shows.sum()), "-", f"{threshold:.3f}", "-", "-", "-"]
        if 0 < shows.sum() < len(shows):
            row[2] = with_interval(partial(auc, shows, confidence), measurement.people)
            row[4] = with_interval(partial(balanced_accuracy, shows, decided), measurement.people)
            row[5], row[6] = f"{decided[shows].mean():.3f}", f"{decided[~shows].mean():.3f}"
        rows.append([*row, "experimental" if name in measurement.scorer.experimental else ""])
    head = ["expression", "faces", "AUC", "threshold", "balanced accuracy", "seen", "false alarms", ""]
    return table(head, rows)


def smile_rows(measurement: Measurement, groups: Sequence[tuple[str, Bools, Floats]]) -> str:
    """AUC and decisions of the smile in groups of faces: name, which faces, their confidences."""
    rows = []
    for name, chosen, confidence in groups:
        shows = (measurement.label == "happy")[chosen]
        decided = confidence[chosen] >= measurement.scorer.thresholds["smile"]
        alike = np.ones(len(shows))
        accuracy = balanced_accuracy(shows, decided, alike)
        figures = [f"{figure:.3f}" for figure in (auc(shows, confidence[chosen], alike), accuracy)]
        rows.append([name, str(len(shows)), *figures, f"{decided.mean() - shows.mean():+.3f}"])
    return table(["", "faces", "smile AUC", "balanced accuracy", "share said - true share"], rows)


def by_size(measurement: Measurement) -> str:
    """The smile's figures by size of the face."""
    everybody = np.ones(len(measurement.faces), dtype=bool)
    groups = [(f"{height} px", everybody, measurement.from_afar(height)) for height in BOX_HEIGHTS_PX]
    return smile_rows(measurement, [*groups, ("as photographed", everybody, measurement.confidence("smile"))])


def by_pose(measurement: Measurement) -> str:
    """The smile's figures by pose, where the detector gave landmarks."""
    pose = np.array([frontality(face.detection) if face.detection.landmarks else np.nan for face in measurement.faces])
    groups = [
        (
            f"{name} (frontality {low:g} to {min(high, 1):g})",
            (pose >= low) & (pose < high),
            measurement.confidence("smile"),
        )
        for name, low, high in POSES
    ]
    return smile_rows(measurement, groups)


def by_confidence(measurement: Measurement) -> str:
    """The reliability of the smile's confidence, bin by bin."""
    shows, confidence = measurement.label == "happy", measurement.confidence("smile")
    total, right, confidence_sum = reliability(shows, confidence, np.ones(len(shows)))
    rows = [
        [
            f"{at / BINS:.2f} to {(at + 1) / BINS:.2f}",
            f"{total[at]:.0f}",
            f"{confidence_sum[at] / total[at]:.3f}",
            f"{right[at] / total[at]:.3f}",
        ]
        for at in range(BINS)
        if total[at]
    ]
    return table(["confidence", "faces", "mean confidence", "share labelled happy"], rows)


def figures(measurement: Measurement) -> str:
    """The text between the markers."""
    smiles, confidence = measurement.label == "happy", measurement.confidence("smile")
    error = with_interval(lambda weight: calibration_error(smiles, confidence, weight), measurement.people)
    unseen = sum(not face.found for face in measurement.faces)
    return "\n\n".join(
        [
            f"Model `{measurement.scorer.name}`; {len(measurement.faces)} faces of "
            f"{len(set(measurement.people))} held-out "
            f"people; on {unseen} of them the detector saw no face, and a typical box was taken. In brackets: 95 % "
            "intervals, bootstrap over people.",
            "### By expression",
            by_expression(measurement),
            "### Reliability of the smile's confidence",
            f"Expected calibration error over {BINS} bins of equal width: {error}.",
            by_confidence(measurement),
            "### By size of the face",
            "Height of the detector's box; photographs shrunk by area and enlarged again.",
            by_size(measurement),
            "### By pose",
            "Frontality as `edge_lambda.crops.frontality` takes it from the detector's landmarks.",
            by_pose(measurement),
        ]
    )


def main() -> None:
    """Measures the model and rewrites the card."""
    argparse.ArgumentParser(prog="python -m training.card", description=__doc__).parse_args()
    held_out = [photo for photo in read(default_corpus()) if part_of(photo.person) == "held out"]
    measurement = Measurement(find(held_out, CenterFace()), ExpressionNet(threads=2))
    card = CARD.read_text()
    before, _, rest = card.partition(BEGIN)
    _, _, after = rest.partition(END)
    CARD.write_text(f"{before}{BEGIN}\n\n{figures(measurement)}\n\n{END}{after}")


if __name__ == "__main__":
    main()
