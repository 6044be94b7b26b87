"""`houselights dataset`: a data set of labelled faces from one's own photos, to train a scorer on."""

from __future__ import annotations

import json
import os
import shlex
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from audience.errors import InvalidValue, ScoringRefused
from audience.privacy import SETTINGS, Setting, decide
from houselights.commands.extras import needing_extra
from houselights.commands.options import Count, Number, account_options, country_option, model_option
from houselights.commands.stopping import stopped_by_signal
from houselights.labelling import FORMATS, LABELLERS
from houselights.labelling.text import (
    KEPT,
    PERSONAL_DATA,
    agreement_line,
    check_text,
    cutting_lines,
    split_text,
    what_is_sent,
)
from houselights.wording import counted

if TYPE_CHECKING:
    from houselights.labelling import Format, Labeller
    from houselights.labelling.dataset import DataSet, Face

_SPOILT = 1


@click.group(short_help="Label your own photos, to train a scorer on.")
def dataset() -> None:
    """Make a data set of labelled faces out of your own photos and videos, to train a scorer on.

    A folder of photos of people is personal data: use photos of people who agreed to it. Only `label --by rekognition`
    sends anything anywhere, and asks before.
    """


@dataset.command(short_help="Find the faces in photos and videos, and label them.")
@click.argument("photos", type=click.Path(path_type=Path))
@click.option("--by", type=click.Choice(LABELLERS), required=True, help="Who labels: you on a page, or a machine.")
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the data set, new or existing.  [default: beside PHOTOS, its name and -faces]",
)
@click.option(
    "--every",
    "every_s",
    type=Number(min=0.02, max=3600),
    default=2.0,
    show_default=True,
    metavar="S",
    help="Seconds between pictures of a video.",
)
@click.option(
    "--least-px",
    type=Count(min=16),
    default=32,
    show_default=True,
    metavar="N",
    help="Leave out faces of less height.",
)
@click.option("--rater", default="me", show_default=True, metavar="NAME", help="Name of the person who labels.")
@click.option("--disputed", is_flag=True, help="Label only the faces on which people disagree so far.")
@click.option("--port", type=Count(1, 65535), metavar="N", help="Port of the page.  [default: any free one]")
@click.option("--browser/--no-browser", default=True, help="Open a browser.  [default: yes]")
@model_option
@click.option(
    "--setting",
    type=click.Choice(SETTINGS),
    default="research",
    show_default=True,
    help="Kind of place the photos were taken in.",
)
@country_option
@account_options
@click.option("--yes", is_flag=True, help="Send the faces to Rekognition without confirmation.")
def label(photos: Path, by: str, target: Path | None, every_s: float, least_px: int, **options: Any) -> int:
    """Find the faces in PHOTOS, a folder of photos and videos, cut each out, and label them.

    A person labels on a page of this machine alone (keys 1 to 8, 0 for unclear, X for no face, U to undo); two people
    with a --rater name each do not see each other's labels. Amazon Rekognition labels on your account, after a yes.
    Ctrl-C keeps what is done; the same command goes on from there, and looks only at photos that are new.
    """
    with needing_extra("edge"):
        from houselights.labelling.cutting import check_folder
        from houselights.labelling.dataset import DataSet, person_file_name
    check_folder(photos)
    person_file_name(options["rater"])
    if by != "person":
        decision = decide(cast("Setting", options["setting"]), options["country"])
        if decision.mode != "expressions":
            raise ScoringRefused(f"faces of these photos must not be scored: {decision.reason}")
    made = DataSet(target or _beside(photos))
    click.echo(
        f"{PERSONAL_DATA} "
        + ("Nothing is sent before you say yes." if by == "rekognition" else "Nothing leaves this machine."),
        err=True,
    )
    with _what_is_done_is_kept():
        _cut(photos, made, every_s=every_s, least_px=least_px)
        if not made.faces():
            raise InvalidValue(f"no face of {least_px} pixels or more was found in {photos}")
        if by == "person":
            code = _label_by_person(made, options)
        elif by == "expressionnet":
            code = _label_by_expressionnet(made, options["model"])
        else:
            code = _label_by_rekognition(made, options)
    return code


