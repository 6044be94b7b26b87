"""Training of ExpressionNet from labelled photographs: `python -m training`."""
