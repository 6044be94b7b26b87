"""Tracks faces through the frames of one camera, so that each person counts once in a window."""

from edge_lambda.tracking.tracker import Following, TrackedFace, Tracker

__all__ = ["Following", "TrackedFace", "Tracker"]
