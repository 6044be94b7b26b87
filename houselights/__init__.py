"""The command line: wires cameras, scorers, stores and pages together on one machine."""
