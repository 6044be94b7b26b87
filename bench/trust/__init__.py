"""Promises that are kept under attack: nothing is lost to a kill, no lie of a camera is believed, no flood stalls the
board, no clock puts a window at a wrong second, and nothing leaves the machine.

Everything runs on loopback, bounded in count and time: about a quarter of an hour. Each part is a module of its name,
imported when it is measured.
"""

from __future__ import annotations

from typing import Final

from bench.figures import Parts, module_parts

NEEDS: Final = ("strace",)
PARTS: Final[Parts] = module_parts(__name__, ("beyond", "mutants", "flooded", "kills", "jumps"))
