"""People who enrolled: how well they are recognised, a module a part.

`HOUSELIGHTS_PEOPLE=zip-or-folder python -m bench people` measures on other people than the half of the corpus that
nothing was tuned on: photographs and a `labels.csv` (file, person).
"""

from __future__ import annotations

from bench import household
from bench.figures import Parts
from bench.people import cloud, journeys, recognising

NEEDS = ("data",)

PARTS: Parts = {
    "recognising": recognising.run,
    "household": household.minutes,
    "cloud": cloud.run,
    "journeys": journeys.run,
}
