"""Packet trains: how fast a line can go, read from the pace at which a short burst arrives.

A sender gives a burst of datagrams to the network at once; the narrowest hop hands them on one by
one, and the pace at which they arrive is the rate of that hop, used or not. `packet` is the bytes,
`send` and `receive` own sockets, `estimate` turns arrivals into a rate and says what that is worth,
`plan` says how long the next train shall be.

Nothing here asks for a permit. Who sends a train for somebody else must first make sure that the
peer's address is its own (that it returned a secret sent to that address), or forty bytes with a
forged sender buy megabytes for a victim. Byte budgets, leases and the choice of the hour are the
caller's, too; `plan.Plan` only bounds one measurement.

Method: packet-pair and train dispersion (Dovrolis et al., 2004; Carter and Crovella, 1996); what is
measured is the maximum IP-layer capacity of RFC 9097, for some milliseconds.
"""
