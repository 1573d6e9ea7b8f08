"""Servers that tests start: real ones, on this machine, each gone when its test is over."""
