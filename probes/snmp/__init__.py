"""Questions to network gear by SNMP (RFC 3416): who is asked what, and what came back.

`probe` is the way in: an instrument says which scalars and tables it wants, and makes readings of
what a device answered. The talking is done by `python -m probes.snmp`, a process of its own: only
there is pysnmp loaded.
"""
