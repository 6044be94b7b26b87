"""The screening lab: many sessions side by side."""
