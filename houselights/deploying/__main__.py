"""`python -m houselights.deploying package|component|deploy-model|…|teardown`, as `make` calls it."""

from __future__ import annotations

import os
import re
import sys
from datetime import UTC, datetime
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import click

from audience.errors import DeploymentFailed
from audience.stores.dynamo_table import LONGEST_RECOVERY_DAYS
from houselights.cli import run
from houselights.commands.options import Count, Number
from houselights.deploying import BUILD

profile_option = click.option("--profile", metavar="NAME", help="AWS profile.")
region_option = click.option("--region", metavar="NAME", help="AWS region.  [default: the profile's]")


@click.group()
def deploying() -> None:
    """Deploy Houselights to an AWS account, or remove it."""


@deploying.command()
def package() -> None:
    """Build the function's package in build/package."""
    from houselights.deploying.package import PYTHON, RUNTIMES, make_package, python_for_package

    folder = BUILD / "package"
    made = make_package(folder, python=python_for_package())
    # `make deploy` reads it: the function has to run on the Python of its bytecode.
    (BUILD / "package.python").write_text(f"{made.python}\n")
    click.echo(f"{folder}: {made.size / 1e6:.0f} MB, for Python {made.python}")
    if not made.compiled:
        click.echo(
            f"Without bytecode, as neither Python {PYTHON} nor another of {', '.join(RUNTIMES)} is installed here: the "
            f"function starts seconds later. Install it with `.venv/bin/uv python install {PYTHON}`."
        )


@deploying.command()
@click.option("--bucket", metavar="NAME", help="Upload the artifact to this bucket, and name it in the recipe.")
@profile_option
@region_option
def component(bucket: str | None, profile: str | None, region: str | None) -> None:
    """Build the Greengrass component in build/component."""
    from houselights.deploying.aws import aws_session
    from houselights.deploying.component import make_component, upload_component

    version = installed_version("houselights")
    recipe, artifact = make_component(BUILD / "component", version=version, bucket=bucket)
    click.echo(f"{recipe}\n{artifact}: {artifact.stat().st_size / 1e6:.1f} MB")
    if bucket is not None:
        session = aws_session(profile=profile, region=region)
        click.echo(f"uploaded to {upload_component(session, artifact, bucket=bucket, version=version)}")


@deploying.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--bucket", metavar="NAME", help="Upload to this bucket, and create the version in AWS IoT Greengrass.")
@click.option("--to", "group", metavar="GROUP", help="Deploy it to the cameras of this thing group.")
@profile_option
@region_option
def deploy_model(model: Path, bucket: str | None, group: str | None, profile: str | None, region: str | None) -> None:
    """Build a version of the Greengrass component whose cameras score with MODEL, and deploy it."""
    from houselights.deploying.aws import aws_session
    from houselights.deploying.component import make_component, upload_component
    from houselights.deploying.model import create_version, deploy_version, existing_versions, model_name, model_version

    if group is not None and bucket is None:
        raise DeploymentFailed("a model is deployed from a bucket: name one that the cameras may read")
    name = model_name(model)
    session = aws_session(profile=profile, region=region) if bucket else None
    version = model_version(installed_version("houselights"), existing_versions(session) if session else ())
    recipe, artifact = make_component(BUILD / "component", version=version, bucket=bucket, model=model)
    click.echo(f"{recipe}\n{name} as version {version}")
    if session is None or bucket is None:
        return
    click.echo(f"uploaded to {upload_component(session, artifact, bucket=bucket, version=version)}")
    create_version(session, recipe)
    if group is None:
        click.echo("created; deploy it with: make deploy-model with to=GROUP, or in the console")
        return
    click.echo(f"deployment {deploy_version(session, version, group)} to {group}: records will name {name}")


@deploying.command()
def licences() -> None:
    """Update THIRD_PARTY_LICENSES.md."""
    from houselights.deploying.licences import LIST, write_list

    click.echo(f"{LIST}: {write_list()} packages")


@deploying.command()
def wheel() -> None:
    """Build wheel and source archive in dist, and try the wheel in an empty environment."""
    from houselights.deploying.release import build

    built = build(click.echo)
    click.echo(f"{built.wheel}\n{built.archive}")


@deploying.command()
@click.option("--version", metavar="VERSION", help="Version to release.  [default: the one in pyproject.toml]")
def release(version: str | None) -> None:
    """Set the version, date the changelog, then build and try as `wheel` does. Commits and publishes nothing."""
    from houselights.deploying.release import make_release

    made = make_release(version, datetime.now(UTC).date(), click.echo)
    click.echo(
        f"{made.wheel}\n{made.archive}\n"
        f"To publish it: git commit -am 'Release {made.version}' && git tag v{made.version}; push both, upload dist/."
    )


