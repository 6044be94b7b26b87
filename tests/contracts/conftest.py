"""How hypothesis runs here: no deadline, because a machine that does other work is no failure."""

from hypothesis import settings

settings.register_profile("houselights", deadline=None, max_examples=60)
settings.load_profile("houselights")
