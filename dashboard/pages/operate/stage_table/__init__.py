"""The table of an operator's evening: a row a stage with its buttons, and the alerts above it."""
