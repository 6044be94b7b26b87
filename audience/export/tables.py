"""The tables of an export: named columns with their units and meanings. `audience.export.files` writes them.

The same rules apply as on the pages: figures over few faces are withheld, and expressions of single tracks are given
only where figures over a single face may be shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import numpy as np

from audience.comparing.norms import Standing
from audience.comparing.planning import Plan
from audience.comparing.scenes import SceneFigure
from audience.comparing.synchrony import Synchrony
from audience.comparing.tracks import track_summary
from audience.disclosure import exact_share, is_bounded
from audience.exclusions import excluded_windows
from audience.faces import MEASURES, FaceRecord, WindowFaces
from audience.language import ENGLISH, using
from audience.reaction.curve import ReactionCurve, StageWindows, is_corrected, reaction_curve
from audience.sessions import Stage
from audience.time import from_ms, instant_text
from audience.transcripts import Transcript
from audience.windows import DEFAULT_WIDTH_MS

Cell = str | int | float | None
Kind = Literal["text", "number", "count", "instant"]

SCHEMA = 2
"""Version of the tables: increased when a column changes its name, type, unit or meaning."""

INSTANT = "ISO 8601, UTC"
_KINDS: Mapping[str, Kind] = {
    "": "text",
    "h:mm:ss": "text",
    INSTANT: "instant",
    "0 or 1": "count",
    "households": "count",
    "members": "count",
    "scenes": "count",
    "screenings": "count",
    "tracks": "count",
    "windows": "count",
}
_IN_NAMES: Mapping[str, str] = {"0..1": "0to1", "-1..1": "minus1to1", "0..1 of the image": "0to1_of_image"}
# A 95 % band is hardly ever narrower than .01, so four digits are enough for shares. Seconds are exact to the
# millisecond.
_DIGITS: Mapping[str, int] = {"s": 3, "faces": 2}
_DIGITS_OF_SHARES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table.

    Attributes:
        name: its name.
        unit: unit of its cells; "" for text.
        meaning: one sentence for the dictionary.
    """

    name: str
    unit: str
    meaning: str

    @property
    def kind(self) -> Kind:
        """The type of its cells in every file, determined by the unit.

        An instant is an ISO 8601 text in a cell; cells of any kind may be empty (None). Numbers of faces may be means,
        so they are a number and not a count.
        """
        return _KINDS.get(self.unit, "number")

    @property
    def name_with_unit(self) -> str:
        """The name with its unit, for a file that goes without a dictionary: `share_0to1`.

        Letters, digits and underscores only, so that pandas, R and Stata take it as a name. Names that say their unit
        (`start_s`, `from_utc`) and numbers of what they name (`faces`) stay as they are.
        """
        return f"{self.name}_{_IN_NAMES[self.unit]}" if self.unit in _IN_NAMES else self.name

    def rounded(self, cell: Cell) -> Cell:
        """The cell rounded to its significant digits."""
        if not isinstance(cell, float):
            return cell
        return round(cell, _DIGITS.get(self.unit, _DIGITS_OF_SHARES)) + 0.0  # avoids -0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportTable:
    """A table: `values[i]` are the cells of `columns[i]`, all of one length; None is an empty cell."""

    name: str
    columns: tuple[Column, ...]
    values: tuple[list[Cell], ...]

    def __len__(self) -> int:
        return len(self.values[0])


