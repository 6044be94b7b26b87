"""Checks a delivery's claims against its session and against what a camera can see, before it is recorded."""

from __future__ import annotations

from audience.admission import check_recorded
from audience.deliveries.manifest import Manifest
from audience.deliveries.plausibility import check_manifest, check_room, check_span, check_windows
from audience.deliveries.sheet import Sheet
from audience.deliveries.window_file import WindowFile
from audience.errors import FacesRefused, SheetRejected
from audience.sessions import Session
from audience.store import Store
from audience.windows import DEFAULT_WIDTH_MS, WindowRecord


def check_claims(store: Store, session: Session, delivered: Sheet | WindowFile, delivered_ms: int) -> None:
    """Checks that a camera can have seen this, in this session.

    Args:
        store: the records so far: all deliveries of a camera together may not exceed what it can see in a window.
        session: the delivery's session.
        delivered: the delivery, read and checked against its key.
        delivered_ms: when it was delivered, by the receiver's clock, milliseconds since the epoch.

    Raises:
        SheetRejected: no camera can have seen it, or it lies in the future.
        DeliveryRefused: it lies outside the session.
        StoreUnavailable: a retry may help.
    """
    if isinstance(delivered, Sheet):
        of: Manifest | WindowRecord = delivered.manifest
        starts = [window.start_ms for window in delivered.manifest.windows]
        check_manifest(delivered.manifest)
    else:
        of = delivered.windows[0]
        starts = [window.start_ms for window in delivered.windows]
        check_windows(delivered)
    if of.width_ms != DEFAULT_WIDTH_MS:
        # Windows of different widths cannot be summed: one would make the whole stage unreadable.
        raise SheetRejected(f"its windows are {of.width_ms} ms wide: a stage's are {DEFAULT_WIDTH_MS} ms")
    # Windows are in order, and every face belongs to one of them.
    for start_ms in (starts[0], starts[-1]):
        check_recorded(session, start_ms, delivered_ms)
    check_span(starts[0], starts[-1])
    there = store.windows(session.session_id, of.stage_id, from_ms=starts[0], until_ms=starts[-1] + 1)
    check_room(there, of.camera_id, starts)


def heads_only_error(session_id: str, but: str) -> FacesRefused:
    """The error for faces delivered to a session that only counts heads."""
    return FacesRefused(
        f"session {session_id!r} only counts heads, and {but}: it was deleted; set the device's "
        "HOUSELIGHTS_HEADS_ONLY to yes"
    )
