"""A camera's process, to be killed: `python -m tests.edge.outbox_writer FOLDER [ENDPOINT BUCKET]`.

Puts numbered deliveries into an outbox and prints the number of each once it is safe; with an endpoint, also sends.
"""

from __future__ import annotations

import sys
from pathlib import Path

from edge_lambda.delivery.outbox import Outbox
from edge_lambda.delivery.uploader import Uploader
from tests.edge.s3_with_faults import a_bucket, numbered


def main(folder: str, endpoint: str = "", bucket: str = "") -> None:
    """Writes until killed, or up to 10,000 deliveries."""
    outbox = Outbox(Path(folder))
    if endpoint:
        Uploader(outbox, a_bucket(endpoint, bucket)).start()
    first = int(sys.stdin.readline())
    sys.stdout.write("ready\n")
    for number in range(first, first + 10_000):
        outbox.put(numbered(number))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
