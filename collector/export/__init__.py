"""Tells a time-series engine beside the collector what is stored and judged here.

Nothing is read back: the archive stays the one truth for verdicts (docs/architecture.md).
"""
