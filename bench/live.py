"""The live board: how steady and right it is on simulated festivals, what it costs, and how soon it is there.

It takes about half an hour, most of it for the soak.
"""

from __future__ import annotations

from bench.figures import Parts
from bench.live_board.board_cost import cost_figures
from bench.live_board.delay import delay_figures
from bench.live_board.first_content import first_content_figures
from bench.live_board.partition import partition_figures
from bench.live_board.phones import phone_figures
from bench.live_board.soak import soak_figures
from bench.live_board.staff import staff_figures
from bench.live_board.steadiness import steadiness_figures

NEEDS = ("browser", "data")

PARTS: Parts = {
    "phones": phone_figures,
    "staff": staff_figures,
    "delay": delay_figures,
    "first_content": first_content_figures,
    "steadiness": steadiness_figures,
    "partition": partition_figures,
    "cost": cost_figures,
    "soak": soak_figures,
}
