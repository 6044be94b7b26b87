"""What was found of a recording while it was read, in words: seconds lost, times mended or assumed."""

from __future__ import annotations

from audience.time import clock_text
from edge_lambda.recording import Recording
from edge_lambda.recording.opening import ASSUMED_FPS

# A camera that took no picture for less is not worth a word.
_PAUSE_S = 10
# Of each kind, so many are told one by one.
_ONE_BY_ONE = 3


def remarks_of(recording: Recording, *, until_s: float) -> list[str]:
    """What is to be known of a recording's time and of what was lost, a line each.

    Args:
        recording: as far as it was sampled.
        until_s: recording seconds that are scored.
    """
    tally, lines = recording.tally, []
    if recording.timed_by == "frame rate":
        rate = f"{recording.fps or ASSUMED_FPS:g} pictures a second"
        by = f"an assumed rate of {rate}" if recording.rate_is_assumed else f"a rate of {rate}"
        lines.append(f"The file keeps no times: they follow from {by}. Give the true rate with --frame-rate.")
    told = [step for step in tally.steps if step.kind != "pause" or step.by_s >= _PAUSE_S]
    for step in told[:_ONE_BY_ONE]:
        if step.kind == "pause":
            lines.append(
                f"Between {clock_text(step.at_s - step.by_s)} and {clock_text(step.at_s)} there is no picture "
                f"({step.by_s:.0f} s)."
            )
        else:
            way = "back" if step.by_s < 0 else "forward"
            lines.append(
                f"At {clock_text(step.at_s)} the recording's clock was set {way} by {clock_text(abs(step.by_s))}: its "
                "seconds go on without a gap."
            )
    if more := len(told[_ONE_BY_ONE:]):
        lines.append(f"Its clock was set, or it paused, {more} more times.")
    if tally.wrong_stamps:
        pictures = "1 picture" if tally.wrong_stamps == 1 else f"{tally.wrong_stamps} pictures"
        lines.append(f"The times of {pictures} were wrong, and were put right by those around them.")
    if lost_s := tally.lost_s(until_s):
        where = ", ".join(f"{clock_text(begin)} to {clock_text(until)}" for begin, until in tally.lost[:_ONE_BY_ONE])
        more = len(tally.lost) - _ONE_BY_ONE
        where = f"{where} and {more} more" if more > 0 else where
        why = "encrypted" if tally.encrypted else "damaged, or lost on the way"
        lines.append(f"For {lost_s:.0f} s no picture could be decoded ({where}): they are {why}.")
    if recording.ended_early:
        lines.append(str(recording.ended_early))
    return lines
