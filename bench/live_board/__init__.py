"""The live board held against simulated festival days, whose true liveliness is known."""
