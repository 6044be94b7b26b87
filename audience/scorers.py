"""What a scorer's name stands for: the same everywhere, or what one session's camera declares.

The scorers that ship with Houselights are known here, with what is true of them. A shared list in the store holds them
and what a machine of one's own has scored with. Any other name that a camera delivers under is recorded with a digest
of its declaration behind it (`mine-1~1f2e3d4c5b6a7980`), for its session alone: two declarations never have one name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from audience.errors import DeliveryRefused, SheetRejected
from audience.faces import EXPRESSIONS
from audience.store import ScorerRecord, Store

EXPRESSIONNET: Final = ScorerRecord(
    name="expressionnet-1+45a3660a",
    thresholds={
        "smile": 0.3853,
        "happy": 0.3853,
        "surprised": 0.1946,
        "calm": 0.6745,
        "sad": 0.097,
        "angry": 0.1896,
        "disgusted": 0.2322,
        "fear": 0.0142,
    },
    experimental=frozenset({"sad", "disgusted", "fear"}),
    model_sha256="45a3660ad2072e7ef0b9f6228c7c8c6e68c006df632b838fb7fc5424efae3602",
)
REKOGNITION: Final = ScorerRecord(
    name="rekognition-1",
    thresholds=dict.fromkeys(EXPRESSIONS, 0.5),
    experimental=frozenset(EXPRESSIONS),
)
SIMULATED: Final = ScorerRecord(
    name="simulated-1",
    thresholds=dict.fromkeys((name for name in EXPRESSIONS if name != "confused"), 0.5),
    experimental=frozenset({"sad", "disgusted", "fear"}),
)
SHIPPED: Final[Mapping[str, ScorerRecord]] = MappingProxyType(
    {scorer.name: scorer for scorer in (EXPRESSIONNET, REKOGNITION, SIMULATED)}
)

NO_DEVICES: Final = ("rekognition-", "simulated-")
"""What the names of scorers begin with that never run on a device, in this release or any later one."""

MOST_DECLARED: Final = 16
"""Scorers that the cameras of one session may declare: a session has one, or two where it was changed in between."""

_LOOK_ALIKE = str.maketrans("ilo", "110")


def known_scorers(
    shared: Mapping[str, ScorerRecord], declared: Mapping[str, ScorerRecord] = MappingProxyType({})
) -> dict[str, ScorerRecord]:
    """The scorers of a session, by name.

    Args:
        shared: what the store's shared list has. Cameras once wrote it: what it says of a scorer that ships is not
            believed.
        declared: what the session's cameras declared.
    """
    return {**shared, **{name: SHIPPED[name] for name in shared.keys() & SHIPPED.keys()}, **declared}


def admitted(
    scorer: ScorerRecord,
    *,
    own: ScorerRecord,
    shared: Mapping[str, ScorerRecord],
    declared: Mapping[str, ScorerRecord],
) -> ScorerRecord:
    """What is recorded for a scorer that a camera declares.

    Args:
        scorer: as the camera declares it.
        own: the scorer of whoever receives deliveries.
        shared: the store's shared list.
        declared: what the session's cameras declared before.

    Returns:
        The scorer itself where it is known by this name and so; else one of its session alone, all of whose
        expressions are experimental: a camera's word that they are not is no measurement.

    Raises:
        SheetRejected: the name is that of a scorer that ships, or of the receiver's own, and stands for another.
        DeliveryRefused: the store knows the name for another scorer, or the session has too many.
    """
    for ships in (own, *SHIPPED.values()):
        if scorer == ships:
            return scorer
        if _alike(scorer.name) == _alike(ships.name):
            raise SheetRejected(
                f"scorer {scorer.name!r} has other thresholds, another model or fewer experimental expressions than "
                f"{ships.name} has: only that scorer has this name"
            )
    if _alike(scorer.name).startswith(NO_DEVICES):
        raise SheetRejected(f"a scorer called {scorer.name!r} does not run on a device")
    if scorer.name in shared:
        if shared[scorer.name] == scorer:
            return scorer
        raise _known_otherwise(scorer)
    recorded = replace(
        scorer, name=f"{scorer.name}~{_digest(scorer)}", experimental=scorer.experimental | scorer.thresholds.keys()
    )
    same_name = [name for name in declared if name.rpartition("~")[0] == scorer.name]
    if recorded.name not in declared:
        if same_name:
            raise _known_otherwise(scorer)
        if len(declared) >= MOST_DECLARED:
            raise DeliveryRefused(f"the session has {len(declared)} scorers already: set up a new one")
    return recorded


def scorers_of(store: Store, session_ids: Iterable[str]) -> dict[str, ScorerRecord]:
    """The scorers of some sessions, by name: what has one name is one scorer, whichever session declared it."""
    found = store.scorers()
    for session_id in session_ids:
        found |= store.scorers(session_id)
    return found


def is_of_one_session(name: str) -> bool:
    """Whether a recorded scorer's name is that of a declaration, which belongs to the session it was made in."""
    return "~" in name


def _known_otherwise(scorer: ScorerRecord) -> DeliveryRefused:
    return DeliveryRefused(
        f"scorer {scorer.name!r} is known with other thresholds or another model: give it a name of its own"
    )


def _alike(name: str) -> str:
    """The same for names that an eye takes for each other."""
    return "".join(name.lower().replace("_", "-").translate(_LOOK_ALIKE).split())


def _digest(scorer: ScorerRecord) -> str:
    said = [sorted(scorer.thresholds.items()), scorer.model_sha256]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]
