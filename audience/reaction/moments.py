"""Moments: the few places of a session that stand out more than chance allows in a session of its length."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from audience.language import decimal, gettext, ngettext, whole
from audience.percents import percent
from audience.reaction.baseline import baseline
from audience.reaction.curve import ReactionCurve, StageWindows, smoothed_curve
from audience.reaction.headline import about_text, did, where_text
from audience.reaction.prominence import NoMomentsReason, Outlier, find_outliers, no_outliers_reason
from audience.reaction.steps import STRETCH, Steps

Floats = NDArray[np.float64]

Kind = Literal["peak", "dip", "turn"]

MOST = 7
_VERY_SURE = 0.005  # p-value: one in two hundred sessions in which nothing happens


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A peak, dip or turn that stands out.

    Attributes:
        number: 1 for the first in time.
        kind: "peak" or "dip" of the smoothed share, or "turn" for its steepest rise or fall.
        place: index of its window on the axis of the `StageWindows`.
        first, last: the windows it covers: those at least half as far from the usual share, or the stretches before and
            after a turn.
        session_s: seconds from the session's start to `place`.
        timeline_s: timeline second there; NaN if nothing was shown.
        segment: title of the segment; "" for none.
        share, share_low, share_high: the smoothed share and its band at `place`; of a turn, right after it.
        change: `share` less the moving median; of a turn, the stretch after less the stretch before.
        stretch_s: the stretch that the share is averaged over, seconds.
        faces: mean number of faces in view at `place`.
        p_value: probability that any place of such a session stands out as far by chance.
        sure: the certainty in words: "very sure" or "fairly sure".
        sentence: a description in one sentence, as `sure` in the language in use when the moments were found.
    """

    number: int
    kind: Kind
    place: int
    first: int
    last: int
    session_s: float
    timeline_s: float
    segment: str
    share: float
    share_low: float
    share_high: float
    change: float
    stretch_s: float
    faces: float
    p_value: float
    sure: str
    sentence: str


def moments(windows: StageWindows, expression: str) -> tuple[Moment, ...]:
    """Finds the moments of a stage: peaks and dips, and the steepest turn unless it belongs to one of them.

    The family-wise error rate is 4 % per session, under the null model of independent people (`reaction.prominence`).
    So 96 % of sessions in which nothing happens have no moment, whatever their length, number of faces or expression.

    Args:
        windows: the stage's windows, preferably not widened.
        expression: the expression.

    Returns:
        At most `MOST`, in order of time; none if nothing stands out, the session is too short, or there are no figures.
    """
    if expression not in windows.expressions:
        return ()
    steps = Steps.of(windows, expression)
    deviations, turn = find_outliers(steps)
    if turn is not None and any(_one_event(one, turn) for one in deviations):
        turn = None
    if not deviations and turn is None:
        return ()
    builder = _MomentBuilder.of(windows, expression, steps.windows_per_step)
    # In a constant stretch the noise is 0, and any difference is significant: require one percent point.
    apart = [moment for one in deviations if percent((moment := builder.deviation(one)).change * one.sign) >= 1]
    found = apart[: MOST - (turn is not None)]
    if turn is not None:
        found.append(builder.turn(turn))
    in_time = sorted(found, key=lambda moment: moment.place)
    return tuple(replace(moment, number=number) for number, moment in enumerate(in_time, start=1))


def no_moments_reason(windows: StageWindows, expression: str) -> NoMomentsReason:
    """Why no moment can be detected: "" if one could be, "too short" under 45 s of figures, "too few faces" if even a
    reaction of all of them would be within chance."""
    return no_outliers_reason(Steps.of(windows, expression)) if expression in windows.expressions else "too short"


def _one_event(deviation: Outlier, turn: Outlier) -> bool:
    """Whether a turn is the edge of a peak or dip: their stretches are adjacent or overlap."""
    return deviation.first - 2 * STRETCH <= turn.step <= deviation.last + 2 * STRETCH


