"""`python -m training.card`: measures the shipped model on held-out faces and writes the figures of MODEL_CARD.md.

Only the part between the two markers is replaced; the rest is written by hand.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_lambda.crops import SCORING, crop_for_scoring, frontality, resized
from edge_lambda.detectors import Image
from edge_lambda.detectors.load import load_detector
from edge_lambda.scorers.expressionnet import ExpressionNet
from training.corpus import EXPRESSIONS, default_corpora, read
from training.covering import Kind, covered_crop
from training.faces import Face, crop_landmarks, decoded, find
from training.measures import BINS, auc, balanced_accuracy, calibration_error, interval, reliability
from training.weighing import listed_sexes

CARD: Final = Path(__file__).with_name("MODEL_CARD.md")
BEGIN: Final = "<!-- figures: written by python -m training.card -->"
END: Final = "<!-- end of figures -->"
BOX_HEIGHTS_PX: Final = (8, 12, 16, 24, 32, 48, 64, 96)
POSES: Final = (("turned far", 0.0, 0.35), ("half turned", 0.35, 0.7), ("frontal", 0.7, 1.01))

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Measurement:
    """Held-out faces of one corpus, their crops, and the shipped scorer's confidences.

    Only faces on which more than half of those who labelled them saw the same.
    """

    def __init__(self, faces: Sequence[Face], scorer: ExpressionNet) -> None:
        """Crops and scores every face."""
        self.faces = [face for face in faces if face.photo.expression]
        self.scorer = scorer
        self.people = [face.photo.person for face in self.faces]
        self.label = np.array([face.photo.expression for face in self.faces])
        self.crops = [crop_for_scoring(decoded(face.photo), face.detection) for face in self.faces]
        self.confidences = scorer.read(self.crops)[0].astype(np.float64)

    @property
    def smiles(self) -> Bools:
        """Whether each face is labelled happy, (n,)."""
        return np.asarray(self.label == "happy")

    def confidence(self, expression: str) -> Floats:
        """The confidence of one expression, (n,)."""
        return self.confidences[:, self.scorer.expressions.index(expression)]

    def smile_of(self, crops: Sequence[Image]) -> Floats:
        """The smile's confidence of other crops of the same faces, (n,); NaN where the scorer abstains."""
        return self.scorer.score(crops)[:, self.scorer.expressions.index("smile")].astype(np.float64)

    def behind(self, kind: Kind, *, over_mouth: bool) -> list[Image]:
        """The crops with something drawn over the mouth, or elsewhere on the face.

        Unchanged where nothing was drawn that did.
        """
        drawn = [
            covered_crop(crop, points, seed=number, kind=kind, over_mouth=over_mouth)
            for number, (crop, points) in enumerate(zip(self.crops, crop_landmarks(self.faces), strict=True))
        ]
        return [crop if found is None else found for crop, found in zip(self.crops, drawn, strict=True)]


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
    """AUC and decisions of the smile in groups of faces: name, which faces, their confidences (NaN: abstained)."""
    rows = []
    for name, chosen, confidence in groups:
        kept = chosen & np.isfinite(confidence)
        shows = measurement.smiles[kept]
        decided = confidence[kept] >= measurement.scorer.thresholds["smile"]
        alike = np.ones(len(shows))
        figures = [auc(shows, confidence[kept], alike), balanced_accuracy(shows, decided, alike)]
        figures += [float(side.mean()) if len(side) else np.nan for side in (decided[shows], decided[~shows])]
        abstained = 1 - kept.sum() / max(chosen.sum(), 1)
        rows.append(
            [name, str(chosen.sum()), *(f"{value:.3f}" for value in figures), f"{abstained:.3f}"]
            if kept.any()
            else [name, str(chosen.sum()), "-", "-", "-", "-", f"{abstained:.3f}"]
        )
    return table(["", "faces", "smile AUC", "balanced accuracy", "seen", "false smiles", "abstained"], rows)


def by_size(measurement: Measurement) -> str:
    """The smile's figures by size of the face."""
    everybody = np.ones(len(measurement.faces), dtype=bool)
    groups = []
    for height in BOX_HEIGHTS_PX:
        pixels = max(round(height * SCORING.scale), 1)
        small = [resized(resized(crop, min(pixels, len(crop))), SCORING.size) for crop in measurement.crops]
        groups.append((f"{height} px", everybody, measurement.smile_of(small)))
    return smile_rows(measurement, [*groups, ("as photographed", everybody, measurement.smile_of(measurement.crops))])


def by_picture(measurement: Measurement) -> str:
    """The smile's figures in bad light, out of focus, and on heads that lean."""
    everybody = np.ones(len(measurement.faces), dtype=bool)
    changes: list[tuple[str, Callable[[Image], Image]]] = [
        ("dark: a quarter of the light", lambda crop: np.asarray(crop * 0.25, dtype=np.uint8)),
        ("bright: clipped at two thirds", lambda crop: np.asarray(np.minimum(crop * 1.5, 255), dtype=np.uint8)),
        ("light from a side", _lit_from_a_side),
        ("blurred, 1 px of 48", partial(_blurred, sigma=1.0)),
        ("blurred, 2 px of 48", partial(_blurred, sigma=2.0)),
        ("leaning 15°", partial(_leaning, degrees=15)),
        ("leaning 30°", partial(_leaning, degrees=30)),
    ]
    groups = [
        (name, everybody, measurement.smile_of([change(crop) for crop in measurement.crops]))
        for name, change in changes
    ]
    return smile_rows(measurement, groups)


