"""One file each: a kind of attack on a school's network, or of fault in it."""
