"""Limits on uploads: Streamlit keeps uploaded files in memory for as long as the page's session lasts.

How large one file may be, Streamlit sees to (`server.maxUploadSize`).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from dashboard.access.answering import refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

AT_ONCE: Final = 4
AT_ONCE_OF_A_PERSON: Final = 2
KEPT_OF_A_SESSION: Final = 160 << 20
"""Bytes of the files of one page: a deck in place of another, and two edits."""

KEPT: Final = 480 << 20
"""Bytes of the files of all pages."""


class Uploads:
    """The uploads under way."""

    def __init__(self) -> None:
        """Starts with no uploads."""
        self._of_person: Counter[str] = Counter()

    async def serve(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send, *, who: str) -> None:
        """Passes an upload to an app, where there is room for it.

        Args:
            app: takes the upload.
            scope, receive, send: of the request.
            who: stands for whoever sends it.
        """
        if self._of_person[who] >= AT_ONCE_OF_A_PERSON or self._of_person.total() >= AT_ONCE:
            await refuse(scope, receive, send, 429, "Too many files at once: wait a little.", ())
            return
        session_id = scope["path"].rsplit("/", 2)[1]
        of_session, of_all = _kept(session_id)
        if of_session >= KEPT_OF_A_SESSION or of_all >= KEPT:
            await refuse(scope, receive, send, 413, "There is no room for more files: load the page again.", ())
            return
        self._of_person[who] += 1
        try:
            await app(scope, receive, send)
        finally:
            self._of_person[who] -= 1
            self._of_person += Counter()  # those at none are forgotten


def _kept(session_id: str) -> tuple[int, int]:
    """Bytes of files that Streamlit keeps, for one session and for all."""
    manager = Runtime.instance().uploaded_file_mgr
    if not isinstance(manager, MemoryUploadedFileManager):
        return 0, 0
    sizes = {
        name: sum(len(file.data) for file in [*files.values()]) for name, files in manager.file_storage.copy().items()
    }
    return sizes.get(session_id, 0), sum(sizes.values())
