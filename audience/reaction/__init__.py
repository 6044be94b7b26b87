"""The reaction of one audience: its curve, baselines, moments and segments."""
