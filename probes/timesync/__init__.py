"""Whether the clock of a machine is kept right by a time server."""
