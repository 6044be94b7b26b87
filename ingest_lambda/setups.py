"""What is set up in the store, sessions with their stages and cameras, and scorers: looked up, and believed a while."""

from __future__ import annotations

from typing import Final

from audience.errors import DeliveryRefused, FacesRefused, SessionNotFound
from audience.privacy import Mode
from audience.store import ScorerRecord, Store

BELIEVED_MS: Final = 10_000
"""How long what was set up is believed to be so still, milliseconds. A session that was deleted goes on for less: the
store refuses its records sooner."""


class Setups:
    """Says what a camera may deliver. Only what is set up is remembered, so setting up takes effect at once."""

    def __init__(self, store: Store) -> None:
        """Looks nothing up yet."""
        self._store = store
        self._modes: dict[tuple[str, str, str], tuple[int, Mode]] = {}
        self._scorers: dict[str, ScorerRecord] = {}
        self._seen: set[str] = set()  # sessions that were there once

    def mode(self, session_id: str, stage_id: str, camera_id: str, now_ms: int) -> Mode:
        """What the session of a camera measures.

        Args:
            session_id, stage_id, camera_id: the camera.
            now_ms: when, milliseconds since the epoch.

        Raises:
            DeliveryRefused: the session, its stage or its camera is not set up.
            FacesRefused: the session was there, and was deleted: what its cameras still deliver is not kept.
            StoreUnavailable: the store cannot be asked.
        """
        place = (session_id, stage_id, camera_id)
        believed = self._modes.get(place)
        if believed is None or not 0 <= now_ms - believed[0] < BELIEVED_MS:
            self._modes.pop(place, None)
            believed = self._modes[place] = (now_ms, self._looked_up(session_id, stage_id, camera_id))
        return believed[1]

    def allow_scorer(self, scorer: ScorerRecord) -> None:
        """Makes a camera's scorer known, unless its name stands for another already.

        Shares over different thresholds are different figures, so no camera may change what a name stands for.

        Raises:
            DeliveryRefused: the name stands for another scorer.
            StoreUnavailable: the store cannot be asked or written.
        """
        known = self._scorers.get(scorer.name) or self._store.scorers().get(scorer.name)
        if known is None:
            self._store.put_scorer(scorer)
        elif known != scorer:
            raise DeliveryRefused(
                f"scorer {scorer.name!r} is known with other thresholds or another model: give it a name of its own"
            )
        self._scorers[scorer.name] = scorer

    def deleted(self, session_id: str) -> FacesRefused:
        """Believes no more in a session that the store says was deleted; the error that says so."""
        self._modes = {place: believed for place, believed in self._modes.items() if place[0] != session_id}
        return FacesRefused(f"session {session_id!r} was deleted: what its cameras still deliver is not kept")

    def _looked_up(self, session_id: str, stage_id: str, camera_id: str) -> Mode:
        what = f"session {session_id!r}"
        try:
            mode = self._store.session(session_id).mode
            self._seen.add(session_id)
            what = f"stage {stage_id!r} of session {session_id!r}"
            found = stage_id in {stage.stage_id for stage in self._store.stages(session_id)}
            if found:
                what = f"camera {camera_id!r} of stage {stage_id!r} of session {session_id!r}"
                found = camera_id in {camera.camera_id for camera in self._store.cameras(session_id, stage_id)}
        except SessionNotFound:
            if session_id in self._seen:
                raise self.deleted(session_id) from None
            found = False
        if not found:
            raise DeliveryRefused(
                f"{what} is not set up: `houselights prepare --session {session_id} --stage {stage_id} --camera "
                f"{camera_id}` does it, then deliver this again"
            )
        return mode
