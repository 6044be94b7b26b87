"""The command line: connects cameras, scorers, stores and pages on one machine."""
