"""What backup jobs say of themselves: one small file a job, written when it has succeeded."""

STATE_DIR = "BANJUN_STATE_DIR"
"""Environment variable: the agent's state directory, which the agent sets for itself."""
