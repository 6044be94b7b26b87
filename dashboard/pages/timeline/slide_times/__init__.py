"""Sets when each slide was shown, by hand: its beginning dragged along the curve, or tapped along."""
