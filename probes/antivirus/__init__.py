"""Which antivirus products a machine has: the names to look for, and where each system keeps them.

`products` are the names (products.toml), `linux` and `windows` look on their systems, `clamav` and
`defender` read what these two products say of themselves. Another system is one more file that
answers with `products.Answer`.
"""
