"""`make demo`: a small county of network namespaces, in which every line's rate is known."""
