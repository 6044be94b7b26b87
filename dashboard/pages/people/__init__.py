"""The page of rosters: who enrolled, with what consent, and the trail of what was done."""
