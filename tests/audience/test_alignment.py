"""Time offsets between recordings: planted ones are found, and without one nothing is claimed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from audience.alignment import (
    LEAST_MARGIN,
    SOUND_RATE,
    SOUND_STEP_S,
    Alignment,
    align_reactions,
    align_sound,
    sound_features,
)
from audience.errors import InvalidValue

Samples = NDArray[np.float32]


def speech(random: np.random.Generator, length_s: float) -> Samples:
    """Syllables of changing colour and loudness with pauses between them."""
    samples = np.zeros(round(length_s * SOUND_RATE), dtype=np.float32)
    at_s = 0.0
    while at_s < length_s:
        at_s += random.uniform(0.3, 1.2) if random.random() < 0.12 else 0.0
        size = round(random.uniform(0.08, 0.3) * SOUND_RATE)
        place = round(at_s * SOUND_RATE)
        colour = np.convolve(random.normal(size=size), np.hanning(random.integers(3, 20)), "same")
        syllable = colour / colour.std() * np.hanning(size) * random.uniform(0.2, 1)
        samples[place : place + size] += syllable[: max(0, len(samples) - place)].astype(np.float32)
        at_s += size / SOUND_RATE
    return samples


def heard_in_a_room(random: np.random.Generator, samples: Samples, *, noise: float, gain: float = 0.05) -> Samples:
    """With half a second of reverberation, hiss, laughs and claps; `noise` times as loud as what is shown."""
    tail = random.normal(size=SOUND_RATE // 2) * np.exp(-6.9 * np.arange(SOUND_RATE // 2) / (SOUND_RATE // 2))
    tail[0] += 4
    size = len(samples) + len(tail)
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)[: len(samples)]
    crowd = random.normal(size=len(samples)) * 0.3
    for place in random.integers(0, len(samples), len(samples) // SOUND_RATE // 8):
        laugh = random.normal(size=2 * SOUND_RATE) * np.hanning(2 * SOUND_RATE) * random.uniform(1, 3)
        crowd[place : place + len(laugh)] += laugh[: len(crowd) - place]
    for place in random.integers(0, len(samples), len(samples) // SOUND_RATE // 3):
        clap = random.normal(size=400) * np.exp(-np.arange(400) / 60) * random.uniform(1, 8)
        crowd[place : place + len(clap)] += clap[: len(crowd) - place]
    mixed = wet / wet.std() + noise * crowd / crowd.std()
    return (gain * mixed).astype(np.float32)


def features(samples: Samples, block: int = 5000) -> NDArray[np.float32]:
    return sound_features(samples[place : place + block] for place in range(0, len(samples), block))


def recorded(original: Samples, offset_s: float, length_s: float) -> Samples:
    """A recording of `length_s` that contains an original from `offset_s` on."""
    silent = np.zeros(round(max(0.0, offset_s) * SOUND_RATE), dtype=np.float32)
    heard = np.concatenate([silent, original[round(max(0.0, -offset_s) * SOUND_RATE) :]])[
        : round(length_s * SOUND_RATE)
    ]
    return np.pad(heard, (0, round(length_s * SOUND_RATE) - len(heard)))


@pytest.mark.parametrize("noise", [0.1, 1.0, 3.0])
@pytest.mark.parametrize("offset_s", [0.0, 12.48, -33.3])
def test_an_original_is_found_in_the_recording_of_its_audience(offset_s: float, noise: float) -> None:
    random = np.random.default_rng(7)
    original = speech(random, 120)
    audience = heard_in_a_room(random, recorded(original, offset_s, 100), noise=noise)
    found = align_sound(features(audience), features(original))
    assert found is not None
    assert found.sure
    assert found.offset_s == pytest.approx(offset_s, abs=0.1)
    assert found.overlap_s == pytest.approx(100 - max(0, offset_s) if offset_s > -20 else 86.7, abs=1)


def test_loudness_does_not_matter() -> None:
    random = np.random.default_rng(3)
    original = speech(random, 60)
    audience = heard_in_a_room(random, recorded(original, 5, 60), noise=0.5)
    found = [align_sound(features(audience * gain), features(original)) for gain in (0.1, 1, 5)]
    assert all(one is not None and one.sure and one.offset_s == pytest.approx(5, abs=0.1) for one in found)


def test_a_camera_whose_clock_is_off_by_fifty_millionths_is_still_aligned() -> None:
    random = np.random.default_rng(5)
    original = speech(random, 900)
    at = np.arange(int(890 * SOUND_RATE)) * (1 + 50e-6)
    audience = np.interp(at, np.arange(len(original)), original).astype(np.float32)
    found = align_sound(features(heard_in_a_room(random, audience, noise=1)), features(original))
    assert found is not None
    assert found.sure
    assert found.offset_s == pytest.approx(0, abs=0.1)


def test_features_do_not_depend_on_the_blocks_sound_comes_in() -> None:
    samples = speech(np.random.default_rng(1), 5)
    assert features(samples, 997).shape[0] == 8
    assert features(samples).shape[1] == pytest.approx(5 / SOUND_STEP_S, abs=2)
    np.testing.assert_allclose(features(samples, 997), features(samples, 40_000), atol=1e-4)


def test_short_or_silent_sound_has_no_offset() -> None:
    random = np.random.default_rng(1)
    long, short = features(speech(random, 60)), features(speech(random, 15))
    silent = features(np.zeros(60 * SOUND_RATE, dtype=np.float32))
    for one, other in ((long, short), (short, long), (long, silent), (long, features(long[0, :0]))):
        assert align_sound(one, other) is None


def unrelated(kind: str, random: np.random.Generator) -> Samples:
    if kind == "noise":
        return random.normal(size=40 * SOUND_RATE).astype(np.float32)
    if kind == "speech":
        return heard_in_a_room(random, speech(random, 40), noise=0.5)
    at = np.arange(random.uniform(0, 1), 39, 0.5)
    beat = random.normal(size=40 * SOUND_RATE).astype(np.float32) * 0.01
    for place in (at * SOUND_RATE).astype(int):
        beat[place : place + 400] += (random.normal(size=400) * np.exp(-np.arange(400) / 60)).astype(np.float32)
    return beat


@pytest.mark.parametrize("kind", ["noise", "speech", "the same beat"])
def test_of_unrelated_recordings_at_most_one_in_twenty_is_claimed_to_fit(kind: str) -> None:
    claims = 0
    for seed in range(40):
        random = np.random.default_rng([seed, 11])
        found = align_sound(features(unrelated(kind, random)), features(unrelated(kind, random)), seed=seed)
        claims += found is not None and found.sure
    assert claims <= 2


def two_audiences(seed: int, length: int, *, laughs: int, faces: int = 30) -> Iterator[NDArray[np.float64]]:
    """Shares of two audiences of one film, who laugh where it is funny and otherwise as they please."""
    random = np.random.default_rng(seed)
    film = np.full(length + 40, -2.0)
    for place in random.integers(0, length, laughs):
        film[place : place + 20] += 3 * np.exp(-np.arange(20) / 4)
    for _ in range(2):
        own = np.convolve(random.normal(size=len(film)), np.hanning(15) / 6, "same")
        yield random.binomial(faces, 1 / (1 + np.exp(-film - own)))[:length] / faces


@pytest.mark.parametrize("offset", [0, 47, 300])
def test_two_audiences_of_a_film_are_aligned_by_where_they_laugh(offset: int) -> None:
    ours, theirs = two_audiences(1, 1800, laughs=20)
    ours = np.concatenate([np.random.default_rng(2).binomial(30, 0.12, offset) / 30, ours])
    ours[100:130] = np.nan
    found = align_reactions(ours, theirs, 1.0)
    assert found is not None
    assert found.sure
    assert found.offset_s == pytest.approx(offset, abs=1)


def test_of_audiences_of_different_films_at_most_one_in_twenty_is_claimed_to_fit() -> None:
    claims = 0
    for seed in range(60):
        ours, theirs = next(two_audiences(seed, 1200, laughs=15)), next(two_audiences(seed + 999, 1200, laughs=15))
        found = align_reactions(ours, theirs, 1.0, seed=seed)
        claims += found is not None and found.sure
    assert claims <= 3


def test_short_or_constant_reactions_have_no_offset() -> None:
    ours, theirs = two_audiences(1, 900, laughs=10)
    for other in (theirs[:200], np.full(900, 0.4), np.full(900, np.nan), theirs[:0]):
        assert align_reactions(ours, other, 1.0) is None
        assert align_reactions(other, ours, 1.0) is None


def test_figures_must_lie_along_time() -> None:
    with pytest.raises(InvalidValue, match="0 s apart"):
        align_reactions(np.zeros(900), np.zeros(900), 0.0)


@pytest.mark.parametrize(
    ("margin", "chance", "sure"), [(2, 0.01, True), (2, 0.02, False), (LEAST_MARGIN - 0.01, 0.01, False)]
)
def test_it_is_sure_where_nothing_else_fits_nearly_as_well_and_no_shuffle_does(
    margin: float, chance: float, sure: bool
) -> None:
    assert Alignment(offset_s=0, overlap_s=60, margin=margin, chance=chance).sure is sure


def test_the_same_seed_gives_the_same_answer() -> None:
    ours, theirs = two_audiences(4, 900, laughs=5)
    assert align_reactions(ours, theirs, 1.0, seed=1) == align_reactions(ours, theirs, 1.0, seed=1)
