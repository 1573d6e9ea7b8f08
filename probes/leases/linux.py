"""The leases of every DHCP client of Linux that we know, those first that are kept up to date."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from probes.leases import dhclient, dhcpcd, network_manager, networkd, openwrt
from probes.leases.model import Lease
from probes.model import ProbeError


async def leases(
    root: Path, interfaces: Collection[str], now: float
) -> tuple[list[Lease], str | None]:
    """What was found, and the reason why there may be more; each client stands for itself."""
    found: list[Lease] = []
    troubles: list[str] = []
    for told in (network_manager.leases(), openwrt.leases(now)):
        try:
            found += await told
        except ProbeError as exc:
            troubles.append(exc.reason)
    in_files: tuple[Callable[[], Iterator[Lease]], ...] = (
        lambda: networkd.leases(root),
        lambda: dhclient.leases(root),
        lambda: dhcpcd.leases(root, interfaces),
    )
    for read in in_files:
        try:
            found += read()
        except PermissionError:
            troubles.append("no_privilege")
        except (OSError, ValueError):
            troubles.append("unreadable")
    return found, next(iter(troubles), None)
