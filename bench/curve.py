"""How close the measured share of smiles comes to the true one, second by second, over the whole path.

Seat clips are made from photographs of the held-out fifth of the people (nobody the network was trained on) by the
audience maker beside the evaluation data; its script says who smiles when. Each clip goes through the path a recording
takes: decode, find faces, follow them, cut, score, sum up in windows. The clip that comes with the data,
`clips/audience.mp4`, is measured too; its people are drawn from everybody, so most of them were trained on.

Photographs that stand still flatter an estimator that knows each track's resting level, so two more clips have faces
that move (`bench.moving_faces`). Their smiles come and go within a second, of which the path sees one picture: the
truth is that of this picture, and how far the share is from the mean of the second is a figure of its own.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from audience.reaction.corrected_share import WholeEstimator
from audience.windows import Tally
from bench.figures import Figure
from bench.moving_faces import write_moving_clip
from edge_lambda.correction import PictureCorrector
from edge_lambda.detectors import Detector
from edge_lambda.detectors.load import load_detector
from edge_lambda.pipeline import CameraKey, ScoredWindow, TimedFrame, scored_windows
from edge_lambda.recording import open_recording
from edge_lambda.scorers.expressionnet import ExpressionNet
from edge_lambda.tracking import Tracker
from training.corpus import LABELS, Photo, data_folder, default_corpus, read

NEEDS = ("data",)

NEEDED_CORRELATION: Final = 0.985
NEEDED_ERROR: Final = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatClip:
    """A clip the audience maker is asked for.

    Attributes:
        seats: columns x rows, as the maker takes it.
        photo_px: side of a seat's photograph, pixels, so that neighbours do not overlap.
        seed: of the script and the cast.
    """

    seats: str
    photo_px: int
    seed: int

    @property
    def name(self) -> str:
        """The clip in words."""
        columns, rows = map(int, self.seats.split("x"))
        return f"{columns * rows} seats"


SEAT_CLIPS: Final = (
    SeatClip(seats="6x4", photo_px=150, seed=101),
    SeatClip(seats="10x6", photo_px=110, seed=102),
    SeatClip(seats="4x3", photo_px=150, seed=103),
    SeatClip(seats="12x8", photo_px=95, seed=104),
    SeatClip(seats="8x5", photo_px=130, seed=105),
    SeatClip(seats="15x10", photo_px=80, seed=106),
)

MOVING: Final = {"24 moving faces": (6, 4), "12 moving faces": (4, 3)}
"""Columns and rows of the clips whose faces move."""


def scored_clip(clip: Path, detector: Detector, scorer: ExpressionNet) -> list[ScoredWindow]:
    """The windows of a clip, as its recording is scored."""
    frames = (
        TimedFrame(at_ms=round(frame.at_s * 1000), image=frame.image) for frame in open_recording(clip).sample(1.0)
    )
    return list(
        scored_windows(
            frames,
            camera=CameraKey(session_id="bench", stage_id="seats", camera_id="front", written_ms=0),
            corrector=PictureCorrector(detector),
            tracker=Tracker(run="bench"),
            scorer=scorer,
        )
    )


def smile_tallies(
    windows: Sequence[ScoredWindow], tallies: Sequence[Mapping[str, Tally]] | None = None
) -> dict[int, Tally]:
    """The tally of smiles in every second of a clip in which a face was scored, by second of the clip.

    Args:
        windows: of the clip.
        tallies: of each; None for those that it was stored with.
    """
    found = tallies or [window.record.tallies for window in windows]
    by_second = {window.record.start_ms // 1000: one for window, one in zip(windows, found, strict=True)}
    return {second: one["smile"] for second, one in by_second.items() if "smile" in one}


def estimated_again(windows: Sequence[ScoredWindow], scorer: ExpressionNet) -> dict[int, Tally]:
    """The same tallies, estimated over the whole clip, as they are once a recording is finished."""
    faces = [window.faces for window in windows]
    whole = WholeEstimator({"smile": scorer.score_tables["smile"]})
    whole.look_back(faces)
    return smile_tallies(windows, whole.corrected([window.record.tallies for window in windows], faces))


@contextmanager
def held_out_clips(detector: Detector) -> Iterator[list[tuple[str, Path, Path]]]:
    """Makes the clips in a temporary folder: name, clip and truth of each.

    Args:
        detector: finds the landmarks of faces that are to move.
    """
    maker = data_folder().parent / "tools" / "make_audience.py"
    photos = [photo for photo in read(default_corpus()) if photo.part == "held out"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        _write_photos(photos, folder / "people")
        made = []
        for clip in SEAT_CLIPS:
            video, truth = folder / f"{clip.seats}.mp4", folder / f"{clip.seats}.csv"
            options = ["--seats", clip.seats, "--photo", str(clip.photo_px), "--seed", str(clip.seed)]
            command = [sys.executable, str(maker), str(folder / "people"), str(video), str(truth), *options]
            subprocess.run(command, check=True)
            made.append((clip.name, video, truth))
        for seed, (name, seats) in enumerate(MOVING.items(), start=201):
            video, truth = folder / f"{name}.mp4", folder / f"{name}.csv"
            write_moving_clip(photos, detector, video, truth, seats=seats, seed=seed)
            made.append((name, video, truth))
        yield made


def figures_of(name: str, clip: Path, truth: Path, detector: Detector, scorer: ExpressionNet) -> list[Figure]:
    """Correlation, error and bias of one clip, over the seconds in which somebody is there.

    Of the share that pages show: the corrected one as it arrives live, and as it is estimated over the whole once a
    recording is finished, with the raw one beside them, where the scorer's model file has a table of its errors.
    """
    with truth.open() as file:
        rows = {int(row["second"]): row for row in csv.DictReader(file)}
    true_share = {second: float(row["share"]) for second, row in rows.items()}
    windows = scored_clip(clip, detector, scorer)
    measured = smile_tallies(windows)
    seconds = sorted(true_share.keys() & measured.keys())
    true = np.array([true_share[second] for second in seconds])
    tallies = [measured[second] for second in seconds]
    raw = np.array([tally.over / tally.faces for tally in tallies])
    shares = {"share": raw}
    if tallies and all(tally.estimate is not None for tally in tallies):
        again = estimated_again(windows, scorer)
        shares = {
            "share": _estimates(tallies),
            "share estimated over the whole": _estimates([again[second] for second in seconds]),
            "raw share": raw,
        }
    figures = []
    for of, said in shares.items():
        held = of != "raw share"
        figures += [
            Figure(
                name=f"{name}: correlation of the {of} of smiles with the truth",
                value=float(np.corrcoef(true, said)[0, 1]),
                reach=NEEDED_CORRELATION if held else None,
            ),
            Figure(
                name=f"{name}: mean absolute error of the {of}",
                value=float(np.abs(said - true).mean()),
                reach=NEEDED_ERROR if held else None,
                direction="at most",
            ),
            Figure(name=f"{name}: mean error (bias) of the {of}", value=float((said - true).mean())),
        ]
    if all("mean_share" in row for row in rows.values()):
        over_second = np.array([float(rows[second]["mean_share"]) for second in seconds])
        apart = float(np.abs(shares["share"] - over_second).mean())
        figures.append(Figure(name=f"{name}: mean absolute error of the share, of the second's mean", value=apart))
    return [*figures, Figure(name=f"{name}: seconds compared", value=len(seconds), unit="s", reach=len(true_share))]


def _estimates(tallies: Sequence[Tally]) -> NDArray[np.float64]:
    return np.array([(tally.estimate or 0.0) / tally.faces for tally in tallies])


def run() -> Iterator[Figure]:
    """Makes the clips, runs the path on them and compares."""
    detector, scorer = load_detector(doubtful=True), ExpressionNet()
    given = data_folder() / "clips" / "audience.mp4"
    with held_out_clips(detector) as clips:
        for name, video, truth in [*clips, ("the clip of the data", given, given.with_suffix(".csv"))]:
            yield from figures_of(name, video, truth, detector, scorer)


def _write_photos(photos: list[Photo], folder: Path) -> None:
    """Writes photographs as the audience maker reads them."""
    folder.mkdir()
    with (folder / LABELS).open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "expression", "person"])
        rows.writerows([photo.file, photo.expression, photo.person] for photo in photos)
    for photo in photos:
        target = folder / photo.file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(photo.jpeg)
