"""`houselights local-cloud`: emulates the cloud path on this machine."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audience.session_setup import SessionSetup, prepare_session
from houselights.commands.extras import needing_extra
from houselights.commands.options import Count, store_at
from houselights.commands.stopping import stopped_by_signal, wait_for

if TYPE_CHECKING:
    from houselights.local_cloud.cloud import LocalCloud

SESSION = SessionSetup(session_id="local", title="On this machine")


@click.command(short_help="Run the cloud path on this machine.")
@click.option(
    "--port",
    type=Count(1, 65533),
    metavar="N",
    help="Port of AWS; Rekognition and the public boards use the next two.  [default: free ones]",
)
@click.option(
    "--scorer",
    type=click.Choice(("rekognition", "expressionnet")),
    default="rekognition",
    show_default=True,
    help="Score sheets with the emulated Rekognition, or with ExpressionNet.",
)
def local_cloud(port: int | None, scorer: str) -> int:
    """Emulate S3, EventBridge, SQS, DynamoDB and Rekognition, ingest deliveries and make public boards, until Ctrl-C.

    Nothing is sent to AWS. All data is in memory and lost at the end.
    """
    with needing_extra("local-cloud"):
        from houselights.local_cloud.boards import making_boards
        from houselights.local_cloud.cloud import running_cloud
    with running_cloud(port=port or 0) as cloud, making_boards(cloud, port=port + 2 if port else 0) as boards:
        now = datetime.now(UTC)
        with store_at(cloud.store_url) as store:
            prepare_session(store, SESSION, None, now)
        click.echo(_how_to(cloud, boards))
        command = [sys.executable, "-m", "houselights", "ingest", "--local", cloud.queue_url, "--scorer", scorer]
        with stopped_by_signal() as stop, subprocess.Popen(command, env=os.environ | cloud.environment) as ingest:
            # Stopping this command stops the ingest process too.
            return wait_for(ingest, stop)


def _how_to(cloud: LocalCloud, boards: str) -> str:
    """Instructions for connecting a camera and the dashboard."""
    settings = {name: value for name, value in cloud.environment.items() if name.startswith("AWS_")} | {
        "HOUSELIGHTS_SOURCE": "webcam:0",
        "HOUSELIGHTS_SESSION": SESSION.session_id,
        "HOUSELIGHTS_SCORING": "cloud",
        "HOUSELIGHTS_BUCKET": cloud.stack.bucket,
        "HOUSELIGHTS_OUTBOX": str(Path(tempfile.gettempdir()) / "houselights-outbox"),
        "HOUSELIGHTS_STATUS": "log",
    }
    exports = "\n".join(f"  export {name}={shlex.quote(value)}" for name, value in settings.items())
    python = shlex.quote(sys.executable)
    return f"""\
The cloud runs on this machine: AWS at {cloud.endpoint}, Rekognition at {cloud.rekognition.endpoint}.
Nothing is sent to AWS. All data is in memory, and lost when you stop this with Ctrl-C.

Start a camera in another terminal (HOUSELIGHTS_SOURCE may also be rtsp://… or file:…):

{exports}
  {python} -m edge_lambda

Open session {SESSION.session_id!r} in a third terminal:

  {python} -m houselights dashboard --store {shlex.quote(cloud.store_url)}

The public board of a festival is at {boards}/live/<session> within a minute.
"""
