"""Figures over few faces are not shown: a share of three people says too much about each of them.

Small windows lose their figures before anything is summed. A sum that is shown is therefore a sum of windows that are
shown, and nothing withheld can be worked out by taking one from the other: not a segment from the talk it is a part of
either, so no other segment has to be hidden for it.
"""

from __future__ import annotations

from audience.errors import InvalidValue
from audience.privacy import Setting
from audience.window_table import WindowTable

MIN_FACES = 5


def default_min_faces(audience_size: int | None, setting: Setting, most_faces: int) -> int:
    """The fewest faces a figure is shown for, where nobody chose: 5, or 1 for an audience of one.

    Nobody becomes an audience of one by being the only face a camera could see: that there is one person must have
    been said, or be at home.

    Args:
        audience_size: people present, where it is known.
        setting: the kind of place they watch in.
        most_faces: the most faces any window of the stage holds.
    """
    alone = audience_size == 1 if audience_size is not None else setting == "home" and most_faces <= 1
    return 1 if alone else MIN_FACES


def withheld(table: WindowTable, min_faces: int) -> WindowTable:
    """The table with the figures over fewer than `min_faces` faces taken out; how many faces there were stays.

    Args:
        table: one row a window, summed over cameras.
        min_faces: 1 or more; 1 withholds nothing.

    Raises:
        InvalidValue: the rows were widened already: three people, counted in each of ten windows, are no thirty.
    """
    if table.width_ms != table.record_width_ms:
        raise InvalidValue("small windows must be withheld before windows are widened")
    # Where some cameras only count heads, a window has more faces than its figures are over.
    return table.without_figures(table.scored < min_faces)
