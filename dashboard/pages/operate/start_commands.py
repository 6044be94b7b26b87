"""The lines that start a camera or a watcher."""

from __future__ import annotations

import shlex
from collections.abc import Mapping


def watch_command(*, session_id: str, stage_id: str, camera_id: str, source: str, store_url: str) -> str:
    """What starts a camera on this machine, with a preview at a free port, faces made unrecognisable.

    Args:
        session_id, stage_id, camera_id: whose.
        source: the camera, as `houselights watch` takes it.
        store_url: "" for the one that is used unasked.
    """
    words = ["houselights", "watch", source, "--session", session_id, "--stage", stage_id, "--camera", camera_id]
    return _in_store([*words, "--preview-port", "0", "--blur"], store_url)


def alerts_command(*, store_url: str) -> str:
    """What starts a watcher of the rules.

    Args:
        store_url: "" for the one that is used unasked.
    """
    return _in_store(["houselights", "alerts"], store_url)


def device_command(environment: Mapping[str, str], *, source: str, deliver_to: str) -> str:
    """What starts a camera on a computer of its own, which delivers to a bucket.

    Args:
        environment: the environment variables of the device.
        source: the camera, as `HOUSELIGHTS_SOURCE` takes it.
        deliver_to: the name of a bucket in S3, or `dir:` and a folder.
    """
    settings = {**environment, "HOUSELIGHTS_SOURCE": source, "HOUSELIGHTS_BUCKET": deliver_to}
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items()) + " python -m edge_lambda"


def _in_store(words: list[str], store_url: str) -> str:
    return shlex.join([*words, *(["--store", store_url] if store_url else [])])
