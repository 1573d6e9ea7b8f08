"""Questions to a time-series engine, and the two dialects in which they are asked."""
