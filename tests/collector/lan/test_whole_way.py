"""From an agent's push to the words of a message: one rogue DHCP server is told of once."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from collector.alert.channel import Channel
from collector.alert.message import Message
from collector.alert.send import DELIVERED
from collector.app import Collector
from probes.catalog import discover
from probes.wire import Record
from tests.collector import served
from tests.collector.served import SCHOOL

ROUTER, EVIL = "00:25:9e:00:00:01", "3c:46:d8:00:00:66"
LISTED = 'networks = ["10.1.0.0/16"]\ndhcp_servers = ["10.1.0.1"]\n'
ROUTE = '[[route]]\nid = "all"\nchannels = ["duty"]\nlanguage = "zh"\n'
CHANNEL = '[[channel]]\nid = "duty"\nurl = "json://127.0.0.1:9/"\n'


def described(folder: Path) -> None:
    """The school's servers are listed, and somebody is told."""
    for name, text in (
        (f"lan/{SCHOOL.code}.toml", LISTED),
        ("policies/routes.toml", ROUTE),
        ("channels.toml", CHANNEL),
    ):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
        path.chmod(0o600)


def record(probe: str, values: dict[str, float], target: str, **labels: str) -> Record:
    now = time.time_ns() // 1_000_000
    return Record(probe=probe, at=now, target=target, values=values, labels=labels)


def rogue() -> list[Record]:
    offer = {"router": "-", "resolvers": "-"}
    return [
        record("dhcp_offers", {"seen": 1}, "lan", server="10.1.0.1", mac=ROUTER, **offer),
        record("dhcp_offers", {"seen": 1}, "lan", server="192.168.0.1", mac=EVIL, **offer),
        record("snmp_fdb", {"seen": 1}, "access-2", interface="GE0/0/7", mac=EVIL, vlan="1"),
        record("snmp_fdb", {"mac_count": 1}, "access-2", interface="GE0/0/7", mac="all", vlan="1"),
        record("snmp_fdb", {"seen": 1}, "core", interface="GE0/0/24", mac=EVIL, vlan="1"),
        record("snmp_fdb", {"mac_count": 9}, "core", interface="GE0/0/24", mac="all", vlan="1"),
    ]  # fmt: skip


class Post:
    """Takes the messages in place of the other side."""

    def __init__(self) -> None:
        self.taken: list[Message] = []

    def send(self, channel: Channel, message: Message) -> str:
        self.taken.append(message)
        return DELIVERED


async def round_of(collector: Collector) -> None:
    await asyncio.to_thread(collector.house.fill)
    await asyncio.to_thread(collector.detecting.detection.work)
    await asyncio.to_thread(collector.alerting.work)


async def test_rogue_server_is_one_incident_and_one_message_with_mac_maker_and_port(
    tmp_path: Path,
) -> None:
    described(tmp_path)
    post = Post()
    async with served.site(tmp_path, discover()) as site:
        site.collector.alerting._sender = post.send
        for number in range(1, 4):
            assert await site.push_records(number, rogue()) == 200
            await round_of(site.collector)
        (incident,) = site.collector.register.incidents(only_open=True)
        status, _, page = await site.get(f"/schools/{SCHOOL.code}")
        _, _, flips = await site.get(f"/schools/{SCHOOL.code}?lang=en")
    assert incident.cause == "rogue_dhcp"
    (message,) = post.taken
    assert "示例 · 未经许可的 DHCP 服务器" in message.subject
    for said in (EVIL, "TP-LINK", "access-2 GE0/0/7", "1 个代理看见", "登记的服务器是 10.1.0.1"):
        assert said in message.body, message.body
    assert len(message.body.encode()) < 2048
    assert status == 200
    assert "校园网内的发现" in page
    assert EVIL in page
    assert "Rogue DHCP server" in flips


async def test_collector_that_starts_again_tells_nobody_again_and_still_shows_it(
    tmp_path: Path,
) -> None:
    described(tmp_path)
    first, second = Post(), Post()
    async with served.site(tmp_path, discover()) as site:
        site.collector.alerting._sender = first.send
        await site.push_records(1, rogue())
        await round_of(site.collector)
    async with served.serving(tmp_path, discover()) as (collector, _):
        collector.alerting._sender = second.send
        await round_of(collector)
        (incident,) = collector.register.incidents(only_open=True)
        (kept,) = collector.detecting.findings(SCHOOL.code).values()
    assert (len(first.taken), len(second.taken)) == (1, 0)
    assert (incident.flips, kept.mac, kept.port) == (1, EVIL, "access-2 GE0/0/7")
