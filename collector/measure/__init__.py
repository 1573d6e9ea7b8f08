"""What agents measure against: the far end of their packets."""
