"""A camera is opened and closed in another thread than its reader's, so that it never delays a stop."""

from __future__ import annotations

import threading
import time

import pytest

from audience.errors import DeviceError
from edge_lambda.devices.camera_thread import opened_in_thread
from tests.ticking import limit_s


class Opened:
    """A camera that knows only whether it is closed."""

    name, dropped = "opened", 0

    def __init__(self) -> None:
        self.closed = threading.Event()

    def __iter__(self):
        return iter(())

    def close(self) -> None:
        self.closed.set()


def test_a_camera_is_there_until_the_end_and_closed_then():
    camera = Opened()
    with opened_in_thread(lambda: camera, stop=threading.Event()) as found:
        assert found is camera
        time.sleep(0.2)
        assert not camera.closed.is_set()
    assert camera.closed.is_set()


def test_what_opening_raises_is_raised_here():
    def nothing_there():
        raise DeviceError("nothing answers")

    with pytest.raises(DeviceError, match="nothing answers"), opened_in_thread(nothing_there, stop=threading.Event()):
        pytest.fail("there is no camera")


def test_a_camera_is_closed_as_soon_as_a_stop_is_requested_while_it_is_read():
    camera, stop = Opened(), threading.Event()
    with opened_in_thread(lambda: camera, stop=stop):
        stop.set()
        assert camera.closed.wait(limit_s())


def test_one_that_takes_forever_to_open_is_not_waited_for_and_closed_once_it_is_open():
    camera, stop, answers = Opened(), threading.Event(), threading.Event()

    def slow():
        stop.set()
        answers.wait()
        return camera

    with opened_in_thread(slow, stop=stop) as found:
        assert found is None
    assert not camera.closed.is_set()
    answers.set()
    assert camera.closed.wait(limit_s())


def test_an_error_of_the_reader_closes_the_camera_too():
    camera = Opened()
    with pytest.raises(ZeroDivisionError), opened_in_thread(lambda: camera, stop=threading.Event()):
        raise ZeroDivisionError
    assert camera.closed.is_set()
