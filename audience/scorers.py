"""Scorers by name: those that ship with Houselights, and those that the cameras of a session declare.

Shipped scorers are defined here. A shared list in the store holds them and any scorers used on this machine. Any other
scorer that a camera declares is recorded for its session only, under its name and a digest of the declaration
(`mine-1~1f2e3d4c5b6a7980`), so that two different declarations never share a name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from audience.errors import DeliveryRefused, SheetRejected
from audience.faces import EXPRESSIONS
from audience.store import ScorerRecord, Store

EXPRESSIONNET: Final = ScorerRecord(
    name="expressionnet-2+0095339d",
    thresholds={
        "smile": 0.5387,
        "happy": 0.5387,
        "surprised": 0.3602,
        "calm": 0.497,
        "sad": 0.3516,
        "angry": 0.3006,
        "disgusted": 0.2874,
        "fear": 0.2585,
        "contempt": 0.1476,
    },
    experimental=frozenset({"contempt", "disgusted"}),
    model_sha256="0095339dde5edadbe6747f53251d98997444e5ea1da3671e044fc21a4598ec55",
)
EXPRESSIONNET_1: Final = ScorerRecord(
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
_REKOGNITION = tuple(name for name in EXPRESSIONS if name != "contempt")
REKOGNITION: Final = ScorerRecord(
    name="rekognition-1",
    thresholds=dict.fromkeys(_REKOGNITION, 0.5),
    experimental=frozenset(_REKOGNITION),
)
SIMULATED: Final = ScorerRecord(
    name="simulated-1",
    thresholds=dict.fromkeys((name for name in _REKOGNITION if name != "confused"), 0.5),
    experimental=frozenset({"sad", "disgusted", "fear"}),
)
SHIPPED: Final[Mapping[str, ScorerRecord]] = MappingProxyType(
    {scorer.name: scorer for scorer in (EXPRESSIONNET, EXPRESSIONNET_1, REKOGNITION, SIMULATED)}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseRate:
    """How often a scorer takes a face for an expression that it does not show.

    Attributes:
        false, of: of so many faces that do not show it, so many reached the scorer's threshold.
    """

    false: int
    of: int


FALSE_RATES: Final[Mapping[str, Mapping[str, FalseRate]]] = MappingProxyType(
    {
        # Of two sets of held-out faces (press photos, FER+) the one with the higher rate.
        EXPRESSIONNET.name: {
            "smile": FalseRate(false=37, of=1166),
            "happy": FalseRate(false=37, of=1166),
            "surprised": FalseRate(false=81, of=2772),
            "calm": FalseRate(false=105, of=978),
            "sad": FalseRate(false=157, of=2834),
            "angry": FalseRate(false=38, of=2901),
            "disgusted": FalseRate(false=4, of=1976),
            "fear": FalseRate(false=26, of=3124),
            "contempt": FalseRate(false=7, of=3172),
        },
        # By construction: a face at rest scores 0.24 with a deviation of 0.15 (`sample_data.crowd`).
        SIMULATED.name: {
            name: FalseRate(false=415, of=10_000)
            for name in ("smile", "happy", "surprised", "calm", "sad", "angry", "disgusted", "fear")
        },
    }
)
"""By scorer and expression; none where it was not measured."""

NO_DEVICES: Final = ("rekognition-", "simulated-")
"""Prefixes of scorers that never run on a device, in this release or any later one."""

MOST_DECLARED: Final = 16
"""The most scorers that the cameras of one session may declare: usually one, or two after a change."""

_LOOK_ALIKE = str.maketrans("ilo", "110")


def known_scorers(
    shared: Mapping[str, ScorerRecord], declared: Mapping[str, ScorerRecord] = MappingProxyType({})
) -> dict[str, ScorerRecord]:
    """The scorers of a session, by name.

    Args:
        shared: the store's shared list. Earlier versions let cameras write it, so its entries for shipped scorers are
            ignored.
        declared: scorers that the session's cameras declared.
    """
    return {**shared, **{name: SHIPPED[name] for name in shared.keys() & SHIPPED.keys()}, **declared}


def admitted(
    scorer: ScorerRecord,
    *,
    own: ScorerRecord,
    shared: Mapping[str, ScorerRecord],
    declared: Mapping[str, ScorerRecord],
) -> ScorerRecord:
    """The scorer to record when a camera declares one.

    Args:
        scorer: as the camera declares it.
        own: the receiver's own scorer.
        shared: the store's shared list.
        declared: scorers that the session's cameras declared before.

    Returns:
        The scorer itself if it is known with this name and these values; else a scorer of this session only, with all
        expressions experimental, because a camera's claim is not a measurement.

    Raises:
        SheetRejected: the name belongs to a shipped scorer or the receiver's own, but the values differ.
        DeliveryRefused: the store has another scorer with this name, or the session has too many.
    """
    for ships in (own, *SHIPPED.values()):
        if scorer == ships:
            return scorer
        if _alike(scorer.name) == _alike(ships.name):
            raise SheetRejected(
                f"scorer {scorer.name!r} has other thresholds, another model or fewer experimental expressions than "
                f"{ships.name}: give it a name of its own"
            )
    if _alike(scorer.name).startswith(NO_DEVICES):
        raise SheetRejected(f"a scorer called {scorer.name!r} does not run on a device")
    if scorer.name in shared:
        if shared[scorer.name] == scorer:
            return scorer
        raise _name_taken(scorer)
    recorded = replace(
        scorer, name=f"{scorer.name}~{_digest(scorer)}", experimental=scorer.experimental | scorer.thresholds.keys()
    )
    same_name = [name for name in declared if name.rpartition("~")[0] == scorer.name]
    if recorded.name not in declared:
        if same_name:
            raise _name_taken(scorer)
        if len(declared) >= MOST_DECLARED:
            raise DeliveryRefused(f"the session has {len(declared)} scorers already: set up a new session")
    return recorded


def scorers_of(store: Store, session_ids: Iterable[str]) -> dict[str, ScorerRecord]:
    """The scorers of several sessions, by name. A name means the same scorer in every session."""
    found = store.scorers()
    for session_id in session_ids:
        found |= store.scorers(session_id)
    return found


def is_of_one_session(name: str) -> bool:
    """Whether this is the name of a declared scorer, which belongs to one session."""
    return "~" in name


def _name_taken(scorer: ScorerRecord) -> DeliveryRefused:
    return DeliveryRefused(
        f"scorer {scorer.name!r} is known with other thresholds or another model: give it a name of its own"
    )


def _alike(name: str) -> str:
    """A key that is equal for names that look alike."""
    return "".join(name.lower().replace("_", "-").translate(_LOOK_ALIKE).split())


def _digest(scorer: ScorerRecord) -> str:
    declaration = [sorted(scorer.thresholds.items()), scorer.model_sha256]
    return hashlib.sha256(json.dumps(declaration).encode()).hexdigest()[:16]
