"""The Scenes page: scenes over all the audiences that saw them."""
