"""Judging: figures of the store and the register against policy -> verdicts with their evidence.

It reads the store and the register and writes nothing. Undetermined is not met: what was not
measured never counts for or against a school, and says so.
"""
