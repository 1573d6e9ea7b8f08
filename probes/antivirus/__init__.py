"""Which antivirus products a machine has: the names to look for, and where each system keeps them.

`products` are the names, `linux` looks on Linux, `clamav` reads the age of ClamAV's signatures.
Another system is one more file that answers with `products.Found`.
"""
