"""A school's network as its agents tell of it, minute by minute, while a detection looks on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from collector.lan.detection import Detection, Sources
from collector.lan.detector import discover
from collector.lan.kept import Kept
from collector.lan.look import Answers
from collector.lan.site import Site
from collector.register.model import School, State
from collector.register.register import Register
from collector.store.memory import MemoryStore, StoredReading
from config.lan_file import load_lan_policy
from probes import catalog
from probes.model import Outcome, Role
from probes.wire import VERSION, EnrolRequest

START = datetime(2026, 11, 23, 1, tzinfo=UTC)
"""A Monday, 9:00 in Shanghai."""
MINUTE = timedelta(minutes=1)
CODE = "9934000001"
GATEWAY, ROUTER = "10.1.0.1", "00:25:9e:00:00:01"
EVIL, OTHER = "3c:46:d8:00:00:66", "3c:46:d8:00:00:77"


class Net:
    """One school with a sentinel and three PCs; nothing is described unless a test does."""

    def __init__(self, folder: Path, pcs: int = 3) -> None:
        self.now = START
        self.folder = folder
        self.register = Register.open(folder / "register.sqlite3", lambda: self.now)
        self.register.put_schools([School(code=CODE, name="示例", adcode="340199")], "test")
        self.sentinel = self.enrol(Role.SENTINEL, "sentinel")
        self.pcs = [self.enrol(Role.PC, f"pc-{n}") for n in range(1, pcs + 1)]
        self.store = MemoryStore(catalog.discover())
        self.sites: dict[str, Site] = {}
        self.answers = Answers()
        self.start()

    def enrol(self, role: Role, hostname: str) -> str:
        token = self.register.create_token(CODE, role, actor="test")
        request = EnrolRequest(
            v=VERSION, token=f"{token.id}.{token.secret}", nonce=f"n-{hostname:>8}",
            hostname=hostname,
        )  # fmt: skip
        return self.register.enrol(request, "127.0.0.1").agent

    def serve_as_gateway(self) -> None:
        """The sentinel is the gateway itself."""
        self.sentinel = self.enrol(Role.GATEWAY, "gateway")

    def start(self) -> None:
        """A new process over the same register."""
        self.detection = Detection(
            self.register,
            Sources(
                store=self.store,
                catalog=catalog.discover(),
                policy=load_lan_policy(),
                detectors=discover(),
                schools=lambda: [CODE],
                sites=lambda: self.sites,
                answers=lambda: self.answers,
                now=lambda: self.now,
                retention=timedelta(days=190),
            ),
        )

    # What agents say

    def say(
        self,
        probe: str,
        agent: str,
        values: dict[str, float] | None = None,
        *,
        target: str = "local",
        outcome: Outcome = Outcome.OK,
        **labels: str,
    ) -> None:
        reading = StoredReading(
            probe=probe, at=self.now - timedelta(seconds=5), school=CODE, agent=agent,
            values={"seen": 1.0} if values is None else values, target=target, labels=labels,
            outcome=outcome,
        )  # fmt: skip
        self.store.readings.append(reading)

    def gateway(self, agent: str, mac: str = ROUTER, address: str = GATEWAY, **more: str) -> None:
        self.say("gateway_mac", agent, interface=more.get("interface", "eth0"), address=address,
                 mac=mac, state=more.get("state", "verified"))  # fmt: skip

    def lease(self, agent: str, server: str = GATEWAY, resolvers: str = "-") -> None:
        self.say("dhcp_lease", agent, interface="eth0", server=server, router=server,
                 resolvers=resolvers)  # fmt: skip

    def offers(self, *servers: tuple[str, str]) -> None:
        for server, mac in servers:
            self.say("dhcp_offers", self.sentinel, target="lan", server=server, mac=mac,
                     router=server, resolvers="-")  # fmt: skip
        if not servers:
            self.say("dhcp_offers", self.sentinel, {}, target="lan", server="all", mac="all")

    def adverts(self, *routers: tuple[str, str, str]) -> None:
        for address, mac, lifetime in routers:
            self.say("router_adverts", self.sentinel, target="lan", address=address, mac=mac,
                     prefixes="-", lifetime=lifetime)  # fmt: skip
        if not routers:
            self.say("router_adverts", self.sentinel, {}, target="lan", address="all")

    def hears(self, kind: str, *claims: tuple[str, str]) -> None:
        for address, mac in claims:
            self.say("lan_watch", self.sentinel, {"frames_count": 4.0}, target="lan", kind=kind,
                     address=address, mac=mac)  # fmt: skip
        self.noise(2)

    def noise(self, per_second: float) -> None:
        values = {"broadcast_frames_count": per_second * 20, "heard_seconds": 20.0}
        self.say("lan_watch", self.sentinel, values, target="lan", kind="all", address="all",
                 mac="all")  # fmt: skip

    def normal(self) -> None:
        """What is said each minute of a day on which nothing happens."""
        self.offers((GATEWAY, ROUTER))
        self.hears("arp")
        for agent in (self.sentinel, *self.pcs):
            self.gateway(agent)
        for pc in self.pcs:
            self.lease(pc)

    # Time

    def minutes(self, number: int, *happens: Callable[[], object]) -> None:
        """So many rounds, in each of which this is said."""
        for _ in range(number):
            self.now += MINUTE
            for each in happens:
                each()
            self.detection.work()

    def days(self, number: float, *happens: Callable[[], object]) -> None:
        """The same, a round each ten minutes."""
        for _ in range(round(number * 144)):
            self.now += 9 * MINUTE
            self.minutes(1, *happens)

    # What came of it

    @property
    def open(self) -> dict[str, Kept]:
        """By kind; of each kind the only one."""
        found = self.detection._book.findings()
        kinds = {watched.threshold: kept for watched, kept in found.items()}
        assert len(kinds) == len(found), sorted(found)
        return kinds

    def states(self) -> dict[str, State]:
        return {
            watched.threshold: held.state
            for watched, held in self.register.states().items()
            if not watched.agent
        }

    def flips(self) -> list[tuple[str, State]]:
        return [(f.watched.threshold, f.after) for f in reversed(self.register.flips(limit=1000))]
