"""`houselights calibrate-sheets`: what contact sheets change, measured on an AWS account of one's own."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from audience.disclosure import MIN_FACES
from audience.errors import HouselightsError, ScoringRefused
from audience.privacy import SETTINGS, Setting, decide
from houselights.commands.extras import needing_extra
from houselights.commands.options import country_option

if TYPE_CHECKING:
    from houselights.calibrating_sheets import Comparison, Way
    from houselights.sampled_faces import SampledFaces

_INTERRUPTED = 130


@click.command(short_help="Measure what contact sheets change, on your AWS account.")
@click.argument("video", type=click.Path(path_type=Path))
@click.option(
    "--faces",
    "most",
    type=click.IntRange(MIN_FACES, 5000),
    default=100,
    show_default=True,
    metavar="N",
    help="How many faces are sent, at most.",
)
@click.option("--setting", type=click.Choice(SETTINGS), default="event", show_default=True, help="Kind of place.")
@country_option
@click.option("--profile", metavar="NAME", help="AWS profile.")
@click.option("--region", metavar="NAME", help="AWS region.  [default: the profile's]")
@click.option("--yes", is_flag=True, help="Send the pictures without asking.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def calibrate_sheets(
    video: Path,
    most: int,
    setting: Setting,
    country: str | None,
    profile: str | None,
    region: str | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Score faces of VIDEO on contact sheets and one by one with Amazon Rekognition, and compare.

    Pictures of faces are sent to AWS, and its calls cost money: what is sent, where to, and the list price are said
    first. No picture is written to disk, and no store is touched. Ctrl-C tells what was measured until then.
    """
    decision = decide(setting, country)
    if decision.mode != "expressions":
        raise ScoringRefused(f"faces of this recording are sent nowhere: {decision.reason}")
    with needing_extra("edge"):
        from edge_lambda.detectors.load import load_detector
        from houselights.sampled_faces import sample_faces
    with needing_extra("ingest"):
        from houselights.calibrating_sheets import Calibration
        from houselights.deploying.aws import aws_errors, aws_session
        from ingest_lambda.bucket import quick_client
        from ingest_lambda.rekognition import RekognitionScorer, rekognition_client

    session = aws_session(profile=profile, region=region)
    with aws_errors(session):
        account = quick_client(session, "sts").get_caller_identity()["Account"]
    console = Console(stderr=True)
    with console.status("looking for faces") as status:
        sampled = sample_faces(
            video,
            most=most,
            detector=load_detector(doubtful=True),
            on_look=lambda faces: status.update(f"looking for faces: {faces} of {most}"),
        )
    calls = len(sampled.sheets) + len(sampled.pictures)
    click.echo(_what_is_sent(sampled, account=account, region=session.region_name), err=True)
    if not (yes or click.confirm("Do you want to send them, and may you?", err=True)):
        click.echo("Nothing was sent.", err=True)
        return 1
    scorer = RekognitionScorer(rekognition_client(session))
    calibration = Calibration(sampled, scorer)
    code, problem = 0, None
    with console.status("asking Rekognition") as status:
        try:
            calibration.run(lambda answered: status.update(f"asking Rekognition: {answered} of {calls} calls"))
        except KeyboardInterrupt:
            code = _INTERRUPTED
        except HouselightsError as trouble:
            problem = trouble
    compared = calibration.compared()
    if compared.alone.faces:
        if compared.alone.faces < compared.faces:
            click.echo(f"Ended after {compared.alone.faces} of {compared.faces} faces.", err=True)
        click.echo(
            json.dumps(_as_json(compared, account=account, region=session.region_name, scorer=scorer.name))
            if as_json
            else _as_text(compared)
        )
    if problem is not None:
        raise problem
    return code


def _what_is_sent(sampled: SampledFaces, *, account: str, region: str) -> str:
    from audience.monitoring.cost import DETECT_FACES

    sheets, faces = len(sampled.sheets), len(sampled.pictures)
    size = sum(len(sheet.jpeg) for sheet in sampled.sheets) + sum(map(len, sampled.pictures))
    return (
        f"{faces} faces go to Amazon Rekognition in {region}, on account {account}: on {sheets} contact "
        f"{'sheet' if sheets == 1 else 'sheets'}, and each as a picture of its own; {size / 1000:.0f} kB.\n"
        f"That is {sheets + faces} calls of DetectFaces, ${(sheets + faces) * DETECT_FACES:.3f} at the list price of "
        f"us-east-1 (${DETECT_FACES:.3f} a call).\n"
        "Nothing is kept here. AWS may keep pictures to improve its services unless your organization opts out: see "
        "docs/privacy.md."
    )


def _as_json(compared: Comparison, **where: str) -> dict[str, Any]:
    fields = asdict(compared)
    for name, way in (("on_sheets", compared.on_sheets), ("alone", compared.alone)):
        fields[name]["dollars"] = way.dollars
    return where | fields


def _as_text(compared: Comparison) -> str:
    lines = [_way("On sheets", compared.on_sheets), _way("Alone", compared.alone)]
    if not compared.differences:
        return "\n".join([*lines, f"{compared.compared} faces were scored both ways: too few to compare."])
    lines += [
        f"{compared.compared} faces were scored both ways. Differences: the confidence on the sheet less that alone.",
        "",
        f"{'':<10}{'correlation':>12}{'difference':>12}{'absolute':>10}{'agree':>8}{'on sheets':>11}{'alone':>8}",
    ]
    for expression, one in compared.differences.items():
        correlation = "-" if one.correlation is None else f"{one.correlation:.3f}"
        lines.append(
            f"{expression:<10}{correlation:>12}{one.mean:>+12.3f}{one.mean_absolute:>10.3f}{one.agreement:>8.1%}"
            f"{one.share_on_sheets:>11.1%}{one.share_alone:>8.1%}"
        )
    return "\n".join(
        [
            *lines,
            "",
            "agree: faces that show the expression both ways, or neither way; on sheets, alone: share of faces that "
            "show it.",
            "What is measured is visible expression, not feeling.",
        ]
    )


def _way(name: str, way: Way) -> str:
    return (
        f"{name}: {way.found} of {way.faces} faces found; {way.bytes / 1000:.0f} kB sent; calls of DetectFaces: "
        f"{way.calls} (${way.dollars:.3f})."
    )
