"""Device states over time, from beats: on, asleep, off, crashed, or not known, each with why."""
