"""The Timeline page: editing what was shown on a stage, and when."""
