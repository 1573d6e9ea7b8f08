"""PJLink, which projectors and displays of many makers speak: what they are asked and answer.

PJLink specifications 1.04 (class 1) and 2.00 (class 2), JBMIA. Only questions are asked; nothing is
switched.
"""
