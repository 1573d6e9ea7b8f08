"""Software with which somebody far away can take over a machine: its names, and where they show."""
