"""One command of `banjun-collector` per file: its arguments, and what a person sees of it.

A module here with a function `add` is a command; adding one is adding a file. `add(subparsers,
language)` describes its arguments and sets `run(args) -> int`, the exit code. Heavy libraries load
inside `run`, so that help is quick.
"""
