"""A recording and its reaction curve as one: what is seen and what was measured stand at the same second."""
