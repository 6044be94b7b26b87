"""What viewers at home read before they decide, and the lines of the page that the server fills in."""

from __future__ import annotations

from typing import Any, Final

from audience.language import N_, gettext, ngettext
from audience.remote_audience import RemoteAudience
from audience.remote_figures import HELD_S, LEAST_VIEWERS
from audience.sessions import Session

NOTICE: Final = "2026-11-28"
"""Of the text below; a page that shows an earlier one is loaded again."""

NO_RUNTIME: Final = N_(
    "This server cannot measure viewers: a part that runs in browsers was not there when Houselights was installed. "
    "You can still watch."
)
_SENT_OF_FILM: Final = N_(
    "One small row of numbers a second: the position in the film, whether a face was seen, and the scores. "
    "No picture and no sound ever leave your device."
)
_SENT_OF_STREAM: Final = N_(
    "One small row of numbers a second: the time, whether a face was seen, and the scores. "
    "No picture and no sound ever leave your device."
)
FULL: Final = N_("There is no room for more viewers just now. You can still watch.")


def about(session: Session, audience: RemoteAudience, *, contact: str) -> dict[str, Any]:
    """What the page says of a session, in the reader's language.

    Args:
        session: the session.
        audience: what was opened for it.
        contact: whom viewers may ask; "" where nobody is named.
    """
    minutes = HELD_S // 60
    points = [
        (
            gettext("What is measured"),
            gettext(
                "Your camera's picture is looked at inside this browser, on your own device, once a second. It looks "
                "for one face and scores visible expressions, such as a smile. Who you are is not looked for."
            ),
        ),
        (
            gettext("What is sent"),
            gettext(_SENT_OF_FILM) if audience.film else gettext(_SENT_OF_STREAM),
        ),
        (
            gettext("Who sees it"),
            gettext(
                "Nobody sees your numbers alone. They are added to those of the other viewers, and nothing is shown of "
                "fewer than {least} people. Whoever runs this server sees the sums.",
                least=LEAST_VIEWERS,
            ),
        ),
        (
            gettext("How to stop"),
            ngettext(
                "At any time, with one button. You can also take back all you sent, until {count} minute after your "
                "last second: it is then subtracted and deleted. Later your numbers exist only inside the sums.",
                "At any time, with one button. You can also take back all you sent, until {count} minutes after your "
                "last second: it is then subtracted and deleted. Later your numbers exist only inside the sums.",
                minutes,
            ),
        ),
    ]
    if contact:
        points.append((gettext("Questions"), contact))
    return {
        "title": session.name,
        "film": audience.film_name,
        "points": points,
        "notice": NOTICE,
    }
