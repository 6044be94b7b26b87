"""`houselights compare-scorers`: compares scorers on the same faces, on the device and on your AWS account."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from audience.errors import HouselightsError, InvalidValue, ScoringRefused
from audience.monitoring.prices import DETECT_FACES
from audience.privacy import Setting, decide
from houselights.commands.extras import needing_extra
from houselights.commands.options import Number, account_options, country_option, model_option, setting_option
from houselights.commands.output_file import write_output
from houselights.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from houselights.comparing_scorers.figures import ScorerComparison
    from houselights.comparing_scorers.runs import CloudScoring, SeenFaces

_INTERRUPTED = 130
_OWN = "own"
_SCORERS = ("expressionnet", "rekognition", _OWN)


@click.command(short_help="Compare scoring on the device and in the cloud, on your recording.")
@click.argument("video", type=click.Path(path_type=Path))
@click.option(
    "--scorer",
    "names",
    type=click.Choice(_SCORERS),
    multiple=True,
    help="A scorer to compare; repeatable.  [default: expressionnet, rekognition, and own where --model is given]",
)
@model_option
@click.option(
    "--minutes",
    type=Number(min=0.05, max=600),
    default=10.0,
    show_default=True,
    metavar="N",
    help="At most this much is compared: of a longer recording, minutes from all over it.",
)
@click.option(
    "--interval",
    "interval_s",
    type=Number(min=0.1, max=600),
    default=2.0,
    show_default=True,
    metavar="S",
    help="Seconds of faces on a contact sheet, as HOUSELIGHTS_SHEET_INTERVAL_S of a device.",
)
@setting_option
@country_option
@account_options
@click.option("--endpoint-url", metavar="URL", help="Address of Rekognition, if it is not AWS's own.")
@click.option("--yes", is_flag=True, help="Send the pictures without confirmation.")
@click.option(
    "--to", "file", type=click.Path(path_type=Path), metavar="FILE.html", help="[default: VIDEO-scorers.html]"
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def compare_scorers(
    video: Path,
    names: tuple[str, ...],
    model: Path | None,
    minutes: float,
    interval_s: float,
    setting: Setting,
    country: str | None,
    profile: str | None,
    region: str | None,
    endpoint_url: str | None,
    yes: bool,
    file: Path | None,
    as_json: bool,
) -> int:
    """Compare scorers on the same faces of VIDEO: agreement, cost, delay, and what leaves the device.

    With rekognition this sends pictures of faces to AWS and costs money: what is sent, where to, and the list price
    are shown first. No picture is written to disk, and no store is changed. Ctrl-C reports what was compared so far.
    """
    names = _chosen(names, model)
    decision = decide(setting, country)
    if decision.mode != "expressions":
        raise ScoringRefused(f"expressions of this recording must not be scored: {decision.reason}")
    file = Path(f"{video.stem}-scorers.html") if file is None else file
    if file.suffix.lower() != ".html":
        raise InvalidValue(f"{file} is not .html: give another file with --to")
    if not file.parent.is_dir():
        raise InvalidValue(f"{file.parent} is not a folder: give another file with --to")
    with needing_extra("edge"):
        from edge_lambda.detectors.load import load_detector
        from edge_lambda.recording import open_recording
        from edge_lambda.scorers import load_scorer
        from houselights.comparing_scorers.runs import check_distinct, see_faces
    with needing_extra("report"):
        from houselights.comparing_scorers.figures import compare
        from houselights.comparing_scorers.page import page_of

    # What is given is looked at before anybody's account is.
    open_recording(video)
    scorers = [
        load_scorer("expressionnet", model=model if name == _OWN else None) for name in names if name != "rekognition"
    ]
    check_distinct(scorers)
    session, service = None, ""
    if "rekognition" in names:
        with needing_extra("ingest"):
            session, service = _account(profile, region, endpoint_url)
    console = Console(stderr=True)
    with console.status("finding faces") as status:
        seen = see_faces(
            video,
            detector=load_detector(doubtful=True),
            scorers=scorers,
            minutes=minutes,
            interval_s=interval_s,
            on_progress=lambda seconds: status.update(f"finding faces: {seconds} s of at most {60 * minutes:.0f} s"),
        )
    runs, code, problem = [*seen.runs], 0, None
    if session is not None:
        from houselights.comparing_scorers.runs import CloudScoring
        from ingest_lambda.rekognition import RekognitionScorer, rekognition_client

        click.echo(_what_is_sent(seen, service), err=True)
        if not (yes or click.confirm("Send them? You need the right to do so", err=True)):
            click.echo("Nothing was sent.", err=True)
            return 1
        cloud = CloudScoring(seen, RekognitionScorer(rekognition_client(session, endpoint_url=endpoint_url)))
        code, problem = _score(cloud, console, calls=len(seen.sheets))
        runs.insert(min(1, len(runs)), cloud.run)
    compared = compare(seen, runs, interval_s=interval_s)
    if compared.compared or problem is None:
        made = page_of(compared, recording=video.name, service=service, made_at=datetime.now(UTC))
        write_output(file, made.encode())
        click.echo(json.dumps(_as_json(compared, service)) if as_json else _as_text(compared))
        click.echo(file, err=as_json)
    if problem is not None:
        raise problem
    return code


def _chosen(names: Sequence[str], model: Path | None) -> tuple[str, ...]:
    """The scorers to compare, each once."""
    if not names:
        names = ("expressionnet", "rekognition", *([_OWN] if model else []))
    names = tuple(dict.fromkeys(names))
    if _OWN in names and model is None:
        raise InvalidValue("the scorer `own` needs a model file: give --model FILE")
    if len(names) < 2:
        raise InvalidValue(f"{names[0]} alone cannot be compared: give --scorer twice")
    return names


def _account(profile: str | None, region: str | None, endpoint_url: str | None) -> tuple[Any, str]:
    """The AWS session, and where its calls go, in words."""
    from houselights.deploying.aws import aws_errors, aws_session
    from ingest_lambda.bucket import quick_client

    session = aws_session(profile=profile, region=region)
    if endpoint_url is not None:
        return session, f"Rekognition at {endpoint_url}"
    with aws_errors(session):
        account = quick_client(session, "sts").get_caller_identity()["Account"]
    return session, f"Amazon Rekognition in {session.region_name}, account {account}"


def _score(cloud: CloudScoring, console: Console, *, calls: int) -> tuple[int, HouselightsError | None]:
    """Scores in the cloud; the exit code, and the error that ended it early."""
    with console.status("calling Rekognition") as status:
        try:
            cloud.score(lambda answered: status.update(f"calling Rekognition: {answered} of {calls} calls"))
        except KeyboardInterrupt:
            return _INTERRUPTED, None
        except HouselightsError as error:
            return 0, error
    return 0, None


def _what_is_sent(seen: SeenFaces, service: str) -> str:
    sheets = len(seen.sheets)
    size = sum(len(sheet.jpeg) for sheet in seen.sheets)
    return (
        f"To be sent to {service}: pictures of {counted(len(seen.track), 'face')}, on "
        f"{counted(sheets, 'contact sheet')}; {size / 1000:.0f} kB.\n"
        f"That is {counted(sheets, 'call')} of DetectFaces, ${sheets * DETECT_FACES:.3f} at the "
        f"list price of us-east-1 (${DETECT_FACES:.3f} a call).\n"
        "Nothing is stored on this machine. AWS may keep pictures to improve its services unless your organization "
        "opts out: see docs/privacy.md."
    )


def _as_json(compared: ScorerComparison, service: str) -> dict[str, Any]:
    fields = asdict(compared)
    fields["at_s"] = compared.at_s.tolist()
    fields["shares"] = {name: share.tolist() for name, share in compared.shares.items()}
    return {"service": service, **_without_nan(fields)}


def _without_nan(value: Any) -> Any:
    """The value with null for every NaN, which JSON has no word for."""
    if isinstance(value, dict):
        return {name: _without_nan(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def _as_text(compared: ScorerComparison) -> str:
    from houselights.comparing_scorers.text import AGREEMENT_COLUMNS, agreement_rows, lead, side_by_side

    lines = [lead(compared), "", *_table("", [one.name for one in compared.scorers], side_by_side(compared))]
    for pair in compared.pairs:
        lines += ["", *_table(f"{pair.first}, {pair.second}", AGREEMENT_COLUMNS, agreement_rows(pair))]
    return "\n".join([*lines, "", "What is measured is visible expression, not feeling."])


def _table(corner: str, columns: Sequence[str], rows: dict[str, list[str]]) -> list[str]:
    """Lines of a table whose columns are as wide as their widest cell."""
    table = [[corner, *columns], *([name, *cells] for name, cells in rows.items())]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table]