@deploying.command()
@click.option("--role", metavar="ARN", help="The role that the job runs under; see infra/README.md.")
@click.option("--data", multiple=True, type=click.Path(path_type=Path), metavar="FILE", help="A zip; repeatable.")
@click.option("--epochs", type=Count(min=1), metavar="N", help="[default: the recipe's]")
@click.option("--instance", default="ml.c5.xlarge", show_default=True, metavar="TYPE")
@click.option("--hours", type=Number(min=0.1, max=120), default=6.0, show_default=True, metavar="N")
@click.option("--price", type=Number(min=0), metavar="USD", help="Dollars an hour of the instance.")
@click.option("--no-spot", is_flag=True, help="Use no spare capacity: starts sooner, costs more.")
@click.option("--image", default="", metavar="URI", help="Container.  [default: AWS's own of PyTorch]")
@click.option("--job", metavar="NAME", help="Follow this job, and fetch its model; start none.")
@click.option("--out", type=click.Path(path_type=Path), default=BUILD / "training" / "scorer.onnx", metavar="FILE")
@click.option("--stack", default="houselights", show_default=True, metavar="NAME")
@click.option("--yes", is_flag=True, help="Start without confirmation.")
@profile_option
@region_option
def train_cloud(
    role: str | None,
    data: tuple[Path, ...],
    epochs: int | None,
    job: str | None,
    out: Path,
    yes: bool,
    no_spot: bool,
    profile: str | None,
    region: str | None,
    **machine: Any,
) -> int:
    """Train a scorer as a job of Amazon SageMaker, follow it, and fetch the model."""
    from houselights.deploying.aws import aws_session
    from houselights.deploying.model import model_name
    from houselights.deploying.training_job import TrainingPlan, bucket_name, fetch_model, follow, submit

    session = aws_session(profile=profile, region=region)
    if job is None:
        if role is None:
            raise DeploymentFailed("a job needs a role: give --role ARN (infra/README.md says what it must allow)")
        parameters = {"epochs": str(epochs)} if epochs else {}
        plan = TrainingPlan(role=role, data=data, hyperparameters=parameters, spot=not no_spot, **machine)
        size = sum(file.stat().st_size for file in plan.data)
        click.echo(
            f"{size / 1e6:.0f} MB of photographs go to bucket {bucket_name(session, plan.stack)} in "
            f"{session.region_name}, and a job of SageMaker trains on them on {plan.instance}.\n"
            f"It costs at most ${plan.most_dollars:.2f}: {plan.hours:g} hours at the list price of us-east-1, after "
            f"which it is stopped{'' if no_spot else '; spot capacity costs less'}. Storage comes on top, cents a "
            "month, until `make teardown`."
        )
        if not (yes or click.confirm("Start it? You need the right to use these photographs so")):
            click.echo("Nothing was sent.")
            return 1
        job = submit(session, plan, now=datetime.now(UTC))
    click.echo(f"Job {job}. Ctrl-C leaves it running; follow it again with job={job}")
    ended = follow(session, job, on_line=click.echo)
    fetch_model(session, ended, out)
    click.echo(f"{ended.seconds} s are paid for\n{out}: {model_name(out)}")
    return 0


@deploying.command()
@click.option("--stack", default="houselights", show_default=True, metavar="NAME")
@click.option("--bucket", metavar="NAME", help="Bucket for the package.  [default: SAM's own]")
@click.argument("parameters", nargs=-1, metavar="[NAME=VALUE]...")
@profile_option
@region_option
def preflight(
    stack: str, bucket: str | None, parameters: tuple[str, ...], profile: str | None, region: str | None
) -> None:
    """Check the account before a deployment, and say what it makes and costs. Changes nothing."""
    from houselights.deploying.account import COPIES, check_account, usual_cost
    from houselights.deploying.aws import aws_session

    wrong = next((one for one in parameters if not re.fullmatch(r"[A-Za-z]+=.*", one, re.DOTALL)), None)
    if wrong is not None:
        raise DeploymentFailed(f"{wrong!r} is no parameter: write NAME=VALUE")
    given = dict(one.split("=", 1) for one in parameters)
    usual = dict(zip(COPIES, ("6", "2", "2"), strict=True))
    counts = [given.get(name, value) for name, value in usual.items()]
    if not all(count.isascii() and count.isdecimal() for count in counts):
        raise DeploymentFailed(f"{', '.join(COPIES)} are whole numbers")
    session = aws_session(profile=profile, region=region)
    for line in check_account(session, stack, bucket=bucket, copies=sum(map(int, counts))):
        click.echo(line)
    click.echo(usual_cost())


