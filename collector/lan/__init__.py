"""A school's own network: what the county says of it, and what its agents are asked about it."""
