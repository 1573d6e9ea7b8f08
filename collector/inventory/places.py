"""What the inventory takes from schools' network files: names of gear, where it is, and ranges."""

from __future__ import annotations

from collector.inventory.model import DeviceKind
from collector.inventory.sighting import Gear, Place, Places
from collector.lan.site import Site, Sites


def places_of(sites: Sites) -> Places:
    """By school. What answers PJLink is a projector, whatever the file calls it."""
    return {school: _place(site) for school, site in sites.items()}


def _place(site: Site) -> Place:
    gear = [Gear(each.name, each.host, each.kind, each.room) for each in site.devices]
    gear += [
        Gear(each.name, each.host, DeviceKind.PROJECTOR, each.room) for each in site.projectors
    ]
    return Place(tuple(gear), site.networks)
