"""The subcommands, one file each. Heavy libraries are imported when a command runs, not for its help."""

from __future__ import annotations

import click

from houselights.commands.alerts import alerts
from houselights.commands.axis import axis
from houselights.commands.calibrate_sheets import calibrate_sheets
from houselights.commands.cameras import cameras
from houselights.commands.compare_scorers import compare_scorers
from houselights.commands.convert import convert
from houselights.commands.dashboard import dashboard
from houselights.commands.dataset import dataset
from houselights.commands.demo import demo
from houselights.commands.doctor import doctor
from houselights.commands.export import export
from houselights.commands.grant import grant, revoke
from houselights.commands.highlights import highlights
from houselights.commands.household import household
from houselights.commands.ingest import ingest
from houselights.commands.local_cloud import local_cloud
from houselights.commands.migrate import migrate
from houselights.commands.notice import notice
from houselights.commands.people import people
from houselights.commands.plan import plan
from houselights.commands.prepare import prepare
from houselights.commands.qr import qr
from houselights.commands.report import report
from houselights.commands.score import score
from houselights.commands.sessions import delete, describe, prune, sessions
from houselights.commands.share import share
from houselights.commands.simulate import simulate
from houselights.commands.timeline import timeline
from houselights.commands.watch import watch

COMMANDS: tuple[click.Command, ...] = (
    score,
    watch,
    axis,
    timeline,
    sessions,
    describe,
    export,
    report,
    highlights,
    convert,
    delete,
    prune,
    migrate,
    prepare,
    cameras,
    grant,
    revoke,
    ingest,
    plan,
    local_cloud,
    calibrate_sheets,
    compare_scorers,
    dataset,
    alerts,
    people,
    household,
    notice,
    qr,
    share,
    dashboard,
    simulate,
    demo,
    doctor,
)
