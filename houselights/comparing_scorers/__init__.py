"""Compares scorers on the same faces of a recording: what each says, costs, takes, and sends away."""