def _lit_from_a_side(crop: Image) -> Image:
    light = np.linspace(0.3, 1.2, crop.shape[1])[None, :, None]
    return np.clip(crop * light, 0, 255).astype(np.uint8)


def _blurred(crop: Image, sigma: float) -> Image:
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), sigma), dtype=np.uint8)


def _leaning(crop: Image, degrees: float) -> Image:
    middle = (len(crop) - 1) / 2
    turn = cv2.getRotationMatrix2D((middle, middle), degrees, 1)
    return np.asarray(cv2.warpAffine(crop, turn, crop.shape[:2], borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)


def by_covering(measurement: Measurement) -> str:
    """The smile's figures with something drawn on the face."""
    everybody = np.ones(len(measurement.faces), dtype=bool)
    wanted: list[tuple[str, Kind, bool]] = [
        ("sunglasses", "glasses", False),
        ("a hand, not over the mouth", "hand", False),
        ("something else, not over the mouth", "bar", False),
        ("a mask over the mouth", "mask", True),
        ("a hand over the mouth", "hand", True),
        ("something else over the mouth", "bar", True),
    ]
    groups = [
        (name, everybody, measurement.smile_of(measurement.behind(kind, over_mouth=over_mouth)))
        for name, kind, over_mouth in wanted
    ]
    return smile_rows(measurement, groups)


def by_pose(measurement: Measurement) -> str:
    """The smile's figures by pose, where the detector gave landmarks."""
    pose = np.array([frontality(face.detection) if face.detection.landmarks else np.nan for face in measurement.faces])
    smiles = measurement.smile_of(measurement.crops)
    groups = [
        (f"{name} (frontality {low:g} to {min(high, 1):g})", (pose >= low) & (pose < high), smiles)
        for name, low, high in POSES
    ]
    return smile_rows(measurement, groups)


def by_sex(measurement: Measurement) -> str:
    """The smile's figures of women and men, where public lists know the people."""
    sexes = listed_sexes()
    sex = np.array([sexes.get(person, "") for person in measurement.people])
    smiles = measurement.smile_of(measurement.crops)
    return smile_rows(measurement, [("women", sex == "f", smiles), ("men", sex == "m", smiles)])


def by_confidence(measurement: Measurement) -> str:
    """The reliability of the smile's confidence, bin by bin."""
    shows, confidence = measurement.smiles, measurement.confidence("happy")
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


def accuracy(measurement: Measurement, weight: Floats) -> float:
    """Share of the faces whose most confident expression is the labelled one."""
    columns = [measurement.scorer.expressions.index(name) for name in EXPRESSIONS]
    said = np.array(EXPRESSIONS)[measurement.confidences[:, columns].argmax(axis=1)]
    return float(np.average(said == measurement.label, weights=weight))


def figures(people: Measurement, web: Measurement) -> str:
    """The text between the markers.

    Args:
        people: press photographs of people who were held out.
        web: the part "valid" of FER+.
    """
    smiles, confidence = people.smiles, people.confidence("happy")
    error = with_interval(lambda weight: calibration_error(smiles, confidence, weight), people.people)
    unseen = [sum(not face.found for face in measurement.faces) for measurement in (people, web)]
    parts = [
        f"Model `{people.scorer.name}`. Press: {len(people.faces)} faces of {len(set(people.people))} held-out people; "
        f"on {unseen[0]} of them the detector saw no face, and a typical box was taken. Web: {len(web.faces)} faces of "
        f'the part "valid" of FER+ of which more than half of the votes agree; {unseen[1]} not seen. In brackets: 95 % '
        "intervals, bootstrap over people (web: over pictures).",
        "### By expression, press",
        by_expression(people),
        "### By expression, web",
        f"Accuracy over {len(EXPRESSIONS)} expressions: {with_interval(partial(accuracy, web), web.people)}.",
        by_expression(web),
        "### Reliability of the smile's confidence, press",
        f"Expected calibration error over {BINS} bins of equal width: {error}.",
        by_confidence(people),
    ]
    for title, words, rows in (
        ("By size of the face", "Height of the detector's box; crops shrunk by area and enlarged again.", by_size),
        ("By light, focus and roll", "", by_picture),
        (
            "By what is in front of the face",
            "Drawn by `training.covering`. The scorer should abstain from a covered mouth.",
            by_covering,
        ),
        ("By pose", "Frontality as `edge_lambda.crops.frontality` takes it from the detector's landmarks.", by_pose),
    ):
        for name, measurement in (("press", people), ("web", web)):
            parts += [f"### {title}, {name}", *([words] if words else []), rows(measurement)]
    parts += ["### By sex, press", by_sex(people)]
    return "\n\n".join(parts)


def main() -> None:
    """Measures the model and rewrites the card."""
    argparse.ArgumentParser(prog="python -m training.card", description=__doc__).parse_args()
    scorer = ExpressionNet(threads=2)
    people, web = (
        Measurement(find([photo for photo in read(corpus) if photo.part == "held out"], load_detector()), scorer)
        for corpus in default_corpora()
    )
    card = CARD.read_text()
    before, _, rest = card.partition(BEGIN)
    _, _, after = rest.partition(END)
    CARD.write_text(f"{before}{BEGIN}\n\n{figures(people, web)}\n\n{END}{after}")


if __name__ == "__main__":
    main()
