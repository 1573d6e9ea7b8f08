"""One command of `banjun-agent` per file: what a person sees of it, and its exit code."""
