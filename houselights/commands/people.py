"""`houselights people`: rosters of people who enrolled with consent, and everything that is done with them."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import click

from audience.errors import InvalidValue, SessionNotFound
from audience.identity.audit import AuditTrail, broken_at
from audience.identity.gate import CONDITIONS, PHOTOS_FROM, PhotosFrom, check, gate
from audience.identity.links import Links
from audience.identity.panels import HouseholdPanel
from audience.identity.people import Elsewhere, People, Receipt
from audience.identity.records import ACTORS, GIVEN_BY, PURPOSES, Actor, GivenBy, Purpose, Roster
from audience.identity.sealed import Profile
from audience.identity.searches import Searches
from audience.identity.store import IdentityStore
from audience.identity.thresholds import measured_name
from audience.ids import check_id
from audience.privacy import SETTINGS, Setting
from audience.stores import default_store_url, open_identity
from houselights.commands.extras import needing_extra
from houselights.commands.notifier_options import notifier_options, notifiers_of
from houselights.commands.options import Count, country_option, recogniser_option, store_at, store_option
from houselights.commands.server_address import server_address
from houselights.commands.stopping import stopped_by_signal
from houselights.wording import counted

if TYPE_CHECKING:
    from audience.store import Store
    from houselights.bundling import CameraBundles
    from houselights.sighting_intake import Pictures
    from ingest_lambda.rekognition_people import RekognitionPeople

Command = TypeVar("Command", bound=Callable[..., Any])

NOTICE_ON_PAPER = "paper-1"


def now() -> datetime:
    """The wall clock, aware UTC."""
    return datetime.now(UTC)


def by_option(command: Command) -> Command:
    """Adds `--by NAME`."""
    return click.option(
        "--by", metavar="NAME", default=getpass.getuser, help="Who does it, for the audit trail.  [default: your login]"
    )(command)


def rekognition_option(command: Command) -> Command:
    """Adds `--rekognition REGION`."""
    return click.option(
        "--rekognition",
        "region",
        metavar="REGION",
        envvar="HOUSELIGHTS_REKOGNITION",
        help="Also in Amazon Rekognition's collections of this region, which cost money.",
    )(command)


def bundles_option(command: Command) -> Command:
    """Adds `--bundles BUCKET|dir:PATH`."""
    return click.option(
        "--bundles",
        "folder",
        metavar="BUCKET|dir:PATH",
        envvar="HOUSELIGHTS_BUNDLES",
        help="Where cameras fetch whom to recognise: their HOUSELIGHTS_BUCKET.",
    )(command)


@contextmanager
def opened(
    store_url: str | None, by: str, elsewhere: Sequence[Elsewhere] = ()
) -> Iterator[tuple[IdentityStore, People]]:
    """The store of people, and what can be done with it."""
    with needing_extra("people"), open_identity(store_url or default_store_url()) as store:
        yield store, People(store, actor=by, now=now, elsewhere=elsewhere)


def collections(region: str | None) -> list[RekognitionPeople]:
    """The collections of a region; none where none is named."""
    if region is None:
        return []
    with needing_extra("cloud"):
        import boto3

        from ingest_lambda.rekognition import rekognition_client
        from ingest_lambda.rekognition_people import RekognitionPeople
    return [RekognitionPeople(rekognition_client(boto3.Session(region_name=region)), now=now)]


def bundles_of(
    store: IdentityStore, folder: str, recogniser: str, sessions: Store | None = None, wait_s: float = 0.0
) -> CameraBundles:
    """The bundles of all cameras, in an S3 bucket or a folder."""
    from houselights.bundling import BucketBundles, CameraBundles, LocalBundles

    path = folder.removeprefix("dir:")
    if path != folder:
        place: LocalBundles | BucketBundles = LocalBundles(Path(path))
    else:
        with needing_extra("cloud"):
            import boto3
        place = BucketBundles(boto3.client("s3"), folder)
    return CameraBundles(store, place, recogniser=measured_name(recogniser), now=now, sessions=sessions, wait_s=wait_s)


def pictures_of(folder: str) -> Pictures:
    """The pictures that cameras delivered, in an S3 bucket or a folder."""
    from houselights.sighting_intake import PictureBucket, PictureFolder

    path = folder.removeprefix("dir:")
    if path != folder:
        return PictureFolder(Path(path))
    with needing_extra("cloud"):
        import boto3
    return PictureBucket(boto3.client("s3"), folder)


@click.group(short_help="People who enrolled with consent: rosters, consent, withdrawal.")
def people() -> None:
    """Enrol people with their consent, and end it.

    Nobody is recognised but people who are on a roster, at the stages the roster names.
    """


@people.command(short_help="Set up a roster, for one purpose and some stages.")
@click.argument("roster_id", metavar="ROSTER")
@click.option("--purpose", type=click.Choice(PURPOSES), required=True)
@click.option("--setting", type=click.Choice(SETTINGS), default="event", show_default=True, help="The kind of place.")
@country_option
@click.option("--title", default="", help="Its name.")
@click.option(
    "--stages", "stages", multiple=True, metavar="SESSION/STAGE", help="Where; with * for any letters; may be repeated."
)
@click.option(
    "--accept", "accepted", multiple=True, type=click.Choice(list(CONDITIONS)), help="A condition that is met."
)
@click.option("--actor", type=click.Choice(ACTORS), default="organisation", show_default=True, help="Who recognises.")
@click.option("--law", default="", help="The national law or authorisation that a search rests on.")
@click.option("--days", type=Count(1, 1095), default=365, show_default=True, help="Days a consent holds.")
@by_option
@store_option
def roster(
    roster_id: str,
    purpose: Purpose,
    setting: Setting,
    country: str | None,
    title: str,
    stages: tuple[str, ...],
    accepted: tuple[str, ...],
    actor: Actor,
    law: str,
    days: int,
    by: str,
    store_url: str | None,
) -> None:
    """Set up ROSTER, or change its title, stages and conditions.

    What the law asks for is printed first; nothing is set up before every condition is accepted.
    """
    ruling = gate(purpose, setting, country, actor, law=law)
    click.echo(ruling.reason, err=True)
    for name in ruling.conditions:
        click.echo(f"  {'accepted' if name in accepted else 'missing '}  {name}: {CONDITIONS[name]}", err=True)
    with opened(store_url, by) as (_, list_of_people):
        list_of_people.set_up(
            Roster(
                roster_id=roster_id,
                title=title,
                purpose=purpose,
                setting=setting,
                country=country,
                stages=stages,
                accepted=accepted,
                actor=actor,
                law=law,
                created_at=now(),
                created_by=by,
                consent_days=days,
            )
        )
    click.echo(f"The roster {roster_id} is set up.")


@people.command(short_help="Add a person who signed a consent form.")
@click.argument("roster_id", metavar="ROSTER")
@click.option("--name", required=True, help="What they want to be called.")
@click.option("--note", default="", help="For whoever greets them.")
@click.option("--consent", "form", required=True, metavar="FORM", help="Reference of the signed form.")
@click.option("--notice", default=NOTICE_ON_PAPER, show_default=True, help="Version of the notice they were given.")
@click.option("--language", default="en", show_default=True, help="Of the notice.")
@click.option("--given-by", type=click.Choice(GIVEN_BY), default=get_args(GivenBy)[0], show_default=True)
@click.option("--child", is_flag=True, help="They are under age: in a household panel only, by a guardian.")
@click.option("--keep-photo", is_flag=True, help="They let one photo be kept.")
@click.option(
    "--join-expressions",
    is_flag=True,
    help="In a household panel: they agreed that their expressions are joined with them.",
)
@by_option
@store_option
def add(
    roster_id: str,
    name: str,
    note: str,
    form: str,
    notice: str,
    language: str,
    given_by: str,
    child: bool,
    keep_photo: bool,
    join_expressions: bool,
    by: str,
    store_url: str | None,
) -> None:
    """Add somebody to ROSTER and print their id."""
    with opened(store_url, by) as (_, list_of_people):
        person = list_of_people.add(
            roster_id,
            Profile(name=name, note=note),
            notice=notice,
            language=language,
            how="a signed form",
            form=form,
            child=child,
            given_by=given_by,
            keeps_photo=keep_photo,
            joins_expressions=join_expressions,
        )
    click.echo(person.person_id)


@people.command(short_help="Make a person's template from photos.")
@click.argument("roster_id", metavar="ROSTER")
@click.argument("person_id", metavar="PERSON")
@click.argument("photos", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="PHOTO...")
@click.option(
    "--photos-from",
    type=click.Choice(PHOTOS_FROM),
    default="the person",
    show_default=True,
    help="Where the photos come from; those from the web or a camera are refused.",
)
@recogniser_option
@rekognition_option
@by_option
@store_option
def enrol(
    roster_id: str,
    person_id: str,
    photos: tuple[Path, ...],
    photos_from: PhotosFrom,
    recogniser: str,
    region: str | None,
    by: str,
    store_url: str | None,
) -> None:
    """Enrol PERSON of ROSTER with photos they gave. The photos are measured, and not kept."""
    with needing_extra("edge"):
        from audience.identity.checking import checked_template
        from houselights.enrolling import measure_photos
    with opened(store_url, by) as (_, list_of_people):
        consent = list_of_people.consent(list_of_people.person(roster_id, person_id))
        roster = list_of_people.roster(roster_id)
        check(gate(roster.purpose, roster.setting, roster.country, photos=photos_from), CONDITIONS)
        known = list_of_people.faces_to_differ_from(roster)
        measured = measure_photos(photos, recogniser)
        template = checked_template(
            measured.templates,
            known,
            recogniser=measured.recogniser,
            strangers=measured.strangers,
            person_id=person_id,
        )
        for place in collections(region):
            place.enrol(roster_id, person_id, [photo.read_bytes() for photo in photos])
        list_of_people.enrol(
            roster_id,
            person_id,
            template,
            recogniser=measured.recogniser,
            photos=measured.qualities,
            photo=measured.face if consent is not None and consent.keeps_photo else None,
        )
    click.echo(f"{person_id} is enrolled with {counted(len(photos), 'photo')}.")


@people.command("list", short_help="List rosters, or the people of one.")
@click.argument("roster_id", metavar="[ROSTER]", required=False)
@click.option("--names", is_flag=True, help="Also print names.")
@by_option
@store_option
def list_people(roster_id: str | None, names: bool, by: str, store_url: str | None) -> None:
    """List all rosters, or the people of ROSTER, by their ids."""
    with opened(store_url, by) as (_, list_of_people):
        if roster_id is None:
            for one in list_of_people.rosters():
                count = len(list_of_people.people(one.roster_id))
                click.echo(
                    f"{one.roster_id}\t{one.purpose}\t{counted(count, 'person')}\t{', '.join(one.stages) or 'no stage'}"
                )
            return
        list_of_people.roster(roster_id)
        for person in list_of_people.people(roster_id):
            consent, enrolment = list_of_people.consent(person), list_of_people.enrolment(person)
            profile = list_of_people.profile(person.person_id) if names else None
            parts = [
                person.person_id,
                f"until {consent.expires_at:%Y-%m-%d}" if consent else "no consent",
                counted(len(enrolment.photos), "photo") if enrolment else "no template",
                *([profile.name] if profile else []),
            ]
            click.echo("\t".join(parts))


@people.command(short_help="Print a link by which people join a roster themselves.")
@click.argument("roster_id", metavar="ROSTER")
@click.option("--at", "server", metavar="URL", required=True, help="Address of the pages.")
@click.option("--days", type=Count(1, 90), default=14, show_default=True, help="Days it is good for.")
@click.option("--person", "person_id", metavar="PERSON", help="Instead, their own link to check in and to withdraw.")
@by_option
@store_option
def link(roster_id: str, server: str, days: int, person_id: str | None, by: str, store_url: str | None) -> None:
    """Print a link to join ROSTER. It is kept nowhere: whoever has it can join."""
    with opened(store_url, by) as (store, list_of_people):
        if list_of_people.roster(roster_id).purpose == "search":
            raise InvalidValue("nobody joins a roster of searches")
        links, address = Links(store, now=now), server_address(server)
        if person_id is not None:
            consent = list_of_people.consent(list_of_people.person(roster_id, person_id))
            valid_for = consent.expires_at - now() if consent else timedelta(days=days)
            path = f"withdraw/{links.make(roster_id, 'withdraw', valid_for=valid_for, subject_id=person_id)}"
        else:
            path = f"join/{links.make(roster_id, 'join', valid_for=timedelta(days=days))}"
            AuditTrail(store).add(at=now(), actor=by, action="join link made", roster_id=roster_id)
    click.echo(f"{address}/{path}")


@people.command("check-in", short_help="Check a person in for the welcome desk.")
@click.argument("roster_id", metavar="ROSTER")
@click.argument("person_id", metavar="PERSON")
@click.option("--out", is_flag=True, help="Check them out instead.")
@by_option
@store_option
def check_in(roster_id: str, person_id: str, out: bool, by: str, store_url: str | None) -> None:
    """Check PERSON of ROSTER in: from then on they are recognised at its stages, until they are welcomed."""
    with opened(store_url, by) as (_, list_of_people):
        list_of_people.check_in(roster_id, person_id, out=out)


@people.command(short_help="End a person's enrolment and erase everything of them.")
@click.argument("roster_id", metavar="ROSTER")
@click.argument("person_id", metavar="PERSON")
@bundles_option
@recogniser_option
@click.option("--wait", "wait_s", type=float, default=60.0, show_default=True, help="Seconds to wait for cameras.")
@rekognition_option
@by_option
@store_option
def withdraw(
    roster_id: str,
    person_id: str,
    folder: str | None,
    recogniser: str,
    wait_s: float,
    region: str | None,
    by: str,
    store_url: str | None,
) -> None:
    """Destroy PERSON's key, erase what it opened, and print the receipt.

    With --bundles, each camera is sent a bundle without PERSON, and the receipt says when it acknowledged that.
    """
    from contextlib import ExitStack

    with ExitStack() as stack:
        places: list[Elsewhere] = list(collections(region))
        if folder is not None:
            people_store, _ = stack.enter_context(opened(store_url, by))
            sessions = stack.enter_context(store_at(store_url))
            places.append(bundles_of(people_store, folder, recogniser, sessions, wait_s))
        _, list_of_people = stack.enter_context(opened(store_url, by, places))
        _print(list_of_people.withdraw(roster_id, person_id))


@people.command(short_help="Print the settings by which a device recognises people.")
@click.argument("session_id", metavar="SESSION")
@click.argument("stage_id", metavar="STAGE")
@click.argument("camera_id", metavar="CAMERA")
@click.option("--forget", is_flag=True, help="Destroy the camera's key instead: it gets no bundle any more.")
@by_option
@store_option
def device(session_id: str, stage_id: str, camera_id: str, forget: bool, by: str, store_url: str | None) -> None:
    """Print what CAMERA of STAGE needs in its environment to recognise people: its key, which is secret, and ours.

    From then on `houselights people bundles` makes bundles for it.
    """
    from audience.identity.bundle_keys import forget_camera
    from houselights.bundling import device_settings

    for what, value in (("session id", session_id), ("stage id", stage_id), ("camera id", camera_id)):
        check_id(what, value)
    with opened(store_url, by) as (store, list_of_people):
        if forget:
            known = forget_camera(store, session_id, stage_id, camera_id)
            click.echo(f"{camera_id} {'is forgotten' if known else 'had no key'}.", err=True)
            return
        with store_at(store_url) as sessions, suppress(SessionNotFound):
            session = sessions.session(session_id)
            for one in list_of_people.rosters_for(session_id, stage_id):
                # A pattern of stages may name a workplace's.
                check(gate(one.purpose, session.setting, session.country, one.actor, law=one.law), one.accepted)
        for name, value in device_settings(store, (session_id, stage_id, camera_id), at=now()).items():
            click.echo(f"{name}={value}")


@people.command(short_help="Tell cameras whom to recognise, whenever that changes.")
@bundles_option
@recogniser_option
@click.option("--once", is_flag=True, help="Make each camera's bundle once, and end.")
@rekognition_option
@by_option
@store_option
def bundles(
    folder: str | None, recogniser: str, once: bool, region: str | None, by: str, store_url: str | None
) -> None:
    """Make a signed, encrypted bundle for each camera whenever a roster changes, until Ctrl-C or SIGTERM.

    With --rekognition, those who withdrew by their own link are removed from the collections too.
    """
    if folder is None:
        raise InvalidValue("nowhere to put bundles: give --bundles with the cameras' HOUSELIGHTS_BUCKET")
    with opened(store_url, by) as (store, _), stopped_by_signal() as stop:
        of_cameras = bundles_of(store, folder, recogniser)
        if once:
            for camera, made in of_cameras.send_changed():
                click.echo(f"{'/'.join(camera)}\t{made.number}\t{counted(made.people, 'person')}")
            return
        click.echo(f"making bundles in {folder}", err=True)
        of_cameras.run(stop, lambda line: click.echo(line, err=True), collections(region))


@people.command(short_help="Take in what cameras saw.")
@click.option(
    "--from",
    "sources",
    multiple=True,
    required=True,
    metavar="QUEUE_URL|mqtt://HOST",
    help="Where sightings come from: the stack's queue of sightings, or a broker of your own. Repeatable.",
)
@bundles_option
@by_option
@store_option
def sightings(sources: tuple[str, ...], folder: str | None, by: str, store_url: str | None) -> None:
    """Record what cameras saw, until Ctrl-C or SIGTERM; with --bundles also the pictures for those who confirm."""
    from contextlib import ExitStack

    from houselights import sighting_intake as taking

    def log(line: str) -> None:
        click.echo(line, err=True)

    for source in sources:
        if not source.startswith(("mqtt://", "https://", "http://")):
            raise InvalidValue(f"sightings cannot come from {source!r}: give a queue's address, or mqtt://HOST")
    rounds: list[Callable[[], object]] = []
    with ExitStack() as stack, needing_extra("cloud"):
        store, _ = stack.enter_context(opened(store_url, by))
        stop = stack.enter_context(stopped_by_signal())
        intake = taking.SightingIntake(store, now=now, log=log)
        for source in sources:
            if source.startswith("mqtt://"):
                host, _, port = source.removeprefix("mqtt://").strip("/").partition(":")
                stack.callback(taking.listen(host, int(port or 1883), intake, log))
            else:
                import boto3
                from botocore.exceptions import BotoCoreError

                from houselights.ingesting.queue import region_of

                try:
                    sqs = boto3.client("sqs", region_name=region_of(source))
                except BotoCoreError as problem:
                    raise InvalidValue(f"the queue {source} cannot be used: {problem}") from None
                rounds.append(partial(taking.take_from_queue, sqs, source, intake))
        if folder is not None:
            rounds.append(partial(taking.take_pictures, pictures_of(folder), intake))
        taking.run(rounds, stop, log)


@people.command(short_help="Erase expired enrolments, or a whole roster.")
@click.argument("roster_id", metavar="[ROSTER]", required=False)
@rekognition_option
@by_option
@store_option
def erase(roster_id: str | None, region: str | None, by: str, store_url: str | None) -> None:
    """Erase everybody of ROSTER and the roster itself; without one, whoever's consent or search has expired."""
    places = collections(region)
    with opened(store_url, by, places) as (store, list_of_people):
        searches, panel = Searches(store, actor=by, now=now), HouseholdPanel(store, actor=by, now=now)
        if roster_id is None:
            receipts = list_of_people.end_expired()
            for one in list_of_people.rosters():
                searches.entries(one.roster_id)  # ends those that have expired
        else:
            for entry in searches.entries(roster_id):
                searches.end(roster_id, entry.entry_id, "withdrawn")
            for household in panel.households(roster_id):
                panel.erase(household)
            receipts = list_of_people.end_roster(roster_id)
            for place in places:
                place.end_roster(roster_id)
        for receipt in receipts:
            _print(receipt)
    click.echo(f"{counted(len(receipts), 'person')} erased.", err=True)


