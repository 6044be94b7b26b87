"""Reading recordings by presentation time.

    recording = open_recording(Path("talk.mp4"))
    for frame in recording.sample(every_s=1.0):
        process(frame.at_s, frame.image)
    if recording.ended_early:
        print(recording.ended_early)

The file is only open while it is probed or sampled, so a recording can be sampled repeatedly.
"""

from edge_lambda.recording.clock import TimedBy
from edge_lambda.recording.opening import Frame, Recording, open_recording
from edge_lambda.recording.start import Certainty, Start, start_of
from edge_lambda.recording.tally import ClockStep, EarlyEnd, Tally

__all__ = [
    "Certainty",
    "ClockStep",
    "EarlyEnd",
    "Frame",
    "Recording",
    "Start",
    "Tally",
    "TimedBy",
    "open_recording",
    "start_of",
]
