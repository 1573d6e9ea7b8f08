"""Who may log in to a machine, and what is asked of passwords."""
