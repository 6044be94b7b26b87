"""What a plan says, in words."""

from __future__ import annotations

from audience.comparing.comparison import LEAST_UNITS
from audience.comparing.planning import Plan

POWERS = {0.8: "in 8 of 10 tries", 0.9: "in 9 of 10 tries", 0.95: "in 19 of 20 tries"}


def headline(plan: Plan, difference: float) -> str:
    """What it takes, in one sentence."""
    faces, screenings = plan.faces(difference), plan.screenings(difference)
    kind = "rise" if difference > 0 else "fall"
    told = f"To find a {kind} from {100 * plan.share:.0f} to {100 * (plan.share + difference):.0f} %"
    told += f" {POWERS[plan.power]}, it takes {spaced(faces)} faces of each cut"
    if plan.faces_a_screening > 1:
        told += (
            f": {spaced(screenings)} screenings of {plan.faces_a_screening}" if screenings > 1 else ": one screening"
        )
    told += "."
    if plan.faces_a_screening > 1 and screenings < LEAST_UNITS:
        told += f" Plan {LEAST_UNITS} screenings at least: fewer of either cut cannot be compared."
    return told


def spaced(number: int) -> str:
    """A number with its thousands apart."""
    return f"{number:,}".replace(",", "\N{NO-BREAK SPACE}")


def needed(plan: Plan, difference: float) -> str:
    """What a difference takes, for a table."""
    screenings = plan.screenings(difference)
    return f"{spaced(plan.faces(difference))} faces, {spaced(screenings)} screening{'' if screenings == 1 else 's'}"


def assumptions(plan: Plan) -> list[str]:
    """What the figure rests on, in plain words."""
    told = [
        "Different people see the two cuts, and each screening is drawn from the audiences you want to speak about.",
        "Where there is no difference, one comparison of twenty still finds one (5 %, two-sided).",
        "The stretch that is compared was chosen before: a search along a whole film finds less.",
        "It is a formula for many screenings: under ten of each cut it promises somewhat too much.",
    ]
    if plan.design_effect != 1:
        alone = plan.faces_a_screening / plan.design_effect
        told.insert(
            1,
            f"{plan.faces_a_screening} faces of one screening tell as much as {alone:.1f} single looks at people who "
            "sat alone.",
        )
    return told
