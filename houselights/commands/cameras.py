"""`houselights cameras`: registers the cameras of a whole festival in AWS, and rolls versions out to them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress

from audience.deliveries.claims import LONGEST_CLAIM
from audience.deliveries.rollout import AS_INSTALLED, EVERYBODY, Rollout
from audience.errors import InvalidValue
from audience.session_setup import check_not_recorded_here
from audience.sessions import Camera, Session, Stage
from audience.store import Store
from houselights.commands.extras import needing_extra
from houselights.commands.options import Count, account_options, store_at, store_option
from houselights.wording import counted

if TYPE_CHECKING:
    from houselights.deploying.fleet import FleetStage


@click.group(short_help="Register many cameras in AWS, and change their versions.")
def cameras() -> None:
    """Register many cameras in AWS at once, with the files of each device and cards to print; change their versions."""


@cameras.command("add", short_help="Register cameras for all stages of a session.")
@click.option("--session", "session_id", required=True, metavar="ID", help="A session that is set up.")
@click.option(
    "--stages",
    "stages_file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.csv",
    help="The stages: a column `stage` (an id), and if wanted `title` and `cameras` (how many).",
)
@click.option("--each", type=Count(1, 100), default=1, show_default=True, help="Cameras of each stage.")
@click.option("--bucket", required=True, metavar="NAME", help="The stack's BucketName, where they deliver.")
@click.option("--stack", default="houselights", show_default=True, metavar="NAME", help="The stack.")
@click.option("--source", default="webcam:0", show_default=True, help="What each camera's HOUSELIGHTS_SOURCE is.")
@click.option(
    "--claims",
    "claims_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.csv",
    help="Devices that register themselves: a column `serial`, and if wanted `camera`, which each becomes.",
)
@click.option(
    "--days",
    type=Count(1, LONGEST_CLAIM.days),
    default=14,
    show_default=True,
    help="With --claims: for how long devices can register themselves.",
)
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("cameras"),
    show_default=True,
    metavar="DIR",
    help="Folder for the files of the devices and the cards.",
)
@account_options
@store_option
def add(
    session_id: str,
    stages_file: Path,
    each: int,
    bucket: str,
    stack: str,
    source: str,
    claims_file: Path | None,
    days: int,
    folder: Path,
    region: str | None,
    profile: str | None,
    store_url: str | None,
) -> None:
    """Register cameras: things in AWS IoT with certificates, which may deliver for one session only.

    Cameras are called STAGE-01, STAGE-02 and so on; stages that are not set up yet are. DIR/STAGE/CAMERA holds what
    goes on each device: copy it there, and delete the private key, camera.key, here. DIR/STAGE/cards.html is to be
    printed.
    A camera that DIR has is left as it is, so the same command goes on after an interruption; for another session it
    keeps its certificate, and its camera.env changes.

    With --claims no certificates are made here: DIR/claim holds what goes on every device, and each of those listed
    gets a certificate of its own when it first starts.
    """
    with needing_extra("cloud"):
        from houselights.deploying import claims, fleet, grants
        from houselights.deploying.aws import aws_session
    with needing_extra("dashboard"):
        import segno  # noqa: F401  (fails now, not when all cameras are registered)

    stages = fleet.read_stages(stages_file, each)
    serials = None if claims_file is None else claims.read_serials(claims_file, stages)
    with store_at(store_url) as store:
        session = store.session(session_id)
        aws = aws_session(profile=profile, region=region)
        account = fleet.fleet_account(aws, stack=stack, bucket=bucket)
        if serials is not None:
            claims.check_claims_stack(aws, _claims_stack(stack))
        _set_up(store, session, stages)
    count = sum(len(stage.cameras) for stage in stages)
    left = []
    if serials is None:
        left = fleet.not_ready(folder, session, stages, set(grants.cameras_of(aws, session_id)))
    changed = sum(fleet.is_made(folder, *camera) for camera in left)
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("Cameras", total=count, completed=0 if serials is not None else count - len(left))

        def on_camera() -> None:
            progress.advance(task)

        try:
            if serials is None:
                fleet.register(aws, account, session, left, folder, source=source, on_camera=on_camera)
            else:
                until = datetime.now(UTC) + timedelta(days=days)
                claims.write_claims(aws, account, session, stages, serials, until=until, on_camera=on_camera)
                claims.make_kit(aws, account, folder, stack=_claims_stack(stack), source=source)
        except KeyboardInterrupt:
            progress.stop()
            click.echo("Registered cameras stay so. Run the same command again to continue.", err=True)
            raise
    fleet.write_cards(folder, session, stages, serials)
    if serials is None:
        click.echo(
            f"{counted(count, 'camera')} on {counted(len(stages), 'stage')} may deliver for {session_id} only "
            f"({len(left) - changed:,} new). Files, with the private key of each camera, and cards are in {folder}."
        )
        if changed:
            click.echo(
                f"{counted(changed, 'camera')} could not deliver for it before: copy their files to the devices again."
            )
    else:
        click.echo(
            f"Open for {counted(days, 'day')}: {counted(count, 'claim')}, for cameras of {session_id} only. What goes "
            f"on every device is in {folder / claims.KIT}; cards are in {folder}."
        )


@cameras.command("claims", short_help="Show which devices have registered themselves.")
@click.option("--bucket", required=True, metavar="NAME", help="The stack's BucketName.")
@account_options
def show_claims(bucket: str, region: str | None, profile: str | None) -> None:
    """Show which of the devices that are listed have registered themselves."""
    with needing_extra("cloud"):
        from houselights.deploying import claims
        from houselights.deploying.aws import aws_session

    waiting, used = claims.open_claims(aws_session(profile=profile, region=region), bucket)
    for serial in waiting:
        click.echo(f"{serial}  not yet")
    for serial in used:
        click.echo(f"{serial}  registered")
    click.echo(f"{len(used)} of {counted(len(used) + len(waiting), 'device')} registered so far.")


@cameras.command("revoke", short_help="Take devices off the list, and switch off their certificates.")
@click.argument("serials", nargs=-1, required=True, metavar="SERIAL...")
@click.option("--bucket", required=True, metavar="NAME", help="The stack's BucketName.")
@account_options
def revoke(serials: tuple[str, ...], bucket: str, region: str | None, profile: str | None) -> None:
    """Take devices off the list of those that can register themselves.

    The certificate of a device that did is switched off. `cameras add` with the same serial number lists it anew.
    """
    with needing_extra("cloud"):
        from houselights.deploying import claims
        from houselights.deploying.aws import aws_session

    aws = aws_session(profile=profile, region=region)
    for serial in serials:
        certificate = claims.revoke_claim(aws, bucket, serial)
        click.echo(f"{serial}: " + (f"certificate {certificate} is off." if certificate else "it had not registered."))


@cameras.command("rollout", short_help="Roll a version out to cameras, some first.")
@click.argument("version")
@click.option("--bucket", required=True, metavar="NAME", help="The stack's BucketName.")
@click.option("--share", type=Count(1, EVERYBODY), help="Percent of the cameras.  [default: 100]")
@click.option("--stage", "stages", multiple=True, metavar="ID", help="Cameras of this stage alone; may be repeated.")
@account_options
def rollout(
    version: str, bucket: str, share: int | None, stages: tuple[str, ...], region: str | None, profile: str | None
) -> None:
    """Roll out VERSION, which `make component` or `make deploy-model` put into the bucket.

    All other cameras stay with the version that all had before. Cameras look every five minutes; one on which the
    version does not start goes back by itself, and tries it again at the next roll-out.
    """
    with needing_extra("cloud"):
        from houselights.deploying import rollouts
        from houselights.deploying.aws import aws_session

    if stages and share is not None:
        raise InvalidValue("cameras are chosen by --share or by --stage: give one of them")
    made = rollouts.roll_out(
        aws_session(profile=profile, region=region), bucket, version, share=share or EVERYBODY, stages=stages
    )
    to = f"The cameras of {', '.join(made.stages)}" if made.stages else f"{made.share} % of the cameras"
    click.echo(f"{to} are to run {_version(made.version)}" + _others(made))


@cameras.command("rollback", short_help="Take all cameras back to the version before.")
@click.option("--bucket", required=True, metavar="NAME", help="The stack's BucketName.")
@account_options
def rollback(bucket: str, region: str | None, profile: str | None) -> None:
    """Take all cameras back to the version that they had before the last roll-out."""
    with needing_extra("cloud"):
        from houselights.deploying import rollouts
        from houselights.deploying.aws import aws_session

    made = rollouts.roll_back(aws_session(profile=profile, region=region), bucket)
    click.echo(f"All cameras are to run {_version(made.version)}.")


@cameras.command("list", short_help="Show how many cameras run which version.")
@click.option("--session", "session_id", required=True, metavar="ID", help="Their session.")
@click.option("--bucket", metavar="NAME", help="The stack's BucketName, to compare with what was rolled out.")
@click.option("--all", "each", is_flag=True, help="A line for each camera.")
@account_options
@store_option
def show_versions(
    session_id: str, bucket: str | None, each: bool, region: str | None, profile: str | None, store_url: str | None
) -> None:
    """Show how many cameras of a session run which version and score with what, by their latest status."""
    with needing_extra("cloud"):
        from houselights.deploying import rollouts
        from houselights.deploying.aws import aws_session

    with store_at(store_url) as store:
        store.session(session_id)
        beats = sorted(store.heartbeats(session_id), key=lambda beat: (beat.stage_id, beat.camera_id))
    plan = rollouts.current(aws_session(profile=profile, region=region), bucket) if bucket else None
    counts = Counter((beat.version or "unknown version", beat.scorer or "no scorer") for beat in beats)
    for (version, scorer), count in counts.most_common():
        click.echo(f"{count:5}  {version}  {scorer}")
    behind = []
    for beat in beats:
        wanted = plan.version_of(beat.stage_id, beat.camera_id) if plan else ""
        if wanted not in (AS_INSTALLED, beat.version):
            behind.append(beat)
        if each:
            later = f"  is to run {wanted}" if wanted not in (AS_INSTALLED, beat.version) else ""
            click.echo(f"{beat.stage_id}/{beat.camera_id}  {beat.version or 'unknown version'}{later}")
    click.echo(f"{counted(len(beats), 'camera')} sent a status.")
    if plan is not None:
        click.echo(
            f"Roll-out {plan.number} is {_version(plan.version)}{_others(plan)} {len(behind)} of the cameras do not "
            "run yet what they are to run."
        )


def _version(version: str) -> str:
    return f"version {version}" if version else "the version that was installed on them"


def _others(made: Rollout) -> str:
    return "." if made.complete else f", all others {_version(made.before)}."


def _claims_stack(stack: str) -> str:
    return f"{stack}-claims"


def _set_up(store: Store, session: Session, stages: list[FleetStage]) -> None:
    """Sets up stages and cameras that are not."""
    known = {stage.stage_id for stage in store.stages(session.session_id)}
    for stage in stages:
        if stage.stage_id not in known:
            store.put_stage(session.session_id, Stage(stage_id=stage.stage_id, title=stage.title))
        there = {camera.camera_id: camera for camera in store.cameras(session.session_id, stage.stage_id)}
        for camera_id in stage.cameras:
            if camera_id not in there:
                camera = Camera(camera_id=camera_id, delivered_by=camera_id)
                store.put_camera(session.session_id, stage.stage_id, camera)
            elif there[camera_id].delivered_by != camera_id:
                check_not_recorded_here(store, (session.session_id, stage.stage_id, camera_id))
