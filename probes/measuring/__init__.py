"""Measuring a school's line together with a measurement server: what both ends have in common.

`permit` is the leave to load the line, without which nothing is sent; `message` is what client and
server say to each other; `session`, `trains` and `streams` are the client's side; `counter` reads
what the line carried meanwhile; `saturation` tells a full line from the counter alone.
"""