@dataclass(frozen=True, slots=True, kw_only=True)
class _MomentBuilder:
    """Builds moments from outliers.

    Attributes:
        windows, expression: the data.
        stretch_s: the stretch of the detection, seconds.
        curve: the curve smoothed over `stretch_s`.
        usual: (n,) the moving median of the share.
        size: windows per step.
    """

    windows: StageWindows
    expression: str
    stretch_s: float
    curve: ReactionCurve
    usual: Floats
    size: int

    @classmethod
    def of(cls, windows: StageWindows, expression: str, size: int) -> Self:
        stretch_s = STRETCH * size * windows.width_ms / 1000
        return cls(
            windows=windows,
            expression=expression,
            curve=smoothed_curve(windows, expression, stretch_s),
            stretch_s=stretch_s,
            usual=baseline(windows, expression, "moving median").share,
            size=size,
        )

    def deviation(self, one: Outlier) -> Moment:
        """Builds a peak or dip, at the most extreme window of its step."""
        share = self.curve.share[one.step * self.size : (one.step + 1) * self.size]
        place = one.step * self.size + int(np.nanargmax(one.sign * share))
        change = float(self.curve.share[place] - self.usual[place])
        points = percent(abs(change))
        values = {
            "where": where_text(self.windows, place),
            "share": about_text(self.curve, place),
            "faces": whole(round(self.windows.faces[place])),
            "did": did(self.expression),
        }
        if one.sign > 0:
            sentence = ngettext(
                "Peak {where}: {share} of {faces} faces {did}, {count} point above the minutes around it.",
                "Peak {where}: {share} of {faces} faces {did}, {count} points above the minutes around it.",
                points,
                **values,
            )
        else:
            sentence = ngettext(
                "Dip {where}: {share} of {faces} faces {did}, {count} point below the minutes around it.",
                "Dip {where}: {share} of {faces} faces {did}, {count} points below the minutes around it.",
                points,
                **values,
            )
        return self._moment("peak" if one.sign > 0 else "dip", one, place, change, sentence)

    def turn(self, one: Outlier) -> Moment:
        """Builds a turn; its share is that of the stretch after it."""
        halfway = STRETCH * self.size // 2
        place = one.step * self.size
        after = self._nearest_known(min(place + halfway, len(self.curve.share) - 1))
        before = self._nearest_known(max(place - halfway - 1, 0))
        share_before, share_after = float(self.curve.share[before]), float(self.curve.share[after])
        values = {
            "where": where_text(self.windows, place),
            "before": about_text(self.curve, before, interval=False),
            "after": about_text(self.curve, after, interval=False),
            "did": did(self.expression),
            "seconds": decimal(self.stretch_s, 1),
        }
        if one.sign > 0:
            sentence = gettext(
                "Steepest rise {where}: {before} of the faces {did} in the {seconds} s before it, {after} in the "
                "{seconds} s after it.",
                **values,
            )
        else:
            sentence = gettext(
                "Steepest fall {where}: {before} of the faces {did} in the {seconds} s before it, {after} in the "
                "{seconds} s after it.",
                **values,
            )
        return self._moment("turn", one, place, share_after - share_before, sentence, shown_at=after)

    def _nearest_known(self, place: int) -> int:
        known = np.flatnonzero(~np.isnan(self.curve.share))
        return int(known[np.abs(known - place).argmin()])

    def _moment(
        self, kind: Kind, one: Outlier, place: int, change: float, sentence: str, *, shown_at: int | None = None
    ) -> Moment:
        shown_at = place if shown_at is None else shown_at
        return Moment(
            number=1,
            kind=kind,
            place=place,
            first=one.first * self.size,
            last=min((one.last + 1) * self.size, len(self.curve.share)) - 1,
            session_s=float(self.windows.session_s[place]),
            timeline_s=float(self.windows.timeline_s[place]),
            segment=self.windows.segment_title(int(self.windows.segment[place])),
            share=float(self.curve.share[shown_at]),
            share_low=float(self.curve.share_low[shown_at]),
            share_high=float(self.curve.share_high[shown_at]),
            change=change,
            stretch_s=self.stretch_s,
            faces=float(self.windows.faces[shown_at]),
            p_value=one.p_value,
            sure=gettext("very sure") if one.p_value <= _VERY_SURE else gettext("fairly sure"),
            sentence=sentence,
        )
