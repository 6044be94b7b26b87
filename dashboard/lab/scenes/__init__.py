"""The scenes of what was shown, over all the audiences that saw them."""
