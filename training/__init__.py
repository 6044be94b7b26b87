"""From labelled photographs to ExpressionNet: `python -m training`."""