@deploying.command()
@click.option("--stack", "name", default="houselights", show_default=True, metavar="NAME")
@click.option("--at", metavar="INSTANT", help="Such as 2026-05-04T18:00:00+02:00.  [default: the latest possible]")
@click.option("--to", "target", metavar="TABLE", help="Name of the new table.  [default: the table's with the time]")
@profile_option
@region_option
def restore(name: str, at: str | None, target: str | None, profile: str | None, region: str | None) -> None:
    """Restore the table to an earlier instant, as a new table; the old one is not touched."""
    from houselights.deploying.aws import aws_session
    from houselights.deploying.recovery import restore_table, table_of
    from houselights.deploying.stack import find_stack

    try:
        instant = None if at is None else datetime.fromisoformat(at)
    except ValueError:
        raise DeploymentFailed(f"{at!r} is no instant: write it as 2026-05-04T18:00:00+02:00") from None
    if instant is not None and instant.tzinfo is None:
        raise DeploymentFailed(f"{at!r} has no time zone: write it as 2026-05-04T18:00:00+02:00")
    session = aws_session(profile=profile, region=region)
    table = table_of(find_stack(session, name))
    new = target or f"{table[:230]}-{datetime.now(UTC):%Y%m%d%H%M%S}"
    restore_table(session, table, new, at=instant, notify=click.echo)
    click.echo(f"Look at it with --store 'dynamodb://{new}?region={session.region_name}'")
    click.echo("It also has what was deleted since: delete that again, and this table once it has served")


@deploying.command()
@click.option("--stack", "name", default="houselights", show_default=True, metavar="NAME")
@click.option("--deliver", is_flag=True, help="Also send a delivery the whole way, and delete it afterwards.")
@click.option("--to", "report", type=click.Path(path_type=Path), metavar="FILE", help="Also write a report.")
@profile_option
@region_option
def verify(name: str, deliver: bool, report: Path | None, profile: str | None, region: str | None) -> int:
    """Check that a deployed stack is as it should be and works, step by step."""
    from houselights.deploying.aws import aws_session
    from houselights.deploying.stack import find_stack
    from houselights.deploying.verify import as_markdown, check_stack

    session = aws_session(profile=profile, region=region)
    if profile is not None:
        os.environ["AWS_PROFILE"] = profile  # the store finds its credentials by itself
    steps = []
    for step in check_stack(session, find_stack(session, name), deliver=deliver):
        steps.append(step)
        click.echo(f"{step.outcome:<11} {step.name}: {step.detail}")
    if report is not None:
        report.write_text(as_markdown(steps, name, session.region_name), encoding="utf-8")
        click.echo(f"written to {report}")
    return 1 if any(step.outcome == "failed" for step in steps) else 0


@deploying.command()
@click.option("--stack", "name", default="houselights", show_default=True, metavar="NAME")
@profile_option
@region_option
@click.option("--data", is_flag=True, help="Also delete the table with everything recorded.")
@click.option("--training", is_flag=True, help="Delete only what `make train-cloud` made; the stack need not exist.")
def teardown(name: str, profile: str | None, region: str | None, data: bool, training: bool) -> None:
    """Delete a stack, and list what is left in the account."""
    from houselights.deploying.aws import aws_session
    from houselights.deploying.stack import find_stack, take_down
    from houselights.deploying.training_job import jobs_of, take_down_training, training_bucket

    session = aws_session(profile=profile, region=region)
    bucket = training_bucket(session, name)
    # Who never trained needs no rights in SageMaker.
    running = [job for job, status in jobs_of(session, name) if status == "InProgress"] if bucket else []
    if training:
        click.echo(f"In {session.region_name}, this deletes what training left of {name}:")
        click.echo(f"  everything in bucket {bucket}" if bucket else "  nothing: there is no bucket of it")
        for job in running:
            click.echo(f"  and stops job {job}")
        _confirm(name)
        for line in take_down_training(session, name):
            click.echo(f"Left in the account: {line}")
        return
    stack = find_stack(session, name)
    click.echo(f"In account {stack.account}, region {stack.region}, this deletes the stack {stack.name} with")
    for bucket in stack.buckets:
        click.echo(f"  everything in bucket {bucket}")
    if bucket:
        click.echo(f"  everything in bucket {bucket}, of training")
    for job in running:
        click.echo(f"  and stops training job {job}")
    click.echo(f"  Rekognition collection {stack.collection}, if it exists")
    for table in stack.tables:
        click.echo(f"  table {table} and everything recorded" if data else f"and keeps table {table} (see --data)")
    if data and stack.tables:
        click.echo(
            f"AWS can restore a deleted table for {LONGEST_RECOVERY_DAYS} days. To prevent that, first run: "
            "aws dynamodb update-continuous-backups --table-name TABLE --point-in-time-recovery-specification "
            "PointInTimeRecoveryEnabled=false"
        )
    _confirm(stack.name)
    click.echo("Deleting; this takes some minutes.")
    left = [*take_down(session, stack, with_data=data), *take_down_training(session, name)]
    click.echo(f"The stack {stack.name} is gone." + (" Left in the account:" if left else " Nothing is left."))
    for line in left:
        click.echo(f"  {line}")


def _confirm(name: str) -> None:
    """Asks for the stack's name before anything is deleted."""
    if click.prompt("Type the stack's name to go on", default="", show_default=False) != name:
        raise DeploymentFailed(f"that is not {name!r}: nothing was deleted")


if __name__ == "__main__":
    sys.exit(run(command=deploying, program="python -m houselights.deploying"))