# The session and stage of a row.
STAGE_KEY = (
    Column(name="session_id", unit="", meaning="The session."),
    Column(name="stage_id", unit="", meaning="The stage, the place people watched from."),
)
_CURVE = (
    *STAGE_KEY,
    Column(name="window_start_utc", unit=INSTANT, meaning="Start of the window, which is half open."),
    Column(name="session_s", unit="s", meaning="Seconds from the session's start to the window's start."),
    Column(name="timeline_s", unit="s", meaning="Timeline second at the window's start; empty in a pause."),
    Column(name="segment", unit="", meaning="Title of the slide, scene or song shown then."),
    Column(
        name="expression",
        unit="",
        meaning="What the row is about: an expression; or facing, which is whether faces are turned to the front, no "
        "attention and no interest; empty where only heads were counted.",
    ),
    Column(
        name="share",
        unit="0..1",
        meaning="Raw share: of the faces whose confidence reaches the scorer's threshold, over the cameras with "
        "figures; empty without a figure, and where twenty faces or fewer allow a range only: share_low..share_high.",
    ),
    Column(name="share_low", unit="0..1", meaning="Lower end of the share's 95 % Wilson interval, or of its range."),
    Column(name="share_high", unit="0..1", meaning="Upper end of the share's 95 % Wilson interval, or of its range."),
    Column(
        name="corrected_share",
        unit="0..1",
        meaning="Corrected share: of the faces that show the expression, corrected for the scorer's errors; empty as "
        "share is, and where it was not estimated.",
    ),
    Column(
        name="corrected_low",
        unit="0..1",
        meaning="Lower end of its 95 % interval, for the people seen and the scorer's errors, or of its range.",
    ),
    Column(name="corrected_high", unit="0..1", meaning="Upper end of that interval, or of its range."),
    Column(name="level", unit="0..1", meaning="Mean confidence over the tracks, each once; empty where share is."),
    Column(name="scored", unit="faces", meaning="Faces that the shares are of; a mean if windows were widened."),
    Column(name="faces", unit="faces", meaning="Tracks in view; 0 if nobody was, empty if no camera recorded."),
    Column(name="coverage", unit="0..1", meaning="Faces / faces expected: the audience size, else an estimate."),
    Column(name="scorer", unit="", meaning="Name and version of the scorer."),
    Column(name="excluded", unit="", meaning="Titles of the window's exclusions, which remove its figures; see notes."),
)
_NOTES = (
    *STAGE_KEY,
    Column(name="from_utc", unit=INSTANT, meaning="Start of the exclusion, or instant of the note."),
    Column(name="until_utc", unit=INSTANT, meaning="End of the exclusion; empty for a note."),
    Column(name="title", unit="", meaning="What happened, or the note."),
    Column(name="by", unit="", meaning="Name of the person who excluded it or wrote the note."),
    Column(name="reason", unit="", meaning="Reason of the exclusion, if given."),
)
_TRACKS = (
    *STAGE_KEY,
    Column(name="camera_id", unit="", meaning="The camera that followed the face."),
    Column(name="track_id", unit="", meaning="The track: one face followed by one camera, not a person's identity."),
    # Coarse where figures of single faces are withheld (`tracks.track_summary`).
    Column(name="first_seen_utc", unit=INSTANT, meaning="First instant the track was seen, or its five minutes."),
    Column(name="last_seen_utc", unit=INSTANT, meaning="Last instant the track was seen, or its five minutes."),
    Column(name="windows", unit="windows", meaning="Windows with the track, without excluded ones."),
    Column(name="face_height", unit="0..1 of the image", meaning="Mean height of the face."),
    Column(name="quality", unit="0..1", meaning="Mean quality of the crops: sharpness, size and pose."),
)


_TRANSCRIPT = (
    *STAGE_KEY,
    Column(name="start_s", unit="s", meaning="When the words begin, in seconds of the timeline."),
    Column(name="end_s", unit="s", meaning="When they end."),
    Column(name="text", unit="", meaning="What was said."),
)


def curve_table(stages: Sequence[StageWindows]) -> ExportTable:
    """One row per window and measure, including empty windows; one row per window where only heads were counted."""
    values: list[list[Cell]] = [[] for _ in _CURVE]
    for windows in stages:
        n = len(windows.start_ms)
        with using(ENGLISH):  # programs read it
            titles = [windows.segment_title(index) for index in windows.segment.tolist()]
        shared: dict[str, list[Cell]] = {
            "session_id": [windows.session.session_id] * n,
            "stage_id": [windows.stage.stage_id] * n,
            "window_start_utc": [_utc(ms) for ms in windows.start_ms.tolist()],
            "session_s": windows.session_s.tolist(),
            "timeline_s": _cells(windows.timeline_s),
            "segment": list(titles),
            "faces": _counts(windows.faces),
            "coverage": _cells(windows.coverage),
            "scorer": [" ".join(windows.table.scorers)] * n,
            "excluded": _exclusions(windows),
        }
        for expression in windows.measures or ("",):
            curve = reaction_curve(windows, expression, corrected=False)
            if is_corrected(windows, expression):
                corrected = _share_cells(reaction_curve(windows, expression))
            else:
                corrected = [[None] * n] * 3
            own = shared | {
                "expression": [expression] * n,
                **dict(zip(("share", "share_low", "share_high"), _share_cells(curve), strict=True)),
                **dict(zip(("corrected_share", "corrected_low", "corrected_high"), corrected, strict=True)),
                "level": _cells(curve.level),
                "scored": _counts(_scored(windows, expression)),
            }
            for cells, column in zip(values, _CURVE, strict=True):
                cells.extend(own[column.name])
    return ExportTable(name="curve", columns=_CURVE, values=tuple(values))


