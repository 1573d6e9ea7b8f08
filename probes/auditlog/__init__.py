"""Whether a machine writes down what matters, how long it keeps it, and whether it sends it on."""
