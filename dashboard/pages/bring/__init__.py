"""Bringing a recording to be scored: chosen in the browser or named on this machine, with nothing typed elsewhere."""
