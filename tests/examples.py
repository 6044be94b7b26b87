"""How many inputs a property test tries.

`make test` tries 60 of each, the same ones at every run, so that a failure is the doing of what was changed.
`make thorough` tries 20,000, other ones at every run: hours, now and then, to find what nobody thought of.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

USUAL, THOROUGH = 60, 20_000


def register_profiles() -> None:
    """Registers both, and takes the usual one. Neither has a deadline: a machine that does other work is no failure."""
    patient = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("houselights", patient, max_examples=USUAL, derandomize=True)
    settings.register_profile("thorough", patient, max_examples=THOROUGH, derandomize=False)
    settings.load_profile("houselights")


def examples(usually: int) -> int:
    """The number for a test whose inputs cost more, or less, than most: `usually`, and in proportion in `thorough`."""
    return min(THOROUGH, usually * settings.default.max_examples // USUAL)
