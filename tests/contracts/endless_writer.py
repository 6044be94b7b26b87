"""A process that writes until it is refused: `python -m tests.contracts.endless_writer URL CAMERA PRESENCE_TTL_S`.

It prints `writing` once it has begun, and exits with 3 when its session no longer exists.
"""

from __future__ import annotations

import itertools
import sys

from audience.errors import SessionNotFound
from audience.stores import open_store
from tests.builders import a_heartbeat, a_window, window_faces


def main(url: str, camera_id: str, presence_ttl_s: str) -> int:
    """Puts a window, its faces and a heartbeat, again and again."""
    if url.startswith("dynamodb:"):
        from audience.stores import dynamo_sessions

        dynamo_sessions.PRESENCE_TTL_S = float(presence_ttl_s)
    with open_store(url) as store:
        try:
            for second in itertools.count():
                store.put_windows(
                    [a_window(second, of=2, camera_id=camera_id)], [window_faces(second, camera_id=camera_id)]
                )
                store.put_heartbeat(a_heartbeat(camera_id=camera_id, at_s=second))
                if second == 0:
                    sys.stdout.write("writing\n")
                    sys.stdout.flush()
        except SessionNotFound:
            return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
