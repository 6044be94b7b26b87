"""`houselights plan`: what a festival needs of an AWS account, what it costs, and the parameters of its stack."""

from __future__ import annotations

from pathlib import Path
from typing import Final, get_args

import click

from audience.errors import ExportFailed, InvalidValue
from audience.monitoring import prices
from audience.monitoring.plan import Festival, Plan, plan_of, usual_step
from audience.store import DELIVERY_STEPS, DeliveryStep
from houselights.wording import counted

_WAYS: Final[dict[DeliveryStep, str]] = {
    "live": "sheets every {:g} s, scored by Rekognition",
    "thrifty": "sheets every {:g} s, scored by Rekognition",
    "device": "scored on the devices, delivered every {:g} s",
}


@click.command(short_help="Plan a festival in AWS: functions, quotas, cost, parameters.")
@click.option("--stages", type=int, required=True, metavar="N", help="Number of stages.")
@click.option("--cameras", type=int, required=True, metavar="N", help="Cameras of each stage.")
@click.option("--hours", type=float, required=True, metavar="H", help="Hours of the day in which they run.")
@click.option("--faces", type=int, default=20, show_default=True, metavar="N", help="Faces in view of each camera.")
@click.option("--phones", type=int, default=0, show_default=True, metavar="N", help="Phones that watch the board.")
@click.option(
    "--deliver",
    type=click.Choice(DELIVERY_STEPS),
    help="Sheets every 2 s (live) or 12 s (thrifty), or scores made on the devices.  [default: live where an account's "
    "usual quota takes it, else device]",
)
@click.option("--interval", "interval_s", type=float, metavar="S", help="Another number of seconds between deliveries.")
@click.option(
    "--write",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the stack's parameters, for `make deploy plan=FILE`.",
)
def plan(
    stages: int,
    cameras: int,
    hours: float,
    faces: int,
    phones: int,
    deliver: DeliveryStep | None,
    interval_s: float | None,
    file: Path | None,
) -> None:
    """Print what a festival needs in AWS and what a day of it costs, by list prices; nothing is asked of AWS."""
    festival = Festival(stages=stages, cameras=cameras, hours=hours, faces=faces, phones=phones)
    planned = plan_of(festival, deliver or usual_step(festival), interval_s=interval_s)
    click.echo("\n".join(_report(planned)))
    if file is not None:
        try:
            file.write_text("\n".join(_parameter_file(planned)) + "\n", encoding="utf-8")
        except OSError as problem:
            raise ExportFailed(f"{file} cannot be written ({problem.strerror}): choose another file") from None
        click.echo(f"\nWrote {file}: make deploy plan={file} profile=NAME")


def _report(planned: Plan) -> list[str]:
    festival = planned.festival
    copies = ", ".join(f"{number} for {what}" for what, number in planned.copies.items())
    others = list(filter(None, (_other(festival, step) for step in get_args(DeliveryStep) if step != planned.step)))
    lines = [
        f"{counted(festival.all_cameras, 'camera')} ({counted(festival.stages, 'stage')} of {festival.cameras}), "
        f"{festival.hours:g} h, {counted(festival.faces, 'face')} in view of each: {_way(planned)}",
        "",
        f"Copies of the function: {copies}",
        "Quotas to ask for:" + ("" if planned.quotas else " none"),
        *(f"  {line}" for line in planned.quotas),
        "Each camera: " + " ".join(f"{name}={value}" for name, value in planned.device.items()),
        "",
        f"A day, list prices of us-east-1, {prices.AS_OF:%B %Y}, without the free tier and tax:",
        *(f"  {part:34}{_dollars(cost):>14}" for part, cost in planned.parts.items() if round(cost, 2)),
        f"  {'total':34}{_dollars(planned.dollars):>14}",
        f"Keeping what the day wrote: {_dollars(planned.month)} a month",
        *(f"Instead: {_dollars(other.dollars)} {_way(other)}" for other in others),
    ]
    if planned.parameters["TableWritesPerSecond"] != "0":
        lines.append(
            "The table's capacity is paid for by the hour, used or not: afterwards, deploy TableWritesPerSecond=0."
        )
    if planned.step == "device" and planned.interval_s > 60:
        lines.append(
            f"Figures are up to {planned.interval_s / 60:.0f} min old when they arrive; --interval 12 makes them live, "
            f"for {_dollars(plan_of(festival, 'device', interval_s=12).dollars)} a day."
        )
    return lines


def _other(festival: Festival, step: DeliveryStep) -> Plan | None:
    """The plan with another step; None where it needs more than there is."""
    try:
        return plan_of(festival, step)
    except InvalidValue:
        return None


def _way(planned: Plan) -> str:
    return _WAYS[planned.step].format(planned.interval_s)


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}"


def _parameter_file(planned: Plan) -> list[str]:
    festival = planned.festival
    return [
        f"# {counted(festival.stages, 'stage')}, {counted(festival.cameras, 'camera')} each, {festival.hours:g} h: "
        f"{_way(planned)}",
        f"# {_dollars(planned.dollars)} a day",
        *(f"# each camera: {name}={value}" for name, value in planned.device.items()),
        *(f"# ask AWS for {line}" for line in planned.quotas),
        *(f"{name}={value}" for name, value in planned.parameters.items()),
    ]
