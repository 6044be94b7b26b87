"""Exports: tables with units and meanings, the manifest beside them, and their files."""
