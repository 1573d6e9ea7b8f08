"""When the support of an operating system ends: a dated table, and who this machine is in it.

`ends.toml` is the table, `table` reads it; `linux` and `windows` each find out what runs here.
"""
