"""The pages for everybody: stages, sessions, the operator's page, cameras and viewers, on any screen.

Each part is a module of its name with a `figures()`, imported when it is measured.
"""

from __future__ import annotations

from typing import Final

from bench.figures import Parts, module_parts

PARTS: Final[Parts] = module_parts(
    __name__, ("board", "operate", "camera", "watch", "contrast", "noise", "accessibility")
)