@dataset.command(short_help="Split a data set by people.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--people",
    "people_from",
    default="auto",
    show_default=True,
    metavar="folders|pictures|FILE.csv",
    help="How people are known: by the first folder of a photo, by a table (columns file, person), or not at all.",
)
@click.option("--again", is_flag=True, help="Forget an earlier split; else who is in a part stays there.")
def split(folder: Path, people_from: str, again: bool) -> None:
    """Put everybody in DIR into one part: training, validation or held out.

    The same data set is split the same way everywhere. Where nobody says who is who, pictures that are nearly the same
    stay together, and so do the faces of one video; one person's other photos may then be in two parts.
    """
    with needing_extra("edge"):
        from houselights.labelling.alike import nearly_same_faces
        from houselights.labelling.labels import labels_of
        from houselights.labelling.split import (
            names_people,
            people_by_folder,
            people_by_table,
            read_split,
            split_people,
            write_split,
        )

    made, faces = _opened(folder)
    by_folder = people_by_folder(faces)
    if people_from == "auto":
        people_from = "folders" if names_people(by_folder.values()) else "pictures"
    if people_from == "folders":
        people = by_folder
        if not people:
            raise InvalidValue(
                f"the photos of {folder} are not in folders of people: use --people pictures, or a table"
            )
    elif people_from == "pictures":
        people = {}
    else:
        people = people_by_table(Path(people_from))
        if not people.keys() & {face.file for face in faces}:
            raise InvalidValue(f"{people_from} names none of the photos: write files as {faces[0].file}")
    with Console(stderr=True).status("comparing pictures"):
        report = split_people(
            faces,
            nearly_same_faces(faces),
            people,
            {face: label.expression for face, label in labels_of(made).items()},
            people_from=people_from,
            before=None if again else read_split(made),
        )
    write_split(made, report.split)
    click.echo(split_text(report, faces))


