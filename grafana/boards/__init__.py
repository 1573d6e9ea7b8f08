"""The dashboards: one a file, each with its NAME and `build(edition)`; build.py finds them."""
