"""The page on which a person labels faces, served to this machine alone."""
