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
                "Faces that show {name}: {of}; share = over / scored. Empty if withheld, or if of "
                "few faces nearly none or nearly all show it.",
            ),
            ("scored", "int", "faces", "Faces scored for {name}: {of}. Empty if withheld."),
            ("total", "double", "", "Sum of their confidences: {of}; level = total / scored. Empty if withheld."),
            (
                "estimate",
                "double",
                "faces",
                "Faces that show {name}, corrected for the scorer's errors: {of}; corrected share = estimate / scored. "
                "Empty if withheld, as over, or not estimated.",
            ),
            (
                "variance",
                "double",
                "faces squared",
                "Sum of the variances of these estimates: {of}. Empty if there is no estimate.",
            ),
        )
    )


_SESSION_ID = ArchiveColumn(name="session_id", kind="string", meaning="The session.")
_CUT = ArchiveColumn(name="cut", kind="string", meaning="Which cut of it.")
_CITY = ArchiveColumn(name="city", kind="string", meaning="Where people watched.")

_KEY = (
    _SESSION_ID,
    ArchiveColumn(name="stage_id", kind="string", meaning="The stage, the place people watched from."),
    ArchiveColumn(name="film", kind="string", meaning="The film or talk of the session."),
    _CUT,
    _CITY,
    ArchiveColumn(
        name="scorer", kind="string", meaning="The scorer of the expressions; only compare figures of one scorer."
    ),
)

WINDOWS = (
    *_KEY,
    ArchiveColumn(
        name="window_start", kind="timestamp", unit="UTC", meaning="Start of the window (half-open interval)."
    ),
    ArchiveColumn(name="window_s", kind="double", unit="s", meaning="Its width."),
    ArchiveColumn(name="session_s", kind="double", unit="s", meaning="Seconds from the session's start."),
    ArchiveColumn(name="timeline_s", kind="double", unit="s", meaning="Position in the timeline; empty in a break."),
    ArchiveColumn(name="segment", kind="string", meaning="Title of the slide, scene or song shown then."),
    ArchiveColumn(name="faces", kind="int", unit="faces", meaning="Tracks in view; 0 if nobody was."),
    ArchiveColumn(name="expected", kind="int", unit="faces", meaning="Faces expected; coverage = scored / expected."),
    ArchiveColumn(name="excluded", kind="boolean", meaning="Whether the window is excluded from all figures."),
    *_sums("of the window"),
)

SEGMENTS = (
    *_KEY,
    ArchiveColumn(name="timeline", kind="string", meaning="The segment's timeline, the first of the stage."),
    ArchiveColumn(name="place", kind="int", meaning="Its place in that timeline, from 0."),
    ArchiveColumn(name="segment", kind="string", meaning="Its title."),
    ArchiveColumn(name="start_s", kind="double", unit="s", meaning="Where it begins in the timeline."),
    ArchiveColumn(name="end_s", kind="double", unit="s", meaning="Where it ends."),
    ArchiveColumn(name="windows", kind="int", unit="windows", meaning="Windows of the segment with a camera."),
    ArchiveColumn(name="faces", kind="int", unit="faces", meaning="Tracks in view, summed over these windows."),
    ArchiveColumn(name="expected", kind="int", unit="faces", meaning="Faces expected, summed over these windows."),
    *_sums("summed over the segment's windows"),
)

SESSIONS = (
    _SESSION_ID,
    ArchiveColumn(name="title", kind="string", meaning="What people call it."),
    ArchiveColumn(name="kind", kind="string", meaning="talk, screening, festival or panel."),
    ArchiveColumn(name="film", kind="string", meaning="The film or talk, if shown more than once."),
    _CUT,
    _CITY,
    ArchiveColumn(name="tags", kind="array<string>", meaning="The audience's tags."),
    ArchiveColumn(name="setting", kind="string", meaning="The kind of place."),
    ArchiveColumn(name="country", kind="string", meaning="ISO 3166-1 code; empty if not given."),
    ArchiveColumn(name="started_at", kind="timestamp", unit="UTC", meaning="When it began."),
    ArchiveColumn(name="ended_at", kind="timestamp", unit="UTC", meaning="When it ended; empty if unknown."),
    ArchiveColumn(name="measures", kind="string", meaning="expressions, or head count."),
    ArchiveColumn(name="simulated", kind="boolean", meaning="Whether it is simulated."),
)

SCORERS = (
    ArchiveColumn(name="scorer", kind="string", meaning="Name and version."),
    ArchiveColumn(name="expression", kind="string", meaning="The expression it scores."),
    ArchiveColumn(name="threshold", kind="double", unit="0..1", meaning="Confidence from which a face shows it."),
    ArchiveColumn(name="experimental", kind="boolean", meaning="Whether its accuracy is not established."),
    ArchiveColumn(name="model_sha256", kind="string", meaning="SHA-256 of the model file; empty if there is none."),
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
