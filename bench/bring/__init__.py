"""From a recording and a deck to a page that is forwarded: uploads, slide times, timeline files, reports, highlights.

Each part is a module of its name with a `figures()`, imported when it is measured.
"""

from __future__ import annotations

from typing import Final

from bench.figures import Parts, module_parts

PARTS: Final[Parts] = module_parts(__name__, ("upload", "slides", "files", "reports", "highlights"))
