"""What a machine does with sticks and disks that somebody plugs in."""