@people.command(short_help="Print everything that is kept of a person, as JSON.")
@click.argument("roster_id", metavar="ROSTER")
@click.argument("person_id", metavar="PERSON")
@by_option
@store_option
def export(roster_id: str, person_id: str, by: str, store_url: str | None) -> None:
    """Print what is kept of PERSON, for them to read or to take elsewhere."""
    with opened(store_url, by) as (_, list_of_people):
        click.echo(json.dumps(list_of_people.export(roster_id, person_id), indent=2, ensure_ascii=False))


@people.command(short_help="Print the audit trail, and whether it is whole.")
@click.option("--noted", metavar="HASH", default="", help="The last hash as you noted it elsewhere.")
@by_option
@store_option
def trail(noted: str, by: str, store_url: str | None) -> None:
    """Print what was done with whose data, and check that no entry was changed or removed."""
    with opened(store_url, by) as (store, _):
        entries = AuditTrail(store).entries()
    for entry in entries:
        parts = (entry.actor, entry.action, entry.roster_id, entry.subject_id, entry.detail)
        click.echo(f"{entry.number}\t{entry.at:%Y-%m-%dT%H:%M:%SZ}\t" + "\t".join(parts))
    if (broken := broken_at(entries, last_hash=noted)) is not None:
        raise InvalidValue(f"the audit trail was changed: entry {broken} is missing, or not as it was written")
    click.echo(f"The trail is whole; its last hash is {entries[-1].hash if entries else 'none'}.", err=True)


@people.command(short_help="Send sightings: of searches once two people confirmed them, of registers at once.")
@notifier_options
@by_option
@store_option
def notify(
    topics: tuple[str, ...], webhooks: tuple[str, ...], mails: tuple[str, ...], by: str, store_url: str | None
) -> int:
    """Send sightings until Ctrl-C or SIGTERM. Messages hold ids alone."""
    from houselights.notify.sightings import SightingWatch

    notifiers = notifiers_of(topics, webhooks, mails)
    if not notifiers:
        raise InvalidValue("nowhere to send to: give --sns-topic ARN, --webhook URL or --mail-to ADDRESS")
    with opened(store_url, by) as (store, _), stopped_by_signal() as stop:
        click.echo(f"sending sightings to {', '.join(notifier.name for notifier in notifiers)}", err=True)
        SightingWatch(store, notifiers, stop=stop, log=lambda line: click.echo(line, err=True), now=now).run()
    return 0


def _print(receipt: Receipt) -> None:
    for removal in receipt.removals:
        click.echo(f"{receipt.subject_id}\t{removal.line}")
