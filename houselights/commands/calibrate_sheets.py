"""`houselights calibrate-sheets`: measures on your AWS account how contact sheets change scores."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from audience.disclosure import MIN_FACES
from audience.errors import HouselightsError, ScoringRefused
from audience.privacy import Setting, decide
from houselights.commands.extras import needing_extra
from houselights.commands.options import Count, account_options, country_option, setting_option

if TYPE_CHECKING:
    from houselights.calibrating_sheets import Comparison, MethodResult
    from houselights.sampled_faces import SampledFaces

_INTERRUPTED = 130


@click.command(short_help="Measure how contact sheets change scores, on your AWS account.")
@click.argument("video", type=click.Path(path_type=Path))
@click.option(
    "--faces",
    "most",
    type=Count(MIN_FACES, 5000),
    default=100,
    show_default=True,
    metavar="N",
    help="Maximum number of faces to send.",
)
@setting_option
@country_option
@account_options
@click.option("--yes", is_flag=True, help="Send the pictures without confirmation.")
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

    This sends pictures of faces to AWS and costs money: what is sent, where to, and the list price are shown first. No
    picture is written to disk, and no store is changed. Ctrl-C prints what was measured so far.
    """
    decision = decide(setting, country)
    if decision.mode != "expressions":
        raise ScoringRefused(f"faces of this recording must not be sent: {decision.reason}")
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
    with console.status("finding faces") as status:
        sampled = sample_faces(
            video,
            most=most,
            detector=load_detector(doubtful=True),
            on_progress=lambda faces: status.update(f"finding faces: {faces} of {most}"),
        )
    calls = len(sampled.sheets) + len(sampled.pictures)
    click.echo(_what_is_sent(sampled, account=account, region=session.region_name), err=True)
    if not (yes or click.confirm("Send them? You need the right to do so", err=True)):
        click.echo("Nothing was sent.", err=True)
        return 1
    scorer = RekognitionScorer(rekognition_client(session))
    calibration = Calibration(sampled, scorer)
    code, problem = 0, None
    with console.status("calling Rekognition") as status:
        try:
            calibration.run(lambda answered: status.update(f"calling Rekognition: {answered} of {calls} calls"))
        except KeyboardInterrupt:
            code = _INTERRUPTED
        except HouselightsError as error:
            problem = error
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
    from audience.monitoring.prices import DETECT_FACES

    sheets, faces = len(sampled.sheets), len(sampled.pictures)
    size = sum(len(sheet.jpeg) for sheet in sampled.sheets) + sum(map(len, sampled.pictures))
    return (
        f"{faces} faces will be sent to Amazon Rekognition in {region}, account {account}: on {sheets} contact "
        f"{'sheet' if sheets == 1 else 'sheets'}, and each as a separate picture; {size / 1000:.0f} kB.\n"
        f"That is {sheets + faces} calls of DetectFaces, ${(sheets + faces) * DETECT_FACES:.3f} at the list price of "
        f"us-east-1 (${DETECT_FACES:.3f} a call).\n"
        "Nothing is stored on this machine. AWS may keep pictures to improve its services unless your "
        "organization opts out: see "
        "docs/privacy.md."
    )


def _as_json(compared: Comparison, **where: str) -> dict[str, Any]:
    fields = asdict(compared)
    for name, way in (("on_sheets", compared.on_sheets), ("alone", compared.alone)):
        fields[name]["dollars"] = way.dollars
    return where | fields


def _as_text(compared: Comparison) -> str:
    lines = [_method_line("On sheets", compared.on_sheets), _method_line("Alone", compared.alone)]
    if not compared.differences:
        return "\n".join(
            [*lines, f"{compared.compared} faces were scored both on sheets and alone: too few to compare."]
        )
    lines += [
        f"{compared.compared} faces were scored both on sheets and alone. Differences: confidence on the sheet "
        "minus alone.",
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
            "agree: faces that show the expression in both cases, or in neither; on sheets, alone: share of faces "
            "that show it.",
            "What is measured is visible expression, not feeling.",
        ]
    )


def _method_line(name: str, way: MethodResult) -> str:
    return (
        f"{name}: {way.found} of {way.faces} faces found; {way.bytes / 1000:.0f} kB sent; calls of DetectFaces: "
        f"{way.calls} (${way.dollars:.3f})."
    )
