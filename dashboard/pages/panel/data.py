"""Reads panels for their page: sessions of kind `panel`, and the households that are their stages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from audience.identity.households import Household
from audience.identity.panels import HouseholdPanel
from audience.identity.presence import HouseholdPresence, Source
from audience.identity.programmes import (
    PanelFigures,
    ProgrammeFigures,
    nobody_watched,
    panel_figures,
    programme_figures,
    shown_seconds,
)
from audience.sessions import Session, Stage, cues_of
from audience.time import to_ms
from dashboard.access.identity import account
from dashboard.access.people_data import check_panel_access, now, open_panel, open_people
from dashboard.data import reader, sessions, store_url

Floats = NDArray[np.float64]

_READ_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A household of a session.

    Attributes:
        stage: the household as a stage, with what its set showed.
        presence: who was there in each minute of the session.
    """

    stage: Stage
    presence: HouseholdPresence

    @property
    def name(self) -> str:
        """What the page calls it."""
        return self.presence.household.name

    @property
    def member_names(self) -> list[str]:
        """What the page calls its members: by number, and what was typed of them; nobody's name is read."""
        at = datetime.fromtimestamp(int(self.presence.start_ms[0]) / 1000, UTC)
        typed = (member.description(at) for member in self.presence.members)
        return [f"{number} · {text}" if text else f"Member {number}" for number, text in enumerate(typed, start=1)]


@dataclass(frozen=True)
class Evening:
    """A session of a panel.

    Attributes:
        session: the session.
        homes: its households, sorted by name.
    """

    session: Session
    homes: Sequence[Home]

    @cached_property
    def programmes(self) -> list[str]:
        """Titles of all that was shown, in the order of their beginnings."""
        begins: dict[str, float] = {}
        for home in self.homes:
            for segment in home.stage.timelines[0].segments if home.stage.timelines else ():
                begins[segment.title] = min(segment.start_s, begins.get(segment.title, segment.start_s))
        return sorted(begins, key=lambda title: (begins[title], title))

    def shown_s(self, home: Home, title: str) -> Floats | None:
        """(n,) for how many seconds of each minute a household's set showed something; None if nobody knows."""
        if not home.stage.timelines:
            return None
        cues = cues_of(self.session, home.stage)
        parts = [part for part in home.stage.timelines[0].segments if part.title == title]
        start_ms = home.presence.start_ms
        return sum((shown_seconds(start_ms, cues, part) for part in parts), np.zeros(len(start_ms)))

    def programme(self, title: str, source: Source, least_minutes: int) -> tuple[list[ProgrammeFigures], PanelFigures]:
        """A programme in each household of which it is known what its set showed, and over all of them."""
        found = []
        for home in self.homes:
            shown_s = self.shown_s(home, title)
            if shown_s is None:
                continue
            if shown_s.any():
                found.append(programme_figures(home.presence, shown_s, source, least_minutes=least_minutes))
            else:
                found.append(nobody_watched(home.presence))
        return found, panel_figures(found)

    def watching(self, source: Source) -> Floats:
        """(n,) part of the members who watched, of those who are known, in each minute; NaN where nobody is."""
        members = np.concatenate([home.presence.watching(source) for home in self.homes], axis=1)
        known = (~np.isnan(members)).sum(axis=1)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.where(known, np.nansum(members, axis=1) / known, np.nan))


def panel_sessions() -> list[Session]:
    """The sessions of panels, the latest first."""
    return [session for session in sessions() if session.kind == "panel"]


def evening(session_id: str) -> Evening:
    """A session of a panel with its households, as it was at most `_READ_S` ago.

    Raises:
        AccessRefused: panels are not shown to this viewer.
        SessionNotFound: there is no such session.
    """
    check_panel_access()
    return _evening(store_url(), session_id)


@st.cache_resource(ttl=_READ_S, max_entries=8, show_spinner=False)
def _evening(url: str, session_id: str) -> Evening:
    with open_panel() as panel, reader() as store:
        file = store.file(session_id)
        from_ms = to_ms(file.session.started_at)
        until_ms = to_ms(min(file.session.ended_at or datetime.now(UTC), datetime.now(UTC)))
        stages = {stage.stage_id: stage for stage in file.stages}
        homes = [
            Home(stage=stages[household.household_id], presence=panel.presence(household, from_ms, until_ms))
            for roster in panel.rosters()
            for household in panel.households(roster.roster_id)
            if household.household_id in stages and until_ms > from_ms
        ]
    return Evening(session=file.session, homes=sorted(homes, key=lambda home: _natural(home.name)))


def make_button_link(household: Household) -> str:
    """Makes the token of a household's button page, in place of an earlier one.

    Raises:
        AccessRefused: people are not this viewer's duty.
    """
    with open_people("people") as (store, _):
        return HouseholdPanel(store, actor=account(), now=now).make_link(household)


def close_button_page(household: Household) -> None:
    """Ends the address of a household's button page.

    Raises:
        AccessRefused: people are not this viewer's duty.
    """
    with open_people("people") as (store, _):
        HouseholdPanel(store, actor=account(), now=now).revoke_links(household)


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts "Household 2" before "Household 10"."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]
