"""Films with several cuts and many screenings: expands one file into a script per screening."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

Fields = Mapping[str, Any]
Floats = NDArray[np.float64]

# Defaults of a screening: seconds from the session's start to the film, and from its end to the session's end.
_BEGINS_S = 20
_AFTER_S = 15


def screening_fields(film: Fields) -> Iterator[dict[str, Any]]:
    """Yields the fields of a session's script, as `sample_data.scripts` reads them, for each screening of a film.

    Args:
        film: fields of a file of scenes, cuts and screenings; comments in the file explain them.
    """
    for number, screening in enumerate(film["screenings"]):
        scenes = [film["scenes"][name] for name in film["cuts"][screening["cut"]]]
        starts_s = _starts_s(scenes)
        begins_s = screening.get("begins_s", _BEGINS_S)
        length_s = begins_s + starts_s[-1] + scenes[-1]["length_s"] + _AFTER_S
        title, _, simulated = film["film"].partition(" (")
        stage = {
            "stage_id": film["stage_id"],
            "title": film["title"],
            "people": screening["people"],
            "audience_size": screening["people"],
            "cameras": {"front": 1.0},
            "timeline": film["timeline"],
            "segments": [
                [at_s, at_s + scene["length_s"], scene["title"]] for at_s, scene in zip(starts_s, scenes, strict=True)
            ],
            "cues": [[begins_s, 0]],
            "idle": film["idle"],
            "smiles": _along(scenes, starts_s, "smiles"),
            "surprise": _along(scenes, starts_s, "surprise"),
            **{name: screening[name] for name in ("ease", "glances", "exclusions") if name in screening},
        }
        yield {
            "session_id": screening["session_id"],
            "title": f"{title}: {screening['cut']}, {screening['city']}, {screening['tags'][-1]} ({simulated}",
            "kind": film["kind"],
            "setting": film["setting"],
            "country": screening["country"],
            "started_at": screening["started_at"],
            "length_s": length_s,
            "seed": film["seed"] + number,
            "keep_faces": screening.get("keep_faces", False),
            "film": film["film"],
            "cut": screening["cut"],
            "city": screening["city"],
            "tags": screening["tags"],
            "stages": [stage],
        }


def planted_difference(film: Fields, title: str, cut_a: str, cut_b: str) -> Floats:
    """The scripted difference of the true shares of smiles between two cuts, in each second of a scene.

    Args:
        film: see `screening_fields`.
        title: title of a scene in both cuts.
        cut_a, cut_b: the cuts.

    Returns:
        (seconds of the shorter scene,) true share in A less that in B, -1..1.
    """
    scenes = [
        next(film["scenes"][name] for name in film["cuts"][cut] if film["scenes"][name]["title"] == title)
        for cut in (cut_a, cut_b)
    ]
    seconds = np.arange(min(scene["length_s"] for scene in scenes)) + 0.5
    of_a, of_b = (np.interp(seconds, *np.array(scene["smiles"]).T) for scene in scenes)
    difference: Floats = of_a - of_b
    return difference


def _starts_s(scenes: Sequence[Fields]) -> list[int]:
    return list(accumulate((scene["length_s"] for scene in scenes[:-1]), initial=0))


def _along(scenes: Sequence[Fields], starts_s: Sequence[int], what: str) -> list[list[float]]:
    """Knots of all scenes, in seconds of the cut."""
    return [
        [at_s + second, share]
        for at_s, scene in zip(starts_s, scenes, strict=True)
        for second, share in scene.get(what, [[0, 0.02], [scene["length_s"], 0.02]])
    ]
