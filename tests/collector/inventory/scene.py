"""A school with some of everything, for pages and commands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from collector.inventory.book import Wish
from collector.inventory.model import DeviceKind
from collector.inventory.sighting import Gear
from collector.web.access import Access
from collector.web.admin_key import AdminKey
from collector.web.inventory import InventoryPages
from tests.collector.inventory.network import HERE, START, Network, agent, mac
from tests.collector.web_scene import KEY, County, no_pause

HIKVISION, VIVO, EPSON = "44:19:b6", "64:ec:65", "a4:d7:3c"
PHONE = mac(1, VIVO)
HOSTILE = "=HYPERLINK(1)<b>x"


def furnish(network: Network) -> None:
    """Machines of every ground, two phones, a dock, and three declared devices."""
    network.enrol(agent("pc-101"), agent("pc-102"))
    network.gear(
        Gear("core", "10.1.1.2", DeviceKind.SWITCH, "机房"), Gear("beamer-101", "10.1.1.60")
    )
    network.owns("sentinel-1", mac(0x10), address="10.1.1.1")
    network.owns("pc-101", mac(0x20), mac(0x21), mac(0x99), address="10.1.1.11")
    network.owns("pc-102", mac(0x30), mac(0x99), address="10.1.1.12")
    network.replies("core", "1.3.6.1.4.1.25506.11.1", "S5130")
    network.answers("10.1.1.2", mac(0x40))
    network.answers("10.1.1.11", mac(0x20))
    network.read("pjlink", {}, {"on": 1}, "beamer-101")
    network.answers("10.1.1.60", mac(0x50, EPSON))
    network.answers("10.1.1.70", mac(0x60, HIKVISION))
    network.answers("10.1.1.71", mac(0x70))
    network.learns("core", "GE1/0/3", mac(0x20), PHONE)
    network.learns("core", "GE1/0/7", mac(0x70))
    network.hears("core", "GE1/0/7", HOSTILE, "station")
    network.answers("10.1.1.90", PHONE)
    network.answers("10.1.1.91", mac(2, VIVO))
    network.swept(hosts=9, randomised=41)
    network.look()
    said = {"kind": "pc", "room": "101", "asset": "A-001", "use": "teacher"}
    declared = [
        Wish(id=network.device(mac(0x20)).id, school=HERE, said=said | {"standing": "known"}),
        Wish(id=None, school=HERE, macs=(mac(0x80),), said={"kind": "printer", "asset": "A-002"}),
        Wish(
            id=network.device(mac(0x60, HIKVISION)).id,
            school=HERE,
            said={"kind": "camera", "standing": "scrapped"},
        ),
    ]
    network.book.declare(declared, "cli:li")
    network.pass_time(hours=3)
    network.answers("10.1.1.70", mac(0x60, HIKVISION))
    network.swept(hosts=9, randomised=38)
    network.look()


@asynccontextmanager
async def serve_devices(network: Network, port: int = 0) -> AsyncIterator[aiohttp.ClientSession]:
    """The page over it, on a free port of 127.0.0.1."""
    county = County(agents=list(network.agents.values()), now=network.now, judged=False)
    key = AdminKey(KEY, lambda: START, no_pause)
    app = web.Application()
    pages = InventoryPages(county.showing(), Access(key, open_pages=True), network.inventory)
    app.add_routes(pages.routes())
    app.add_routes([web.get("/static/{name}", pages._shown(pages._static))])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        host, bound = runner.addresses[0][:2]
        async with aiohttp.ClientSession(f"http://{host}:{bound}") as client:
            yield client
    finally:
        await runner.cleanup()
