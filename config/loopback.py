"""What counts as this machine only: where plain HTTP and pages without a login are permitted."""

from __future__ import annotations

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine to itself; a name other than localhost never does."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
