"""The columns of the archive's tables: types, units and meanings.

`infra/archive.yaml` declares the same columns for Athena; a test compares both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audience.faces import EXPRESSIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveColumn:
    """A column of the archive.

    Attributes:
        name: name of the column.
        kind: its type in Hive.
        unit: its unit; "" for none.
        meaning: description, one sentence.
    """

    name: str
    kind: str
    unit: str = ""
    meaning: str


def _sums(of: str) -> tuple[ArchiveColumn, ...]:
    """The additive columns of every expression: rows can be summed."""
    return tuple(
        ArchiveColumn(name=f"{name}_{what}", kind=kind, unit=unit, meaning=meaning.format(name=name, of=of))
        for name in EXPRESSIONS
        for what, kind, unit, meaning in (
            (
                "over",
                "int",
                "faces",
                "Faces that show {name}: {of}; share = over / scored. Empty where withheld, and of "
                "few faces where nearly none or nearly all show it.",
            ),
            ("scored", "int", "faces", "Faces scored for {name}: {of}. Empty where withheld."),
            ("total", "double", "", "Sum of their confidences: {of}; level = total / scored. Empty where withheld."),
        )
    )


_SESSION_ID = ArchiveColumn(name="session_id", kind="string", meaning="The session.")
_CUT = ArchiveColumn(name="cut", kind="string", meaning="Which cut of it.")
_CITY = ArchiveColumn(name="city", kind="string", meaning="Where people watched.")

_KEY = (
    _SESSION_ID,
    ArchiveColumn(name="stage_id", kind="string", meaning="The stage, the place people watched from."),
    ArchiveColumn(name="film", kind="string", meaning="What was shown, as the session has it."),
    _CUT,
    _CITY,
    ArchiveColumn(name="scorer", kind="string", meaning="What scored the expressions; compare within one only."),
)

WINDOWS = (
    *_KEY,
    ArchiveColumn(name="window_start", kind="timestamp", unit="UTC", meaning="Start of the window, half open."),
    ArchiveColumn(name="window_s", kind="double", unit="s", meaning="Its width."),
    ArchiveColumn(name="session_s", kind="double", unit="s", meaning="Seconds from the session's start."),
    ArchiveColumn(name="timeline_s", kind="double", unit="s", meaning="Seconds of what was shown; empty in a pause."),
    ArchiveColumn(name="segment", kind="string", meaning="Title of the slide, scene or song shown then."),
    ArchiveColumn(name="faces", kind="int", unit="faces", meaning="Tracks in view; 0 where nobody was."),
    ArchiveColumn(name="expected", kind="int", unit="faces", meaning="Faces expected; coverage = faces / expected."),
    ArchiveColumn(name="excluded", kind="boolean", meaning="Whether somebody left the window out of every figure."),
    *_sums("of the window"),
)

SEGMENTS = (
    *_KEY,
    ArchiveColumn(name="timeline", kind="string", meaning="The timeline the segment is of, the stage's first."),
    ArchiveColumn(name="place", kind="int", meaning="Its place in that timeline, from 0."),
    ArchiveColumn(name="segment", kind="string", meaning="Its title."),
    ArchiveColumn(name="start_s", kind="double", unit="s", meaning="Where it begins in the timeline."),
    ArchiveColumn(name="end_s", kind="double", unit="s", meaning="Where it ends."),
    ArchiveColumn(
        name="windows", kind="int", unit="windows", meaning="Windows of the segment in which a camera looked."
    ),
    ArchiveColumn(name="faces", kind="int", unit="faces", meaning="Tracks in view, summed over these windows."),
    ArchiveColumn(name="expected", kind="int", unit="faces", meaning="Faces expected, summed over these windows."),
    *_sums("summed over the segment's windows"),
)

SESSIONS = (
    _SESSION_ID,
    ArchiveColumn(name="title", kind="string", meaning="What people call it."),
    ArchiveColumn(name="kind", kind="string", meaning="talk, screening, festival or panel."),
    ArchiveColumn(name="film", kind="string", meaning="What was shown, where it is shown more than once."),
    _CUT,
    _CITY,
    ArchiveColumn(name="tags", kind="array<string>", meaning="What is said of the audience."),
    ArchiveColumn(name="setting", kind="string", meaning="The kind of place."),
    ArchiveColumn(name="country", kind="string", meaning="ISO 3166-1 code; empty where not said."),
    ArchiveColumn(name="started_at", kind="timestamp", unit="UTC", meaning="When it began."),
    ArchiveColumn(name="ended_at", kind="timestamp", unit="UTC", meaning="When it ended; empty where not known."),
    ArchiveColumn(name="measures", kind="string", meaning="expressions, or head count."),
    ArchiveColumn(name="simulated", kind="boolean", meaning="Whether a program made it up."),
)

SCORERS = (
    ArchiveColumn(name="scorer", kind="string", meaning="Name and version."),
    ArchiveColumn(name="expression", kind="string", meaning="What it scores."),
    ArchiveColumn(name="threshold", kind="double", unit="0..1", meaning="Confidence from which a face shows it."),
    ArchiveColumn(name="experimental", kind="boolean", meaning="Whether its accuracy is not established."),
    ArchiveColumn(name="model_sha256", kind="string", meaning="Of the model file; empty where there is none."),
)

TABLES: Mapping[str, tuple[ArchiveColumn, ...]] = {
    "windows": WINDOWS,
    "segments": SEGMENTS,
    "sessions": SESSIONS,
    "scorers": SCORERS,
}


def arrow_schema(columns: tuple[ArchiveColumn, ...]) -> Any:
    """The pyarrow schema of the columns, with unit and meaning as metadata."""
    import pyarrow as pa

    kinds = {
        "string": pa.string(),
        "int": pa.int32(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        # Athena's timestamps have milliseconds, and no zone.
        "timestamp": pa.timestamp("ms"),
        "array<string>": pa.list_(pa.string()),
    }
    return pa.schema(
        [
            pa.field(column.name, kinds[column.kind], metadata={"unit": column.unit, "meaning": column.meaning})
            for column in columns
        ]
    )
