"""Schools as a CSV file: reading one strictly, comparing it with the register, writing one."""
