"""What name servers say of names, asked in a process of its own: the library for it takes 7 MB."""
