"""The tables of a household panel: who was there in each minute, guests, and programmes with reach and audience.

People stand in them by their ids and by what was typed of them, never by name. Smiles are there for members who
consented to joining them with their identity, and for nobody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from audience.export.tables import INSTANT, Cell, Column, ExportTable, table_of_rows
from audience.identity.presence import HouseholdPresence, Source
from audience.identity.programmes import Band, PanelFigures, ProgrammeFigures
from audience.time import from_ms, instant_text

_YES_NO: Final = "0 or 1"
_WHO = (
    Column(name="household_id", unit="", meaning="The household, which is a stage of the session, too."),
    Column(name="minute_start_utc", unit=INSTANT, meaning="Start of the minute, which is half open."),
)
_PRESENCE = (
    *_WHO,
    Column(name="person_id", unit="", meaning="The member, by an id that names nobody."),
    Column(name="typed", unit="", meaning="Sex and age as somebody typed them; never inferred from a face."),
    Column(name="set_on", unit=_YES_NO, meaning="Whether the set was on; empty if not known."),
    Column(name="by_button", unit=_YES_NO, meaning="Whether the member was logged in; empty while the set is off."),
    Column(name="by_face", unit=_YES_NO, meaning="Whether the member's own face was recognised; empty if not known."),
    Column(
        name="in_room",
        unit=_YES_NO,
        meaning="Whether the member was there as far as a camera can say; empty if no camera looked, or it is unsure.",
    ),
    Column(name="facing", unit="0..1", meaning="Part of the time in view in which the face was turned to the screen."),
    Column(
        name="smiling",
        unit="0..1",
        meaning="Part of the time in view in which the face smiled; empty without consent to joining expressions.",
    ),
    Column(
        name="unsure",
        unit=_YES_NO,
        meaning="Whether a camera looked and cannot say whether the member was there: one of two alike, or a face "
        "that is nobody's.",
    ),
    Column(name="private", unit=_YES_NO, meaning="Whether the household wanted privacy: then all else is empty."),
)
_MINUTES = (
    *_WHO,
    Column(name="set_on", unit=_YES_NO, meaning="Whether the set was on; empty if not known."),
    Column(name="uncovered", unit=_YES_NO, meaning="Whether the set was on and nobody was logged in."),
    Column(name="private", unit=_YES_NO, meaning="Whether the household wanted privacy."),
    Column(name="strangers", unit="faces", meaning="Mean number of faces in view that are no member's."),
)
_GUESTS = (
    *_WHO,
    Column(name="sex", unit="", meaning="Sex of the guests as typed; empty if it was not."),
    Column(name="ages", unit="", meaning="Ages of the guests as typed; empty if they were not."),
    Column(name="guests", unit="persons", meaning="Mean number of such guests logged in."),
)
_PROGRAMMES = (
    Column(name="programme", unit="", meaning="The segment of the timeline."),
    Column(name="source", unit="", meaning="button: who was logged in; camera: who was in the room."),
    Column(name="household_id", unit="", meaning="The household; empty for the whole panel."),
    Column(name="households", unit="households", meaning="Households with figures."),
    Column(name="members", unit="members", meaning="Members."),
    Column(name="counted", unit="members", meaning="Members who are known for at least half of the programme."),
    Column(name="length_min", unit="min", meaning="Length of the programme; of the panel, the longest."),
    Column(
        name="average_audience",
        unit="persons",
        meaning="Person-minutes watched / minutes known: members who watched at an average minute.",
    ),
    Column(name="rating", unit="0..1", meaning="Average audience / counted members."),
    Column(name="rating_low", unit="0..1", meaning="Lower end of its 95 % band between households; empty under five."),
    Column(name="rating_high", unit="0..1", meaning="Upper end of that band."),
    Column(name="reached", unit="members", meaning="Members who watched at least least_minutes of it, in total."),
    Column(name="reach", unit="0..1", meaning="Reached / counted members."),
    Column(name="reach_low", unit="0..1", meaning="Lower end of its 95 % band between households; empty under five."),
    Column(name="reach_high", unit="0..1", meaning="Upper end of that band."),
    Column(name="least_minutes", unit="min", meaning="Minutes that somebody watches to be reached."),
    Column(name="guests", unit="persons", meaning="Guests logged in at an average minute, beside the members."),
    Column(name="uncovered_min", unit="min", meaning="Minutes of it with the set on and nobody logged in."),
)


def presence_table(households: Sequence[HouseholdPresence]) -> ExportTable:
    """One row per household, minute and member."""
    rows: list[list[Cell]] = []
    for one in households:
        typed = {member.person_id: member.description(from_ms(int(one.start_ms[0]))) for member in one.members}
        for row, unsure in zip(one.rows(), one.unsure.ravel().tolist(), strict=True):
            flags = (row.set_on, row.by_button, row.by_face, row.in_room)
            rows.append(
                [
                    row.household_id,
                    _utc(row.minute_ms),
                    row.person_id,
                    typed[row.person_id],
                    *(None if flag is None else int(flag) for flag in flags),
                    row.facing,
                    row.smiling,
                    int(unsure),
                    int(row.private),
                ]
            )
    return table_of_rows("presence", _PRESENCE, rows)


def minutes_table(households: Sequence[HouseholdPresence]) -> ExportTable:
    """One row per household and minute."""
    rows: list[list[Cell]] = [
        [
            one.household.household_id,
            _utc(int(one.start_ms[at])),
            _flag(one.set_on[at]),
            _flag(one.uncovered[at]),
            int(one.private[at]),
            _cell(one.strangers[at]),
        ]
        for one in households
        for at in range(len(one.start_ms))
    ]
    return table_of_rows("minutes", _MINUTES, rows)


def guests_table(households: Sequence[HouseholdPresence]) -> ExportTable:
    """One row per household, minute and kind of guests who were logged in."""
    rows: list[list[Cell]] = [
        [one.household.household_id, _utc(int(one.start_ms[at])), sex, ages, float(count[at])]
        for one in households
        for (sex, ages), count in one.guests.items()
        for at in np.flatnonzero(np.nan_to_num(count)).tolist()
    ]
    return table_of_rows("guests", _GUESTS, rows)


def programmes_table(
    programmes: Sequence[tuple[str, Source, Sequence[ProgrammeFigures], PanelFigures]], least_minutes: int
) -> ExportTable:
    """One row per programme, source and household, and one for the whole panel.

    Args:
        programmes: title, source, the figures of each household, and those of the panel.
        least_minutes: by which reach was counted.
    """
    rows: list[list[Cell]] = []
    for title, source, households, panel in programmes:
        rows += [
            [
                title,
                source,
                one.household.household_id,
                int(one.counted > 0),
                len(one.members),
                one.counted,
                one.length_min,
                _cell(one.average_audience),
                *_band(Band(value=one.average_audience / one.counted if one.counted else float("nan"))),
                one.reach,
                *_band(Band(value=one.reach / one.counted if one.counted else float("nan"))),
                least_minutes,
                _cell(one.guests),
                one.uncovered_min,
            ]
            for one in households
        ]
        rows.append(
            [
                title,
                source,
                "",
                panel.households,
                panel.of_members,
                panel.members,
                max((one.length_min for one in households), default=None),
                _cell(panel.average_audience),
                *_band(panel.rating),
                sum(one.reach for one in households),
                *_band(panel.reach),
                least_minutes,
                _cell(panel.guests),
                sum(one.uncovered_min for one in households),
            ]
        )
    return table_of_rows("programmes", _PROGRAMMES, rows)


def _band(band: Band) -> list[Cell]:
    return [_cell(band.value), _cell(band.low), _cell(band.high)]


def _cell(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _flag(value: float) -> int | None:
    return None if np.isnan(value) else int(value)


def _utc(ms: int) -> str:
    return instant_text(from_ms(ms))