def _share_cells(curve: ReactionCurve) -> list[list[Cell]]:
    """The share, empty where it was clipped to a range, and the ends of its interval or of that range."""
    is_range = is_bounded(curve.share, curve.share_low, curve.share_high)
    return [_cells(np.where(is_range, np.nan, curve.share)), _cells(curve.share_low), _cells(curve.share_high)]


def _scored(windows: StageWindows, measure: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """(n,) the faces behind each window's figure; NaN where there is none."""
    scored = np.full(len(windows.start_ms), np.nan)
    if measure in windows.measures:
        column = windows.measures.index(measure)
        some = windows.table.scored[:, column] > 0
        scored[windows.place[some]] = windows.table.scored[some, column] / windows.table.scored_spans[some, column]
    return scored


def notes_table(session_id: str, stages: Sequence[Stage]) -> ExportTable:
    """One row per exclusion and annotation, sorted by start."""
    rows: list[tuple[datetime, list[Cell]]] = []
    for stage in stages:
        key: list[Cell] = [session_id, stage.stage_id]
        for exclusion in stage.exclusions:
            span = instant_text(exclusion.from_at), instant_text(exclusion.until_at)
            rows.append((exclusion.from_at, [*key, *span, exclusion.title, exclusion.by, exclusion.reason]))
        for note in stage.annotations:
            rows.append((note.at, [*key, instant_text(note.at), None, note.title, note.by, ""]))
    return table_of_rows("notes", _NOTES, [row for _, row in sorted(rows, key=lambda row: row[0])])


def transcript_table(session_id: str, transcripts: Mapping[str, Transcript]) -> ExportTable:
    """One row per line of what was said, by stage.

    Args:
        session_id: the session.
        transcripts: by stage id.
    """
    rows: list[list[Cell]] = [
        [session_id, stage_id, line.start_s, line.end_s, line.text]
        for stage_id, transcript in sorted(transcripts.items())
        for line in transcript.lines
    ]
    return table_of_rows("transcript", _TRANSCRIPT, rows)


def tracks_table(
    session_id: str,
    faces_by_stage: Mapping[str, Sequence[WindowFaces]],
    *,
    single_faces: bool,
    width_ms: int = DEFAULT_WIDTH_MS,
) -> ExportTable:
    """One row per track.

    Args:
        session_id: the session.
        faces_by_stage: faces of each stage, without excluded windows (`included_faces`).
        single_faces: whether figures over a single face may be shown. If so, each expression has a column of mean
            confidence; else times, durations and heights are coarse, because exact ones would help to separate one
            person's figures from another's.
        width_ms: width of the windows.
    """
    by_track: dict[tuple[str, str, str], list[FaceRecord]] = defaultdict(list)
    for stage_id, windows in faces_by_stage.items():
        for window in windows:
            for face in window.faces:
                by_track[stage_id, window.camera_id, face.track_id].append(face)
    # All expressions, so that every session has the same columns.
    levels = MEASURES if single_faces else ()
    columns = _TRACKS + tuple(
        Column(name=f"{name}_level", unit="0..1", meaning=f"Mean confidence of {name} over the track's windows.")
        for name in levels
    )
    rows: list[list[Cell]] = []
    for (stage_id, camera_id, track_id), faces in sorted(by_track.items()):
        seen = track_summary(faces, None if single_faces else width_ms)
        row: list[Cell] = [session_id, stage_id, camera_id, track_id, _utc(seen.first_ms), _utc(seen.last_ms)]
        row += [seen.windows, seen.height, seen.quality]
        row += [_mean([face.confidences[name] for face in faces if name in face.confidences]) for name in levels]
        rows.append(row)
    return table_of_rows("tracks", columns, rows)


def joined(tables: Sequence[ExportTable]) -> ExportTable:
    """Concatenates tables with the same columns; at least one."""
    return table_of_rows(
        tables[0].name, tables[0].columns, [row for table in tables for row in zip(*table.values, strict=True)]
    )


def dictionary_table(tables: Sequence[ExportTable], experimental: Sequence[str]) -> ExportTable:
    """The dictionary: name, type, unit and meaning of every column of some tables.

    Args:
        tables: the tables.
        experimental: expressions whose accuracy is not established; named in the dictionary.
    """
    warning = f" Experimental, accuracy not established: {', '.join(experimental)}." if experimental else ""
    rows = [
        (
            table.name,
            column.name,
            column.kind,
            column.unit,
            column.meaning + (warning if column.name == "expression" else ""),
        )
        for table in tables
        for column in table.columns
    ]
    columns = (
        Column(name="file", unit="", meaning="The file the column is in."),
        Column(name="name", unit="", meaning="The column."),
        Column(name="type", unit="", meaning="Type of its cells: text, number, count or instant."),
        Column(name="unit", unit="", meaning="Its unit."),
        Column(name="meaning", unit="", meaning="Its meaning."),
    )
    return ExportTable(
        name="dictionary", columns=columns, values=tuple(list(cells) for cells in zip(*rows, strict=True))
    )


def table_of_rows(name: str, columns: tuple[Column, ...], rows: Sequence[Sequence[Cell]]) -> ExportTable:
    """Builds a table from rows, possibly none, with a cell for every column."""
    cells = [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in columns]
    return ExportTable(name=name, columns=columns, values=tuple(cells))


def _exclusions(windows: StageWindows) -> list[Cell]:
    """The titles of the exclusions of each window."""
    titles: list[list[str]] = [[] for _ in windows.start_ms]
    for exclusion in windows.stage.exclusions:
        for place in np.flatnonzero(excluded_windows(windows.start_ms, windows.width_ms, [exclusion])).tolist():
            titles[place].append(exclusion.title)
    return ["; ".join(of_window) for of_window in titles]


def _cells(values: np.ndarray[Any, np.dtype[np.float64]]) -> list[Cell]:
    return [None if value != value else value for value in values.tolist()]


def _counts(values: np.ndarray[Any, np.dtype[np.float64]]) -> list[Cell]:
    """Integers if all values are whole; else floats, as in widened windows."""
    cells = _cells(values)
    whole = all(cell is None or float(cell).is_integer() for cell in cells)
    return [None if cell is None else int(cell) for cell in cells] if whole else cells


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _utc(ms: int) -> str:
    return instant_text(from_ms(ms))


_SCENE = (
    Column(name="scene", unit="", meaning="Title of the scene; the second of a title is followed by (2)."),
    Column(name="start_s", unit="s", meaning="Its start on the timeline, mean over the screenings."),
    Column(name="length_s", unit="s", meaning="Its length, likewise."),
    Column(name="expression", unit="", meaning="The expression the row is about."),
)
_SHARE = (
    Column(
        name="share",
        unit="0..1",
        meaning="Share of the faces whose confidence reaches the scorer's threshold: of one screening over its "
        "windows, of several their mean, each counting once; empty where there is no figure, see lacks.",
    ),
    Column(
        name="share_low",
        unit="0..1",
        meaning="Lower end of its 95 % interval: Wilson's over the people of one screening, Student's over several "
        "screenings; empty where these are too few.",
    ),
    Column(name="share_high", unit="0..1", meaning="Upper end of that interval."),
)
_RESTS_ON = (
    Column(
        name="faces", unit="faces", meaning="Mean number of faces in view, summed over the screenings with a figure."
    ),
    Column(name="screenings", unit="screenings", meaning="Screenings with a figure."),
)
_SCENES = (
    *_SCENE,
    *_SHARE,
    Column(name="change", unit="-1..1", meaning="Share less baseline; the manifest names the baseline."),
    Column(
        name="change_low",
        unit="-1..1",
        meaning="Lower end of its 95 % interval: of one screening over the seconds seen, "
        "of several Student's over screenings.",
    ),
    Column(name="change_high", unit="-1..1", meaning="Upper end of that interval."),
    *_RESTS_ON,
    Column(name="shown", unit="screenings", meaning="Screenings that show the scene."),
    Column(name="coverage", unit="0..1", meaning="Mean coverage of the screenings with a figure."),
    Column(name="figures_s", unit="s", meaning="Seconds of windows with a figure, of these screenings together."),
    Column(name="lacks", unit="", meaning="Why there is no share; empty where there is one."),
    Column(name="change_lacks", unit="", meaning="Why there is no change; empty where there is one."),
)
_NORMS = (
    *_SCENE,
    *_SHARE,
    Column(name="rank", unit="0..1", meaning="Fraction of the archive's other scenes with a lower share."),
    Column(name="rank_low", unit="0..1", meaning="Lower end of the rank's 95 % interval."),
    Column(name="rank_high", unit="0..1", meaning="Upper end of the rank's 95 % interval."),
    Column(name="scenes", unit="scenes", meaning="Other scenes it is compared with, each counting once."),
    *_RESTS_ON,
)
_SYNCHRONY = (
    *STAGE_KEY,
    Column(name="scene", unit="", meaning="Title of the scene."),
    Column(name="expression", unit="", meaning="The expression whose confidences are correlated."),
    Column(name="synchrony", unit="-1..1", meaning="Mean correlation of a track with the mean of all others."),
    Column(name="chance_low", unit="-1..1", meaning="Lower end of the middle 95 % of shifted tracks."),
    Column(name="chance_high", unit="-1..1", meaning="Upper end of the middle 95 % of shifted tracks."),
    Column(name="p_value", unit="0..1", meaning="Fraction of shifts with at least this synchrony."),
    Column(name="tracks", unit="tracks", meaning="Tracks in view for long enough."),
    Column(name="seconds", unit="s", meaning="Seconds of the scene in which faces have figures."),
)


_PLANNED = (
    Column(name="share", unit="0..1", meaning="The usual share."),
    Column(name="difference", unit="-1..1", meaning="The other cut's share less the usual one."),
    Column(name="power", unit="0..1", meaning="Probability of detecting an existing difference."),
    Column(name="faces", unit="faces", meaning="Faces of each cut that are needed."),
    Column(name="screenings", unit="screenings", meaning="Screenings of each cut that are needed."),
    Column(name="faces_a_screening", unit="faces", meaning="People per screening."),
    Column(name="alike_together", unit="0..1", meaning="Correlation between people of one screening."),
    Column(name="looks", unit="s", meaning="Seconds of each face that are averaged."),
    Column(name="alike_over_time", unit="0..1", meaning="Correlation between two of these seconds of one face."),
)


def scenes_table(figures: Sequence[SceneFigure]) -> ExportTable:
    """One row per scene and expression."""
    rows = [
        [
            *_scene(one),
            *_share(one),
            *map(_cell, (one.change, one.change_low, one.change_high)),
            *_rests_on(one),
            one.shown,
            *map(_cell, (one.coverage, one.figures_s)),
            one.lack,
            one.change_lack,
        ]
        for one in figures
    ]
    return table_of_rows("scenes", _SCENES, rows)


def norms_table(placed: Sequence[tuple[SceneFigure, Standing]]) -> ExportTable:
    """One row per scene, with its rank in the archive."""
    rows = [
        [
            *_scene(one),
            *_share(one),
            *map(_cell, (place.rank, place.low, place.high)),
            place.scenes,
            *_rests_on(one),
        ]
        for one, place in placed
    ]
    return table_of_rows("norms", _NORMS, rows)


def synchrony_table(
    session_id: str, stage_id: str, expression: str, found: Sequence[tuple[str, Synchrony]]
) -> ExportTable:
    """One row per scene of one screening.

    Args:
        session_id, stage_id: the screening.
        expression: the expression.
        found: display name and synchrony of each scene.
    """
    rows: list[list[Cell]] = [
        [
            session_id,
            stage_id,
            name,
            expression,
            *map(_cell, (one.correlation, one.chance_low, one.chance_high, one.p_value)),
            one.tracks,
            _cell(one.seconds),
        ]
        for name, one in found
    ]
    return table_of_rows("synchrony", _SYNCHRONY, rows)


def plan_table(plan: Plan, differences: Sequence[float], powers: Sequence[float]) -> ExportTable:
    """One row per difference and power, without those that lead past 0 or 1.

    Args:
        plan: the assumptions; its own power is ignored.
        differences: from the usual share, see `Plan.faces`.
        powers: the powers.
    """
    rows: list[list[Cell]] = []
    for difference in differences:
        for power in powers:
            own = replace(plan, power=power)
            if 0 <= plan.share + difference <= 1:
                row: list[Cell] = [plan.share, difference, power, own.faces(difference), own.screenings(difference)]
                rows.append([*row, plan.faces_a_screening, plan.alike_together, plan.looks, plan.alike_over_time])
    return table_of_rows("plan", _PLANNED, rows)


def _scene(figure: SceneFigure) -> list[Cell]:
    return [figure.scene.name, _cell(figure.start_s), _cell(figure.length_s), figure.expression]


def _rests_on(figure: SceneFigure) -> list[Cell]:
    return [_cell(figure.faces) if figure.enough else None, figure.screenings]


def _share(figure: SceneFigure) -> list[Cell]:
    """The share, empty if it was clipped to a range, and its interval or that range."""
    return [_cell(exact_share(figure.share, figure.low, figure.high)), _cell(figure.low), _cell(figure.high)]


def _cell(value: float) -> float | None:
    return None if value != value else float(value)
