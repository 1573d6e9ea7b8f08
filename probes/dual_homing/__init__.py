"""How many ways out a machine has at once, and whether it passes packets on between them."""
