"""What the default detector sees where there is nobody, and how many people it sees in other clips.

One frame a second of each clip; the animated picture, which lasts three seconds, five times a second.
"""

from __future__ import annotations

from statistics import median

from bench.figures import Figure
from edge_lambda.detectors.load import load_detector
from edge_lambda.recording import open_recording
from training.corpus import data_folder

NEEDS = ("data",)

CLIPS = (("classroom.gif", 0.2), ("facenet_pytorch_video_1080p_105f.mp4", 1.0), ("WolfgangLanger_Pexels.mp4", 1.0))


def run() -> list[Figure]:
    """Counts faces."""
    clips = data_folder() / "clips"
    detector = load_detector()
    empty = [len(detector.detect(frame.image)) for frame in open_recording(clips / "no_face.mp4").sample(1.0)]
    figures = [
        Figure(name=f"faces in {len(empty)} frames of no_face.mp4", value=sum(empty), reach=0, direction="exactly")
    ]
    for name, every_s in CLIPS:
        counts = [len(detector.detect(frame.image)) for frame in open_recording(clips / name).sample(every_s)]
        figures.append(Figure(name=f"median faces a frame, {len(counts)} frames of {name}", value=median(counts)))
    return figures
