"""Every figure the README quotes, measured by `python -m bench NAME [--json]`."""