@dataset.command(short_help="Find duplicates, leakage and doubtful labels.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def check(folder: Path, as_json: bool) -> int:
    """Check DIR: what is twice in it, what leaks from one part to another, which labels are doubtful, what is too few.

    The exit code is 1 where figures measured on it would be wrong: no split, or nearly the same picture in two parts.
    """
    with needing_extra("edge"):
        from houselights.labelling.alike import nearly_same_faces
        from houselights.labelling.check import check_faces
        from houselights.labelling.labels import labels_of, said_by_people, scored_by
        from houselights.labelling.split import read_split

    made, faces = _opened(folder)
    labels, scored, said, parts = (
        labels_of(made),
        scored_by(made, "expressionnet"),
        said_by_people(made),
        read_split(made),
    )
    with Console(stderr=True).status("comparing pictures"):
        alike = nearly_same_faces(faces)
    result = check_faces(faces, alike, labels, scored, said, parts)
    click.echo(json.dumps({**asdict(result), "spoilt": result.spoilt}) if as_json else check_text(result))
    return _SPOILT if result.spoilt else 0


@dataset.command(short_help="Write a data set for training.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--to", "target", type=click.Path(path_type=Path), required=True, metavar="DIR", help="A new folder.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(FORMATS),
    default="folder",
    show_default=True,
    help="labels.csv and pictures, Parquet, or WebDataset shards.",
)
@click.option(
    "--labels",
    "only",
    type=click.Choice(LABELLERS),
    help="Use these labels alone.  [default: a person's, else Rekognition's, else ExpressionNet's]",
)
def pack(folder: Path, target: Path, kind: str, only: str | None) -> None:
    """Write the labelled faces of DIR for training: pictures, expression, person, part, and each expression's score."""
    with needing_extra("edge"):
        from houselights.labelling.labels import labels_of
        from houselights.labelling.pack import choose_faces
        from houselights.labelling.pack import pack as write_packed
        from houselights.labelling.split import read_split

    made, faces = _opened(folder)
    if (parts := read_split(made)) is None:
        raise InvalidValue(f"{folder} is not split by people yet: run `houselights dataset split {folder}`")
    packing = choose_faces(faces, labels_of(made, cast("Labeller | None", only)), parts)
    left_out = "".join(f"\n  {count} left out: {reason}" for reason, count in sorted(packing.left_out.items()))
    if not packing.faces:
        raise InvalidValue(f"no face of {folder} can be trained on:{' '.join(left_out.split())}")
    with _what_is_done_is_kept(), _progress() as bar:
        task = bar.add_task("packing", total=len(packing.faces))
        write_packed(
            made,
            packing.faces,
            target,
            cast("Format", kind),
            on_progress=lambda done: bar.update(task, completed=done),
        )
    click.echo(f"{counted(len(packing.faces), 'face')} in {target}.{left_out}")
    if kind == "folder":
        click.echo(
            f"Train on them: python -m training --data {shlex.quote(str(target))} --out my-scorer.onnx", err=True
        )


def _beside(photos: Path) -> Path:
    """Where a data set goes unless the user says so."""
    folder = Path(os.path.abspath(photos))  # noqa: PTH100 - a link is kept as it is given, and .. is resolved
    if not folder.name:
        raise InvalidValue(f"nothing can lie beside {photos}: say where the data set goes with --to")
    return folder.with_name(f"{folder.name}-faces")


def _opened(folder: Path) -> tuple[DataSet, list[Face]]:
    """A data set with its faces, of which there are some."""
    from houselights.labelling.dataset import DataSet

    made = DataSet.open(folder)
    if not (faces := made.faces()):
        raise InvalidValue(f"{folder} has no faces: run `houselights dataset label` with photos of people")
    return made, faces


def _cut(photos: Path, made: DataSet, *, every_s: float, least_px: int) -> None:
    """Finds and cuts faces, and says what was left out."""
    from edge_lambda.detectors.load import load_detector
    from houselights.labelling.cutting import cut_faces

    with _progress() as bar:
        task = bar.add_task("finding faces", total=None)
        cutting = cut_faces(
            photos,
            made,
            load_detector,
            every_s=every_s,
            least_px=least_px,
            on_progress=lambda done, files, faces: bar.update(
                task, total=files, completed=done, description=f"finding faces: {faces}"
            ),
        )
    for line in cutting_lines(cutting):
        click.echo(line, err=True)


def _label_by_person(made: DataSet, options: dict[str, Any]) -> int:
    with needing_extra("dashboard"):
        from houselights.labelling.page.routes import serving_page
    from houselights.labelling.labels import agreements, disputed_faces, said_by_people
    from houselights.labelling.rating import Rating

    rater = options["rater"]
    faces = [face.id for face in made.faces()]
    if options["disputed"]:
        others = {name: said for name, said in said_by_people(made).items() if name != rater}
        if not (faces := disputed_faces(others)):
            raise InvalidValue("no other two people disagree on a face: leave out --disputed")
    rating = Rating(made, rater, faces)
    with serving_page(made, rating, port=options["port"]) as address, stopped_by_signal() as stop:
        click.echo(
            f"{rater} has labelled {rating.done:,} of {counted(rating.total, 'face')}. Go on at {address} ; end with "
            "Ctrl-C."
        )
        if options["browser"]:
            webbrowser.open(address)
        stop.wait()
    click.echo(f"{rater} has labelled {rating.done:,} of {counted(rating.total, 'face')}.", err=True)
    for one in agreements(said_by_people(made)) if rating.done == rating.total else []:
        if rater in one.raters:
            click.echo(agreement_line(one), err=True)
    return 0


def _label_by_expressionnet(made: DataSet, model: Path | None) -> int:
    from edge_lambda.scorers import load_scorer
    from houselights.labelling.machine import label_by_expressionnet, without_label

    scorer = load_scorer("expressionnet", model=model)
    faces = without_label(made, "expressionnet", scorer.name)
    with _progress() as bar:
        task = bar.add_task(f"scoring with {scorer.name}", total=len(faces))
        label_by_expressionnet(made, faces, scorer, lambda done: bar.update(task, completed=done))
    before = len(made.faces()) - len(faces)
    click.echo(f"{counted(len(faces), 'face')} labelled by {scorer.name}; {before:,} were before.")
    return 0


def _label_by_rekognition(made: DataSet, options: dict[str, Any]) -> int:
    with needing_extra("ingest"):
        from houselights.deploying.aws import aws_errors, aws_session
        from ingest_lambda.bucket import quick_client
        from ingest_lambda.rekognition import RekognitionScorer, confidences, rekognition_client
    from houselights.labelling.machine import ATTEMPTS, label_by_rekognition, without_label

    faces = without_label(made, "rekognition", RekognitionScorer.name)
    if not faces:
        click.echo("Rekognition has labelled all faces before: nothing was sent.")
        return 0
    session = aws_session(profile=options["profile"], region=options["region"])
    with aws_errors(session):
        account = quick_client(session, "sts").get_caller_identity()["Account"]
    click.echo(what_is_sent(len(faces), len(made.faces()), account=account, region=session.region_name), err=True)
    if not (options["yes"] or click.confirm("Send them? You need the right to do so", err=True)):
        click.echo("Nothing was sent.", err=True)
        return 1
    scorer = RekognitionScorer(rekognition_client(session, attempts=ATTEMPTS))
    with _progress() as bar:
        task = bar.add_task("calling Rekognition", total=len(faces))
        label_by_rekognition(made, faces, scorer, confidences, lambda done: bar.update(task, completed=done))
    click.echo(
        f"{counted(len(faces), 'face')} labelled by Rekognition; raw answers are in {made.labels_file('rekognition')}."
    )
    return 0


@contextmanager
def _progress() -> Iterator[Progress]:
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        yield bar


@contextmanager
def _what_is_done_is_kept() -> Iterator[None]:
    """Says on Ctrl-C that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(KEPT, err=True)
        raise
