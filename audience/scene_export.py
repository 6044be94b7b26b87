"""Tables of figures about scenes, as they are taken away from pages."""

from __future__ import annotations

from collections.abc import Sequence

from audience.disclosure import exact_share
from audience.export import STAGE_KEY, Cell, Column, ExportTable, table_of_rows
from audience.norms import Standing
from audience.scene_figures import SceneFigure
from audience.synchrony import Synchrony

_SCENE = (
    Column(name="scene", unit="", meaning="Title of the scene; the second of a title is followed by (2)."),
    Column(name="start_s", unit="s", meaning="Where it begins on the timeline, on average over the screenings."),
    Column(name="length_s", unit="s", meaning="How long it is, likewise."),
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
    Column(name="change", unit="-1..1", meaning="Share less baseline; which baseline says the manifest."),
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
    Column(name="rank", unit="0..1", meaning="Part of the archive's other scenes with a lower share."),
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
    Column(name="chance_low", unit="-1..1", meaning="Lower end of the middle 95 % of what shifted tracks give."),
    Column(name="chance_high", unit="-1..1", meaning="Upper end of the middle 95 % of what shifted tracks give."),
    Column(name="p_value", unit="0..1", meaning="Part of the shifts that give as much."),
    Column(name="tracks", unit="tracks", meaning="Tracks in view for long enough."),
    Column(name="seconds", unit="s", meaning="Seconds of the scene in which faces have figures."),
)


def scenes_table(figures: Sequence[SceneFigure]) -> ExportTable:
    """One row a scene and expression."""
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
    """One row a scene with its place in the archive."""
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
    """One row a scene of one screening, each with what the scene is called."""
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


def _scene(figure: SceneFigure) -> list[Cell]:
    return [figure.scene.name, _cell(figure.start_s), _cell(figure.length_s), figure.expression]


def _rests_on(figure: SceneFigure) -> list[Cell]:
    return [_cell(figure.faces) if figure.enough else None, figure.screenings]


def _share(figure: SceneFigure) -> list[Cell]:
    """The share, empty where only the range it lies in may be told, and its interval or that range."""
    return [_cell(exact_share(figure.share, figure.low, figure.high)), _cell(figure.low), _cell(figure.high)]


def _cell(value: float) -> float | None:
    return None if value != value else float(value)
