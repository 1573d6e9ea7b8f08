"""Whether sessions that nobody uses are locked, and after how long."""
