"""Which file systems of a machine lie on encrypted disks."""
