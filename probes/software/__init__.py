"""Which programs a machine has and which of them run: where each system keeps their names."""
