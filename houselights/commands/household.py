"""`houselights household`: the households of a panel, their members, and the address of their button page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from audience.errors import InvalidValue
from audience.identity.households import SEXES, Sex
from audience.identity.panels import LINK_LASTS, HouseholdPanel
from houselights.commands.options import store_option
from houselights.commands.people import by_option, now, opened
from houselights.commands.server_address import server_address
from houselights.wording import counted


@contextmanager
def panel_of(store_url: str | None, by: str) -> Iterator[HouseholdPanel]:
    """The households of the store of people."""
    with opened(store_url, by) as (store, _):
        yield HouseholdPanel(store, actor=by, now=now)


@click.group(short_help="Households of a panel: members, and their button page.")
def household() -> None:
    """Sign households up for a panel, whose people are on a roster of purpose panel.

    A household is a stage, under the same id, of sessions of kind panel.
    """


@household.command("set-up", short_help="Set up a household with its members.")
@click.argument("roster_id", metavar="ROSTER")
@click.argument("household_id", metavar="HOUSEHOLD")
@click.option("--title", help="Its label in the panel, such as its number; not the family's name.")
@click.option(
    "--member",
    "members",
    multiple=True,
    metavar="PERSON[,SEX[,BORN]]",
    help="Somebody on the roster, with sex (female, male, other) and year of birth as they said; may be repeated.",
)
@click.option(
    "--alike",
    multiple=True,
    metavar="PERSON,PERSON",
    help="Two whom a camera cannot tell apart; repeat it for each pair: they take the place of earlier ones.",
)
@click.option("--nobody-alike", is_flag=True, help="Take back who looks alike.")
@by_option
@store_option
def set_up(
    roster_id: str,
    household_id: str,
    title: str | None,
    members: tuple[str, ...],
    alike: tuple[str, ...],
    nobody_alike: bool,
    by: str,
    store_url: str | None,
) -> None:
    """Set up HOUSEHOLD on ROSTER, or change its title, add members and say who looks alike.

    What no option names stays as it is.
    """
    if alike and nobody_alike:
        raise InvalidValue("--alike and --nobody-alike contradict each other: give one of them")
    typed = [_member(text) for text in members]
    pairs = [_pair(text) for text in alike]
    with panel_of(store_url, by) as panel:
        one = panel.set_up(roster_id, household_id, title=title)
        for person_id, sex, born in typed:
            panel.add_member(one, person_id, sex=sex, born=born)
        if pairs or nobody_alike:
            one = panel.set_up(roster_id, household_id, alike=pairs)
        count = len(panel.members(one))
    click.echo(f"The household {household_id} has {counted(count, 'member')}.")


@household.command(short_help="Make the address of a household's button page.")
@click.argument("roster_id", metavar="ROSTER")
@click.argument("household_id", metavar="HOUSEHOLD")
@click.option("--at", "server", required=True, metavar="URL", help="Address of the pages.")
@by_option
@store_option
def link(roster_id: str, household_id: str, server: str, by: str, store_url: str | None) -> None:
    """Print the address of HOUSEHOLD's button page. An address that was made before ends."""
    address = server_address(server)
    with panel_of(store_url, by) as panel:
        token = panel.make_link(panel.household(roster_id, household_id))
    click.echo(f"{address}/household/{token}")
    click.echo(f"It is shown only now, and good for {LINK_LASTS.days} days. Whoever has it can tap.", err=True)


@household.command(short_help="End the address of a household's button page.")
@click.argument("roster_id", metavar="ROSTER")
@click.argument("household_id", metavar="HOUSEHOLD")
@by_option
@store_option
def close(roster_id: str, household_id: str, by: str, store_url: str | None) -> None:
    """End the address of HOUSEHOLD's button page."""
    with panel_of(store_url, by) as panel:
        ended = panel.revoke_links(panel.household(roster_id, household_id))
    click.echo("The button page is closed." if ended else "There was no open button page.")


@household.command(short_help="Erase a household with all that was noted of it.")
@click.argument("roster_id", metavar="ROSTER")
@click.argument("household_id", metavar="HOUSEHOLD")
@by_option
@store_option
def erase(roster_id: str, household_id: str, by: str, store_url: str | None) -> None:
    """Erase HOUSEHOLD with its button page, taps and minutes. Its members stay on ROSTER."""
    with panel_of(store_url, by) as panel:
        panel.erase(panel.household(roster_id, household_id))
    click.echo(f"The household {household_id} is erased; its members stay on the roster {roster_id}.")


@household.command("list", short_help="List the households of a roster.")
@click.argument("roster_id", metavar="ROSTER")
@by_option
@store_option
def list_households(roster_id: str, by: str, store_url: str | None) -> None:
    """List the households of ROSTER, with their members by id."""
    with panel_of(store_url, by) as panel:
        panel.roster(roster_id)
        for one in panel.households(roster_id):
            members = panel.members(one)
            described = ", ".join(
                f"{member.person_id} ({text})" if (text := member.description(now())) else member.person_id
                for member in members
            )
            click.echo(f"{one.household_id}\t{one.title}\t{described or 'no members yet'}")


def _member(text: str) -> tuple[str, Sex, int | None]:
    person_id, sex, born, *more = [*text.split(","), "", ""]
    if any(more) or sex not in SEXES or not (born.isdecimal() or not born):
        raise InvalidValue(f"--member {text!r} is not a person: write it as p-0123,female,1985, sex and year optional")
    return person_id, sex, int(born) if born else None


def _pair(text: str) -> tuple[str, str]:
    one, _, other = text.partition(",")
    if not one or not other:
        raise InvalidValue(f"--alike {text!r} names no two people: write it as p-0123,p-4567")
    return one, other
