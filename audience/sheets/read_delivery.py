"""Reading whatever a camera delivered, under the key it was found at."""

from __future__ import annotations

from audience.errors import InvalidValue, SheetRejected
from audience.sheets.sheet import Sheet, read_sheet
from audience.sheets.window_file import WindowFile, read_window_file


def read_delivery(key: str, data: bytes) -> Sheet | WindowFile:
    """Reads a delivery from a stranger.

    A key is made from the bytes, so a delivery that is not under its own key was damaged, or put under the name of
    another session, stage or camera, for which its sender may have no permission.

    Args:
        key: where it was found.
        data: its bytes.

    Raises:
        SheetRejected: it is neither a contact sheet nor a window file, is damaged, or lies under another's key.
    """
    delivered: Sheet | WindowFile
    if key.startswith("sheets/"):
        delivered = read_sheet(data)
    elif key.startswith("windows/"):
        delivered = read_window_file(data)
    else:
        raise SheetRejected("its key is neither a contact sheet's nor a window file's")
    try:
        own = delivered.delivery().key
    except InvalidValue as problem:
        raise SheetRejected(str(problem)) from None
    if own != key:
        raise SheetRejected(f"it belongs under {own}")
    return delivered
