"""Options that several subcommands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from audience.countries import country_code
from audience.privacy import SETTINGS
from audience.session_setup import SessionSetup
from audience.sessions import KINDS
from audience.store import Store
from audience.stores import default_store_url, open_store
from audience.time import parse_instant, parse_zone
from edge_lambda.detectors import DEFAULT_DETECTOR, DETECTORS
from edge_lambda.scorers import SCORERS

if TYPE_CHECKING:
    from edge_lambda.facing import HeadPose

Command = TypeVar("Command", bound=Callable[..., Any])


STORE_VARIABLE = "HOUSELIGHTS_STORE"
ACCESS_VARIABLE = "HOUSELIGHTS_ACCESS"
MODEL_VARIABLE = "HOUSELIGHTS_MODEL"
RECOGNISER_VARIABLE = "HOUSELIGHTS_RECOGNISER"
AXIS_VARIABLE = "HOUSELIGHTS_FACING_AXIS"


class Instant(click.ParamType[datetime]):
    """An ISO 8601 date and time with a time zone."""

    name = "ISO"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        return value if isinstance(value, datetime) else parse_instant(value)


class Count(click.IntRange):
    """A whole number within bounds."""

    name = "whole number"


class Number(click.FloatRange):
    """A number within bounds. Unlike click's own type, it refuses NaN, which is neither below nor above a bound."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


class Country(click.ParamType[str]):
    """A country by name or code; converted to the ISO 3166-1 alpha-2 code."""

    name = "NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return country_code(value)


def country_option(command: Command) -> Command:
    """Adds `--country NAME`."""
    return click.option(
        "--country",
        type=Country(),
        help="The country people watch in, by name or code: Germany, Deutschland or DE.",
    )(command)


def setting_option(command: Command) -> Command:
    """Adds `--setting KIND`, an event unless another is named."""
    return click.option(
        "--setting", type=click.Choice(SETTINGS), default="event", show_default=True, help="Kind of place."
    )(command)


def account_options(command: Command) -> Command:
    """Adds `--profile` and `--region` of the AWS account that is asked."""
    region = click.option("--region", metavar="NAME", help="AWS region.  [default: the profile's]")
    return click.option("--profile", metavar="NAME", help="AWS profile.")(region(command))


def recogniser_option(command: Command) -> Command:
    """Adds `--recogniser NAME`. What it names is not imported before it is used: most never recognise anybody."""
    return click.option(
        "--recogniser",
        metavar="dlib|sface",
        envvar=RECOGNISER_VARIABLE,
        default="dlib",
        show_default=True,
        help="The model that makes templates.",
    )(command)


class Axis(click.ParamType["HeadPose"]):
    """Where a room looks, as `houselights axis` prints it."""

    name = "YAW,PITCH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> HeadPose:
        from edge_lambda.facing import axis_of

        return axis_of(value)


class Zone(click.ParamType[tzinfo]):
    """A time zone by name, or by offset from UTC."""

    name = "ZONE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tzinfo:
        return value if isinstance(value, tzinfo) else parse_zone(value)


def store_option(command: Command) -> Command:
    """Adds `--store URL`."""
    return click.option(
        "--store",
        "store_url",
        metavar="URL",
        envvar=STORE_VARIABLE,
        help="Where sessions are kept: sqlite:///path.db, or dynamodb://TABLE?region=eu-west-1. "
        f"Also from {STORE_VARIABLE}; else the user's data folder.",
    )(command)


def access_option(command: Command) -> Command:
    """Adds `--access FILE`."""
    return click.option(
        "--access",
        type=click.Path(path_type=Path),
        metavar="FILE",
        envvar=ACCESS_VARIABLE,
        help=f"The access settings: who may see what. Also from {ACCESS_VARIABLE}.",
    )(command)


def setup_options(command: Command) -> Command:
    """Adds options for the session, stage and camera, and for the kind of session."""
    for option in reversed(
        (
            click.option("--session", "session_id", required=True, metavar="ID", help="The session, new or existing."),
            click.option("--title", help="What people call the session."),
            description_options,
            click.option("--kind", type=click.Choice(KINDS), help="Kind of session.  [default: talk]"),
            click.option("--stage", "stage_id", default="main", show_default=True, metavar="ID"),
            click.option("--camera", "camera_id", default="cam-1", show_default=True, metavar="ID"),
            click.option("--setting", type=click.Choice(SETTINGS), help="Kind of place.  [default: event]"),
            country_option,
            click.option("--heads-only", is_flag=True, help="Only count heads; score no expressions."),
            click.option("--notice-given", is_flag=True, help="The people in view were informed."),
            click.option("--audience-size", type=Count(min=1), metavar="N", help="People present."),
        )
    ):
        command = option(command)
    return command


def description_options(command: Command) -> Command:
    """Adds options that describe a session, for search and comparison."""
    for option in reversed(
        (
            click.option("--film", metavar="TITLE", help="The film shown, or the talk given, if more than once."),
            click.option("--cut", metavar="NAME", help="Which cut of the film."),
            click.option("--city", metavar="NAME", help="Where people watch."),
            click.option(
                "--tag",
                "tags",
                multiple=True,
                metavar="WORD",
                help="A tag for the audience, such as students; repeatable.",
            ),
        )
    ):
        command = option(command)
    return command


def scoring_options(command: Command) -> Command:
    """Adds options for sampling, detection, scoring and retention."""
    for option in reversed(
        (
            click.option(
                "--every",
                "every_s",
                type=Number(min=0.02, max=3600),
                default=1.0,
                show_default=True,
                metavar="S",
                help="Seconds between samples.",
            ),
            click.option("--detector", type=click.Choice(DETECTORS), default=DEFAULT_DETECTOR, show_default=True),
            click.option(
                "--yunet-model",
                type=click.Path(path_type=Path),
                envvar="HOUSELIGHTS_YUNET_MODEL",
                metavar="FILE",
                help="YuNet's model file, instead of downloading it.",
            ),
            click.option(
                "--facing-axis",
                type=Axis(),
                envvar=AXIS_VARIABLE,
                metavar="YAW,PITCH",
                help="Where the room looks, as `houselights axis` prints it. Left out, it is learned from the faces.",
            ),
            click.option("--scorer", type=click.Choice(SCORERS), default="expressionnet", show_default=True),
            model_option,
            keep_options,
        )
    ):
        command = option(command)
    return command


def model_option(command: Command) -> Command:
    """Adds `--model FILE`."""
    return click.option(
        "--model",
        type=click.Path(path_type=Path),
        envvar=MODEL_VARIABLE,
        metavar="FILE",
        help=f"A model file that `python -m training` made, instead of the included one. Also from {MODEL_VARIABLE}.",
    )(command)


def keep_options(command: Command) -> Command:
    """Adds options for how long records are kept."""
    days = Count(min=1)
    for option in reversed(
        (
            click.option("--keep-windows-days", type=days, default=730, show_default=True, metavar="N"),
            click.option("--keep-faces-days", type=days, default=30, show_default=True, metavar="N"),
        )
    ):
        command = option(command)
    return command


def setup_from(options: dict[str, Any]) -> SessionSetup:
    """Removes the values of `setup_options` from a command's options and returns them."""
    names = SessionSetup.__dataclass_fields__
    return SessionSetup(**{name: options.pop(name) for name in names})


def store_at(url: str | None) -> Store:
    """Opens the given store, or the default one."""
    return open_store(url or default_store_url())
