"""Who made a network card, by the block its MAC address is from: the IEEE registry in netaddr.

netaddr 1.3 carries the registry of 2024; younger blocks have no maker here. Loading it takes
some 20 MB and 0.1 s, so it is loaded when the first maker is asked for, and never by an agent.
"""

from __future__ import annotations

from functools import lru_cache

from collector.inventory.mac import MacKind, mac_kind

_NO_MAKER = ("IEEE Registration Authority", "Private")
"""What the registry says of blocks that are shared among small makers, and of undisclosed ones."""


def maker_of(mac: str) -> str:
    """As the registry spells it; empty for an unknown block and for an address that a machine made
    up itself."""
    return "" if mac_kind(mac) is not MacKind.BURNED_IN else _holder(mac[:8])


@lru_cache(maxsize=4096)
def _holder(block: str) -> str:
    from netaddr import OUI
    from netaddr.core import NotRegisteredError

    try:
        name = OUI(block.replace(":", "-")).registration().org.strip()
    except NotRegisteredError:
        return ""
    return "" if name in _NO_MAKER else name
