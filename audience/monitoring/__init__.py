"""Monitoring: camera states, evaluation of alert rules, and the cost of a day."""
