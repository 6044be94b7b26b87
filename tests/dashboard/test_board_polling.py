"""How often the public board's page asks for its snapshot: the page's own rule, run in Node.js."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest

from board_page.page import polling_rule

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="needs node")


def waits(*states: dict[str, Any], chance: float = 0.5) -> list[float]:
    """The waits in seconds for states of the page."""
    usual = {"quiet": 0, "failed": 0, "kiosk": False, "over": False}
    shown = f"JSON.parse(process.argv[1]).map((one) => wait_ms(one, {chance}))"
    program = f"{polling_rule()}console.log(JSON.stringify({shown}));"
    asked = json.dumps([usual | state for state in states])
    ran = subprocess.run(["node", "-e", program, asked], capture_output=True, text=True, check=True)
    return [found / 1000 for found in json.loads(ran.stdout)]


def places(*boards: dict[str, Any]) -> list[str]:
    program = f"{polling_rule()}console.log(JSON.stringify(JSON.parse(process.argv[1]).map(places)));"
    ran = subprocess.run(["node", "-e", program, json.dumps(boards)], capture_output=True, text=True, check=True)
    return list(json.loads(ran.stdout))


def test_a_phone_asks_soon_after_a_change_and_less_and_less_often_without_one():
    found = waits(*({"quiet": quiet} for quiet in range(6)))
    assert found == sorted(found)
    assert found[0] == 10
    assert found[-1] == found[-2] == 30, (
        "its age is on the page, and past two minutes it would say that there is no news"
    )


def test_a_big_screen_asks_for_every_update():
    assert waits({"kiosk": True}, {"kiosk": True, "quiet": 50}) == [2, 2]


def test_what_does_not_answer_is_asked_less_and_less_often():
    phone = waits(*({"failed": failed} for failed in (1, 2, 3, 9)))
    assert phone == sorted(phone)
    assert (phone[0], phone[-1]) == (10, 30)
    assert waits({"failed": 1, "quiet": 9}) == [10], "trouble is looked into at once, however quiet it was"
    assert waits({"failed": 1, "over": True}) == [10]
    assert max(waits({"failed": 50, "kiosk": True}, {"failed": 50})) == 30


def test_a_session_that_is_over_is_hardly_asked_about():
    assert waits({"over": True}, {"over": True, "kiosk": True}) == [300, 300]


def test_phones_do_not_ask_all_at_once():
    (soonest,), (latest,) = waits({}, chance=0), waits({}, chance=1)
    assert latest - soonest >= 2


def test_a_change_is_one_of_places_and_states_not_of_figures():
    stage = {"id": "main", "rank": 1, "state": "live", "figure": 50, "age_s": 2}
    board = {"over": False, "stages": [stage, {"id": "tent", "rank": 2, "state": "live", "figure": 40, "age_s": 1}]}
    first, second = board["stages"]
    same, swapped, stale, over = (
        board | {"stages": [first | {"figure": 51, "age_s": 3}, second]},
        board | {"stages": [second | {"rank": 1}, first | {"rank": 2}]},
        board | {"stages": [first, second | {"state": "stale", "rank": None}]},
        board | {"over": True},
    )
    before, *after = places(board, same, swapped, stale, over)
    assert [one != before for one in after] == [False, True, True, True]
