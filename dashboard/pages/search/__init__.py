"""The page of searches: ask for one, approve it, and confirm what cameras saw."""
