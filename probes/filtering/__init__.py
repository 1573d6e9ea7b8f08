"""Whether names are kept from this machine, tried in a process of its own: the libraries for it
take 7 MB."""
