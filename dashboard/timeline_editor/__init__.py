"""Editing what was shown on a stage, and when: drafts, and the pieces of the page that change them."""
