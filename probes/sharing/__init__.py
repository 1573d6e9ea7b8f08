"""What a machine offers to others: shares, remote desktops, shells, and plain old services."""
