"""The page by which a phone or laptop is a camera."""
