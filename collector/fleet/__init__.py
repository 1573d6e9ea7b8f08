"""What the collector asks of its agents: their configuration, and what they owe because of it."""
