"""Leases of NetworkManager, whichever client it uses: by nmcli, since its files are root's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from probes import programs
from probes.leases.model import Lease, addresses, first
from probes.model import ProbeError

COMMAND_SECONDS = 5.0
_OPTION = re.compile(r"DHCP4\.OPTION\[\d+\]:(\w+) = (.*)")


async def leases() -> list[Lease]:
    """None where it is not installed, or does not run. Raises ProbeError."""
    program = programs.find("nmcli")
    if program is None:
        return []
    fields = "GENERAL.DEVICE,DHCP4"
    shown = await programs.run(
        [program, "-t", "-e", "no", "-f", fields, "device", "show"], COMMAND_SECONDS
    )
    if shown.refused:
        raise ProbeError("no_privilege", program)
    # 8: it does not run, so it has given nobody a lease.
    return list(parse(shown.output)) if shown.code == 0 else []


def parse(text: str) -> Iterator[Lease]:
    """Of one device after the other, in nmcli's terse form."""
    for block in re.split(r"^GENERAL\.DEVICE:", text, flags=re.MULTILINE)[1:]:
        interface, *lines = block.splitlines() or [""]
        options = {found[1]: found[2] for line in lines if (found := _OPTION.fullmatch(line))}
        if lease := _lease_or_none(interface.strip(), options):
            yield lease


def _lease_or_none(interface: str, options: dict[str, str]) -> Lease | None:
    address = first(options.get("ip_address", "").split())
    if not interface or not address:
        return None
    ends = options.get("expiry", "")
    return Lease(
        interface=interface,
        address=address,
        server=first(options.get("dhcp_server_identifier", "").split()),
        routers=_addresses(options, "routers"),
        resolvers=_addresses(options, "domain_name_servers"),
        ends=float(ends) if re.fullmatch(r"\d{1,10}", ends, re.ASCII) else None,
    )


def _addresses(options: dict[str, str], name: str) -> tuple[str, ...]:
    return addresses(options.get(name, "").replace(",", " ").split())
