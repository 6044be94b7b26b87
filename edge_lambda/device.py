"""A camera in, deliveries in the outbox, for as long as it takes: what `python -m edge_lambda` does.

Why windows begin and end as they do where a run does: `docs/decisions/0007-device-loop.md`.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime
from typing import Final

from audience.deliveries.delivery import Delivery
from audience.errors import DeviceError, InvalidValue, OutboxUnavailable, RecordingUnreadable
from audience.store import CameraState, Heartbeat
from audience.time import to_ms
from edge_lambda.back_off import BackOff
from edge_lambda.delivery.outbox import Outbox
from edge_lambda.delivery.paths import Looked, Way
from edge_lambda.delivery.recorded_until import RecordedUntil
from edge_lambda.delivery.uploader import Uploader
from edge_lambda.devices import Camera
from edge_lambda.devices.holding import held
from edge_lambda.live_frames import LiveFrames
from edge_lambda.pipeline import CameraKey
from edge_lambda.preview.live import LivePreview
from edge_lambda.status.heartbeats import DeviceStatus, in_one_line, in_words
from edge_lambda.tracking import Tracker
from edge_lambda.tracking.tracker import run_name

LEAVING_S: Final = 5.0
"""Seconds that what waits in the outbox may still be sent in when the device is told to stop."""


class Device:
    """Looks at one camera until it is told to stop or a file ends.

    Whatever else ends a run, a camera that goes away or a fault nobody thought of, is said, and the next run begins
    after a wait that doubles up to half a minute. A run has tracks of its own.
    """

    def __init__(
        self,
        camera: CameraKey,
        *,
        every_s: float,
        open_camera: Callable[[], Camera],
        load: Callable[[], Way],
        outbox: Outbox,
        recorded: RecordedUntil,
        uploader: Uploader,
        tell: Callable[[Heartbeat], None],
        now: Callable[[], datetime],
        wait: Callable[[float], object] | None = None,
        clock_problem: Callable[[], str] = str,
        preview: LivePreview | None = None,
    ) -> None:
        """Begins nothing yet.

        Args:
            camera: whose windows they are.
            every_s: seconds between samples, over 0.
            open_camera: opens the camera; raises `DeviceError` where it is not there.
            load: loads the models; called again after a failure.
            outbox: where deliveries go.
            recorded: how far earlier runs came.
            uploader: sends what is in the outbox; started and stopped here.
            tell: takes every heartbeat; fails never and is quick.
            now: the device's clock.
            wait: waits so many seconds, or less where it is told to stop; its own unless given.
            clock_problem: what is wrong with the computer's clock, in one line; "" where nothing is.
            preview: shown every window's newest frame.
        """
        self._camera = camera
        self._open_camera, self._load = open_camera, load
        self._outbox, self._recorded, self._uploader = outbox, recorded, uploader
        self._stop = threading.Event()
        self._now, self._wait, self._preview = now, wait or self._stop.wait, preview
        self._frames = LiveFrames(
            every_s=every_s, stop=self._stop, after_ms=recorded.until_ms - 1, whole_windows_ms=camera.width_ms
        )
        self._status = DeviceStatus(
            camera,
            every_s=every_s,
            uploads=uploader.status,
            picture=lambda: self._frames.picture,
            tell=tell,
            now=now,
            clock_problem=clock_problem,
        )
        self._way: Way | None = None
        self._end_ms = 0  # of the newest window
        self._lost = 0  # deliveries that no disk took before the end

    def run(self) -> None:
        """Looks, until told to stop or a file has been played; every finished window is in the outbox then.

        Raises:
            InvalidValue: the source or the detector that was asked for is none.
            RecordingUnreadable: the file that was asked for cannot be played.
        """
        ending: CameraState = "stopped"
        back_off = BackOff()
        self._status.say("starting")
        self._uploader.start()
        try:
            while not self._stop.is_set():
                before_ms = self._end_ms
                problem = self._run_once()
                if problem is None:
                    ending = "stopped" if self._stop.is_set() else "finished"
                    break
                if self._end_ms > before_ms:
                    back_off.reset()
                state: CameraState = "waiting" if isinstance(problem, DeviceError) else "failed"
                self._say_and_wait(state, in_words(problem), back_off.next_s())
        except (InvalidValue, RecordingUnreadable) as mistake:
            self._status.say("stopped", in_words(mistake))
            raise
        finally:
            self._uploader.stop(within_s=LEAVING_S)
        lost = f"deliveries lost, because no disk took them: {self._lost}" if self._lost else ""
        self._status.say(ending, in_one_line((lost, *self._status.picture_notes())))

    def stop(self) -> None:
        """Ends it cleanly and returns at once; may be called from anywhere, a signal's handler among it."""
        self._stop.set()

    def _run_once(self) -> Exception | None:
        """One camera from its opening on; what ended it, or None where it was told to stop or a file ended."""
        try:
            way = self._way or self._load()
            if self._way is None:
                self._way, self._status.detector, self._status.scorer = way, way.detector, way.scorer
                self._status.picture_notes = way.corrector.notes
                self._status.say("ready")
            with held(self._open_camera, stop=self._stop) as camera:
                return None if camera is None else self._run_with(camera, way)
        except (InvalidValue, RecordingUnreadable):
            raise  # a mistake in the settings: no waiting puts it right
        except Exception as problem:
            return problem

    def _run_with(self, camera: Camera, way: Way) -> Exception | None:
        try:
            self._look(camera, way)
        except Exception as problem:
            self._way = None  # whatever it was, the next run has models of its own
            return problem
        return self._frames.lost

    def _look(self, camera: Camera, way: Way) -> None:
        tracker = Tracker(run=run_name(to_ms(self._now())))
        windows = way.looked(self._frames.of(camera), tracker)
        self._status.began()
        try:
            with closing(windows):
                for window in windows:
                    self._take(window)
        finally:
            # Nothing later comes to fill what is open: it may be an hour until the camera is back.
            self._put(way.flush())

    def _take(self, window: Looked) -> None:
        self._end_ms = window.end_ms
        self._put(window.deliveries)
        if self._preview is not None:
            self._preview.show(window.kept, window.smiles)
        self._status.looked(window)
        self._status.running()

    def _put(self, deliveries: Iterable[Delivery]) -> None:
        """Puts deliveries into the outbox; where the disk takes none, holds them and tries again until it does."""
        left, back_off = deque(deliveries), BackOff()
        while left:
            try:
                self._recorded.advance(self._end_ms)
                self._outbox.put(left[0])
                left.popleft()
            except OutboxUnavailable as problem:
                if self._stop.is_set():
                    self._lost += len(left)
                    return
                said = f"{problem}; nothing is looked at meanwhile; deliveries held: {len(left)}"
                self._say_and_wait("failed", said, back_off.next_s())

    def _say_and_wait(self, state: CameraState, why: str, wait_s: float) -> None:
        self._status.say(state, f"{why.rstrip('.')}. Trying again in {wait_s:.0f} s.")
        self._wait(wait_s)
