"""How much somebody may upload: Streamlit keeps in memory what pages were given, as long as their session goes on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from dashboard.access.answering import refuse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY: Final = 66 << 20
"""Bytes: the largest file that a page takes (64 MiB), and what is around it."""

AT_ONCE: Final = 4
AT_ONCE_OF_A_PERSON: Final = 1
KEPT_OF_A_SESSION: Final = 160 << 20
"""Bytes of the files of one page: a deck in place of another, and two edits."""

KEPT: Final = 640 << 20
"""Bytes of the files of all pages."""


class _TooLarge(Exception):
    """More was sent than may be."""


class Uploads:
    """Those under way."""

    def __init__(self) -> None:
        """None is."""
        self._of_person: Counter[str] = Counter()

    async def serve(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send, *, who: str) -> None:
        """Hands an upload on to an app, where there is room for it.

        Args:
            app: takes the upload.
            scope, receive, send: of the request.
            who: stands for whoever sends it.
        """
        if self._of_person[who] >= AT_ONCE_OF_A_PERSON or self._of_person.total() >= AT_ONCE:
            await refuse(scope, receive, send, 429, "One file at a time: wait a little.", ())
            return
        session_id = scope["path"].rsplit("/", 2)[1]
        of_session, of_all = _kept(session_id)
        if of_session >= KEPT_OF_A_SESSION or of_all >= KEPT:
            await refuse(scope, receive, send, 413, "There is no room for more files: load the page again.", ())
            return
        taken = 0
        begun = False

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > LARGEST_BODY:
                raise _TooLarge
            return message

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        self._of_person[who] += 1
        try:
            await app(scope, counted, sending)
        except _TooLarge:
            if not begun:
                await refuse(scope, receive, send, 413, "That file is too large.", ())
        finally:
            self._of_person[who] -= 1
            self._of_person += Counter()  # those at none are forgotten


def _kept(session_id: str) -> tuple[int, int]:
    """Bytes of files that Streamlit keeps: of one session, and of all."""
    manager = Runtime.instance().uploaded_file_mgr
    if not isinstance(manager, MemoryUploadedFileManager):
        return 0, 0
    sizes = {
        name: sum(len(file.data) for file in [*files.values()]) for name, files in manager.file_storage.copy().items()
    }
    return sizes.get(session_id, 0), sum(sizes.values())
