"""The moments as a list: what happened, where, how sure, and what it looked like."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlencode

from audience.reaction.curve import StageWindows
from audience.reaction.headline import position_text
from audience.reaction.moments import Moment
from dashboard.markup import units_kept
from dashboard.player.packing import Marker, packed_markers
from dashboard.stills import still_url
from dashboard.video import NoVideo, Video


def moment_list(
    windows: StageWindows, found: Sequence[Moment], video: Video | NoVideo, address: Mapping[str, str]
) -> str:
    """The moments as HTML; each is a link to its second, and has a marker on the player that is on the page.

    Args:
        windows: the stage's windows.
        found: the moments.
        video: where their stills come from, or why there are none.
        address: what the page's own address asks for.
    """
    markers = json.dumps(packed_markers([_marker(moment) for moment in found]))
    items = "".join(_item(windows, moment, video, address) for moment in found)
    return f'<ol class="hl-moments" data-markers="{escape(markers)}">{items}</ol>'


def second_url(address: Mapping[str, str], second: float) -> str:
    """A deep link to a second of what an address shows."""
    return f"?{urlencode({**address, 't': int(second)})}"


def _marker(moment: Moment) -> Marker:
    return Marker(at_s=moment.session_s, kind=moment.kind, title=f"{moment.sentence} ({moment.sure})")


def _item(windows: StageWindows, moment: Moment, video: Video | NoVideo, address: Mapping[str, str]) -> str:
    still = still_url(video, moment.session_s) if isinstance(video, Video) else None
    picture = f'<img src="{escape(still)}" alt="" loading="lazy">' if still else ""
    title = moment.segment or {"peak": "Peak", "dip": "Dip", "turn": "Steepest turn"}[moment.kind]
    return (
        f'<li><a href="{escape(second_url(address, moment.session_s))}" data-seek="{moment.session_s:g}" '
        f'target="_self">{picture}'
        f'<span class="hl-number hl-{moment.kind}">{moment.number}</span>'
        f'<span class="hl-moment-title">{escape(title)}</span>'
        f'<span class="hl-moment-when">{escape(position_text(windows, moment.place))} · {moment.sure}</span>'
        f'<span class="hl-moment-said">{escape(units_kept(moment.sentence))}</span>'
        f"</a></li>"
    )
