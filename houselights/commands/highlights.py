"""`houselights highlights`: cuts the talk's own recording at the session's key moments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audience.errors import InvalidValue
from audience.faces import EXPRESSIONS, LEAD_EXPRESSION
from audience.time import clock_text
from houselights.commands.extras import needing_extra
from houselights.commands.options import Count, Number, store_at, store_option
from houselights.commands.output_file import write_output
from houselights.commands.stage_choice import chosen_stage

if TYPE_CHECKING:
    from audience.reaction.review import Review
    from audience.sessions import Session
    from audience.store import RecordingProgress, Store
    from houselights.highlights.clips import Clip
    from houselights.highlights.cutting import CutFile

SHOWS = ("speaker", "screen")


@click.command(short_help="Cut the talk's own recording at the key moments.")
@click.argument("session_id", metavar="SESSION")
@click.option(
    "--video",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The talk's own recording: of the speaker or the screen, never of the audience.",
)
@click.option("--shows", required=True, type=click.Choice(SHOWS), help="What FILE shows.")
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="FILE.mp4, .mov, .mkv or .webm  [default: SESSION-highlights.mp4, unless --clips or --slides is given]",
)
@click.option(
    "--clips", "folder", type=click.Path(path_type=Path), metavar="DIR", help="Also a file for each clip, in DIR."
)
@click.option(
    "--slides",
    "sheet",
    type=click.Path(path_type=Path),
    metavar="FILE.png",
    help="Also a picture of the slides, the highest share first.",
)
@click.option(
    "--offset", "offset_s", type=float, metavar="S", help="FILE began S seconds after the session (-S: before)."
)
@click.option(
    "--sound",
    "audience",
    type=click.Path(path_type=Path),
    metavar="AUDIENCE",
    help="Find out when FILE began by comparing its sound with the audience's recording.",
)
@click.option("--most", type=Count(1, 7), default=5, show_default=True, metavar="N", help="Moments at most.")
@click.option("--peaks", is_flag=True, help="Peaks only, without dips and turns.")
@click.option("--before", "before_s", type=Number(0, 600), default=10, show_default=True, metavar="S")
@click.option("--after", "after_s", type=Number(1, 600), default=6, show_default=True, metavar="S")
@click.option("--burn", is_flag=True, help="Draw captions into the picture: slower, and shown by every player.")
@click.option("--faces-allowed", is_flag=True, help="FILE shows more than four faces, and all of them agreed to that.")
@click.option("--stage", "stage_id", metavar="ID", help="[default: the session's only stage]")
@click.option("--expression", type=click.Choice(EXPRESSIONS), default=LEAD_EXPRESSION, show_default=True)
@store_option
def highlights(
    session_id: str,
    video: Path,
    shows: str,
    target: Path | None,
    folder: Path | None,
    sheet: Path | None,
    offset_s: float | None,
    audience: Path | None,
    most: int,
    peaks: bool,
    before_s: float,
    after_s: float,
    burn: bool,
    faces_allowed: bool,
    stage_id: str | None,
    expression: str,
    store_url: str | None,
) -> None:
    """Cut the talk's own recording at the key moments of SESSION, with captions, into one file.

    Nothing is encoded anew where the file lets it: each clip then begins at the key frame before. Captions are a
    subtitle track. A recording of the audience is refused.
    """
    if offset_s is not None and audience is not None:
        raise InvalidValue("give one of --offset and --sound")
    if sheet is not None and sheet.suffix.lower() != ".png":
        raise InvalidValue(f"{sheet} is no .png: give such a file with --slides")
    with needing_extra("report"):
        import PIL  # noqa: F401
    with needing_extra("edge"):
        from edge_lambda.detectors.load import load_detector
        from edge_lambda.recording import open_recording
        from houselights.highlights.clips import clips_of
        from houselights.highlights.cutting import cut_file, usual_ending
        from houselights.highlights.own_recording import check_few_faces, check_not_scored
        from houselights.highlights.slide_sheet import shown_in, slide_sheet

    if target is None and folder is None and sheet is None:
        target = Path(f"{session_id}-highlights{usual_ending(video)}")
    with store_at(store_url) as store:
        session = store.session(session_id)
        if session.kind == "panel":
            raise InvalidValue(f"session {session_id!r} is of a household: there is no talk to cut")
        check_not_scored(video, _recordings_around(store, session))
        length_s = open_recording(video).length_s()
        review = _review(store, session_id, stage_id, expression)
        begins_s = _begins_s(store, review, video, length_s, offset_s, audience)
    clips: Sequence[Clip] = ()
    if target is not None or folder is not None:
        clips = clips_of(
            review,
            begins_s=begins_s,
            length_s=length_s,
            most=most,
            peaks_only=peaks,
            before_s=before_s,
            after_s=after_s,
        )
    slides = () if sheet is None else shown_in(review, begins_s, length_s)
    if not faces_allowed:
        seconds = [slide.middle_s for slide in slides]
        check_few_faces(video, clips, length_s, load_detector(), also_s=seconds)
    if target is not None:
        _print_cut(cut_file(video, clips, target, burn=burn))
    if folder is not None:
        ending = target.suffix if target is not None else usual_ending(video)
        folder.mkdir(parents=True, exist_ok=True)
        for clip in clips:
            click.echo(cut_file(video, [clip], folder / f"{clip.name}{ending}", burn=burn).path)
    if sheet is not None:
        write_output(sheet, slide_sheet(review, slides, video))
        click.echo(sheet)


def _recordings_around(store: Store, session: Session) -> list[RecordingProgress]:
    """The recordings that were scored in a session and in those that began within a day of it."""
    near = [one for one in store.sessions() if abs(one.started_at - session.started_at) <= timedelta(days=1)]
    return [recording for one in near for recording in store.recordings(one.session_id)]


def _review(store: Store, session_id: str, stage_id: str | None, expression: str) -> Review:
    from houselights.stored_reviews import stored_reviews

    session = store.session(session_id)
    stage = chosen_stage(store.stages(session_id), session_id, stage_id)
    (review,) = stored_reviews(store, session, [stage], expression)
    return review


def _begins_s(
    store: Store, review: Review, video: Path, length_s: float | None, offset_s: float | None, audience: Path | None
) -> float:
    """When the recording began, seconds from the session's start: as given, by sound, or as its file says."""
    from houselights.highlights.beginning import began_by_its_file, began_by_sound

    session, stage = review.windows.session, review.windows.stage
    if offset_s is not None:
        return offset_s
    if audience is not None:
        return began_by_sound(store, session, stage, video, audience, on_position=lambda *_: None)
    return began_by_its_file(session, video, length_s=length_s, now=datetime.now(UTC))


def _print_cut(cut: CutFile) -> None:
    click.echo(cut.path)
    if cut.encoded_because:
        click.echo(f"Encoded anew: {cut.encoded_because}.", err=True)
    for one in cut.clips:
        text = one.clip.captions[0].text.replace("\n", ": ")
        click.echo(f"  {clock_text(one.at_s)}  {text}")
