"""Routers of this machine, and the MAC addresses at which its kernel reaches them."""
