"""The cloud path at scale: the real code over stand-ins that count, and simulations past this machine.

Each part is a module of its name with a `figures()`, imported when it is measured. A whole festival through the local
cloud takes nearly an hour and is a bench of its own, `local_festival`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bench.figures import Parts, module_parts

PARTS: Final[Parts] = module_parts(__name__, sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py")))
