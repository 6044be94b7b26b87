"""Reading a delivery of either kind by its key."""

from __future__ import annotations

from audience.deliveries.delivery import read_key
from audience.deliveries.sheet import Sheet, read_sheet
from audience.deliveries.window_file import WindowFile, read_window_file
from audience.errors import InvalidValue, SheetRejected


def read_delivery(key: str, data: bytes) -> Sheet | WindowFile:
    """Reads a delivery from an untrusted sender.

    The key is derived from the bytes. So a delivery under another key was damaged, or claims a session, stage or camera
    for which its sender may have no permission.

    Args:
        key: its key in the bucket.
        data: its bytes.

    Raises:
        SheetRejected: it is neither a contact sheet nor a window file, is damaged, or has another key than its own.
    """
    delivered: Sheet | WindowFile = read_sheet(data) if read_key(key).kind == "sheets" else read_window_file(data)
    try:
        own = delivered.delivery().key
    except InvalidValue as problem:
        raise SheetRejected(str(problem)) from None
    if own != key:
        raise SheetRejected(f"it belongs under {own}")
    return delivered
