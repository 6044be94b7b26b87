"""The domain: scores, windows, sessions, the reaction curve, the rules of privacy, and the Store port.

Imports the standard library, numpy and scipy only. Adapters to stores live in `audience.stores`.
"""
