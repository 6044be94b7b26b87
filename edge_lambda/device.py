"""The device's main loop: reads a camera, puts deliveries into the outbox, and recovers from errors.

How windows begin and end with a run: `docs/decisions/0007-device-loop.md`.
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
from edge_lambda.backoff import Backoff
from edge_lambda.delivery.outbox import Outbox
from edge_lambda.delivery.paths import DeliveryPath, WindowResult
from edge_lambda.delivery.recorded_until import RecordedUntil
from edge_lambda.delivery.uploader import Uploader
from edge_lambda.devices import Camera
from edge_lambda.devices.camera_thread import opened_in_thread
from edge_lambda.live_frames import LiveFrames
from edge_lambda.pipeline import CameraKey
from edge_lambda.preview.live import LivePreview
from edge_lambda.status.heartbeats import RUNNING_EVERY_S, DeviceStatus, joined_notes, user_message
from edge_lambda.tracking import Tracker
from edge_lambda.tracking.tracker import run_name

LEAVING_S: Final = 5.0
"""How long uploads may continue after a stop request, seconds."""


class Device:
    """Processes one camera until it is stopped or a file ends.

    Every other end of a run (a lost camera, an unexpected error) is reported, and the next run begins after a backoff
    of up to half a minute. Every run starts new tracks.
    """

    def __init__(
        self,
        camera: CameraKey,
        *,
        every_s: float,
        open_camera: Callable[[], Camera],
        load: Callable[[], DeliveryPath],
        outbox: Outbox,
        recorded: RecordedUntil,
        uploader: Uploader,
        on_heartbeat: Callable[[Heartbeat], None],
        now: Callable[[], datetime],
        wait: Callable[[float], object] | None = None,
        clock_problem: Callable[[], str] = str,
        preview: LivePreview | None = None,
        status_every_s: float = RUNNING_EVERY_S,
    ) -> None:
        """Creates the object without I/O.

        Args:
            camera: the key of the windows.
            every_s: seconds between samples, over 0.
            open_camera: opens the camera; raises `DeviceError` if it is not there.
            load: loads the models; called again after a failure.
            outbox: where deliveries go.
            recorded: the time up to which earlier runs delivered.
            uploader: sends the outbox's deliveries; started and stopped here.
            on_heartbeat: called with every heartbeat; must return quickly and never raise.
            now: the device's clock.
            wait: waits the given seconds, or less if stopped; defaults to waiting for `stop`.
            clock_problem: returns the clock's problem in one line, or "".
            preview: shows every window's newest frame.
            status_every_s: seconds between two heartbeats while the camera runs.
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
            on_heartbeat=on_heartbeat,
            now=now,
            clock_problem=clock_problem,
            running_every_s=status_every_s,
        )
        self._path: DeliveryPath | None = None
        self._end_ms = 0  # end of the newest window
        self._lost = 0  # deliveries that could not be written before the end

    def run(self) -> None:
        """Runs until stopped or until a file ends; then every finished window is in the outbox.

        Raises:
            InvalidValue: the source or the detector does not exist.
            RecordingUnreadable: the source file cannot be played.
        """
        ending: CameraState = "stopped"
        backoff = Backoff()
        self._status.report("starting")
        self._uploader.start()
        try:
            while not self._stop.is_set():
                before_ms = self._end_ms
                problem = self._run_once()
                if problem is None:
                    ending = "stopped" if self._stop.is_set() else "finished"
                    break
                if self._end_ms > before_ms:
                    backoff.reset()
                state: CameraState = "waiting" if isinstance(problem, DeviceError) else "failed"
                self._report_and_wait(state, user_message(problem), backoff.next_s())
        except (InvalidValue, RecordingUnreadable) as mistake:
            self._status.report("stopped", user_message(mistake))
            raise
        finally:
            self._uploader.stop(within_s=LEAVING_S)
        lost = f"deliveries lost because the disk could not be written: {self._lost}" if self._lost else ""
        self._status.report(ending, joined_notes((lost, *self._status.picture_notes())))

    def stop(self) -> None:
        """Requests a clean stop and returns at once; may be called from any thread or a signal handler."""
        self._stop.set()

    def _run_once(self) -> Exception | None:
        """Opens and processes the camera once; returns the error that ended it, or None after a stop or a file's
        end."""
        try:
            path = self._path or self._load()
            if self._path is None:
                self._path, self._status.detector, self._status.scorer = path, path.detector, path.scorer
                self._status.picture_notes = path.corrector.notes
                self._status.report("ready")
            with opened_in_thread(self._open_camera, stop=self._stop) as camera:
                return None if camera is None else self._run_with(camera, path)
        except (InvalidValue, RecordingUnreadable):
            raise  # a mistake in the settings: a retry would not help
        except Exception as problem:
            return problem

    def _run_with(self, camera: Camera, path: DeliveryPath) -> Exception | None:
        try:
            self._process(camera, path)
        except Exception as problem:
            self._path = None  # after any error, the next run loads its models again
            return problem
        return self._frames.lost

    def _process(self, camera: Camera, path: DeliveryPath) -> None:
        tracker = Tracker(run=run_name(to_ms(self._now())))
        windows = path.process(self._frames.read(camera), tracker)
        self._status.camera_opened()
        try:
            with closing(windows):
                for window in windows:
                    self._take(window)
        finally:
            # Send the open delivery now: it may take an hour until the camera is back to fill it.
            self._put(path.flush())

    def _take(self, window: WindowResult) -> None:
        self._end_ms = window.end_ms
        self._put(window.deliveries)
        if self._path is not None:
            self._status.scorer, self._status.step = self._path.scorer, self._path.step
        if self._preview is not None:
            self._preview.show(window.kept, window.smiles)
        self._status.add_window(window)
        self._status.report_running()

    def _put(self, deliveries: Iterable[Delivery]) -> None:
        """Puts deliveries into the outbox; retries until the disk accepts them or the device is stopped."""
        left, backoff = deque(deliveries), Backoff()
        while left:
            try:
                self._recorded.advance(self._end_ms)
                self._outbox.put(left[0])
                left.popleft()
            except OutboxUnavailable as problem:
                if self._stop.is_set():
                    self._lost += len(left)
                    return
                detail = f"{problem}; the camera is not processed meanwhile; deliveries waiting: {len(left)}"
                self._report_and_wait("failed", detail, backoff.next_s())

    def _report_and_wait(self, state: CameraState, why: str, wait_s: float) -> None:
        self._status.report(state, f"{why.rstrip('.')}. Retrying in {wait_s:.0f} s.")
        self._wait(wait_s)
