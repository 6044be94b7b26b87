"""What viewers at home read before they decide, and the lines of the page that the server fills in."""

from __future__ import annotations

from typing import Any, Final

from audience.remote_audience import RemoteAudience
from audience.remote_figures import HELD_S, LEAST_VIEWERS
from audience.sessions import Session

NOTICE: Final = "2026-11-28"
"""Of the text below; a page that shows an earlier one is loaded again."""

NO_RUNTIME: Final = (
    "This server cannot measure viewers: a part that runs in browsers was not there when Houselights was installed. "
    "You can still watch."
)
_SENT_OF_FILM: Final = (
    "One small row of numbers a second: the position in the film, whether a face was seen, and the scores. "
    "No picture and no sound ever leave your device."
)
_SENT_OF_STREAM: Final = (
    "One small row of numbers a second: the time, whether a face was seen, and the scores. "
    "No picture and no sound ever leave your device."
)
FULL: Final = "There is no room for more viewers just now. You can still watch."


def about(session: Session, audience: RemoteAudience, *, contact: str) -> dict[str, Any]:
    """What the page says of a session.

    Args:
        session: the session.
        audience: what was opened for it.
        contact: whom viewers may ask; "" where nobody is named.
    """
    minutes = HELD_S // 60
    points = [
        (
            "What is measured",
            "Your camera's picture is looked at inside this browser, on your own device, once a second. It looks for "
            "one face and scores visible expressions, such as a smile. Who you are is not looked for.",
        ),
        (
            "What is sent",
            _SENT_OF_FILM if audience.film else _SENT_OF_STREAM,
        ),
        (
            "Who sees it",
            f"Nobody sees your numbers alone. They are added to those of the other viewers, and nothing is shown of "
            f"fewer than {LEAST_VIEWERS} people. Whoever runs this server sees the sums.",
        ),
        (
            "How to stop",
            f"At any time, with one button. You can also take back all you sent, until {minutes} minutes after your "
            f"last second: it is then subtracted and deleted. Later your numbers exist only inside the sums.",
        ),
    ]
    if contact:
        points.append(("Questions", contact))
    return {
        "title": session.name,
        "film": audience.film_name,
        "points": points,
        "notice": NOTICE,
    }
