"""Who answers for a name that nobody has: such an answer draws a computer to an attacker.

Windows asks its neighbours by LLMNR and NBNS for any name that the name server does not know, and
sends its user's credentials to whoever answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from probes import apart
from probes.lan.measures import ALL, LAN, MODULE, WAITING_DEADLINE, Waiting
from probes.metrics import SEEN
from probes.model import Probe, Reading, Role, Target, setting
from probes.posture import count
from probes.text import Text

ANSWERERS_COUNT = count(
    "answerers_count",
    Text("应答者数", "Answerers"),
    Text(
        "为不存在的名称给出地址的主机数；正常为 0。",
        "Hosts that gave an address for a name that does not exist; 0 is normal.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Waiting):
    seconds: float = setting(
        3.0,
        Text("等待应答的时间，秒。", "Seconds to wait for answers."),
        minimum=1,
        maximum=10,
    )


class NamePoisoning(Probe[Settings]):
    name = "name_poisoning"
    title = Text("名称欺骗", "Name poisoning")
    about = Text(
        "用 LLMNR（RFC 4795）、NBNS（RFC 1002）和 mDNS（RFC 6762）各问一个随机生成、不会有人使用的"
        "名称，记下谁给出地址。应答须与所问的标识和名称一致。MAC 取自本机的邻居表，不知道时为 -。",
        "Asks for a random name that nobody has, once by each of LLMNR (RFC 4795), NBNS (RFC 1002) "
        "and mDNS (RFC 6762), and notes who gives an address. An answer must bear the identifier "
        "and the name of the question. The MAC is that of this machine's neighbour table, - where "
        "it has none.",
    )
    limits = Text(
        "只用 IPv4 询问。只应答特定名称、或只骗特定主机的攻击者不会应答。",
        "It asks over IPv4 only. An attacker who answers for chosen names only, or to chosen "
        "victims, stays silent.",
    )
    measures = (SEEN, ANSWERERS_COUNT)
    labels: ClassVar[Mapping[str, Text]] = {
        "protocol": Text("llmnr、nbns、mdns；all 为总计。", "llmnr, nbns, mdns; all = the whole."),
        "address": Text("应答者的地址。", "The answerer's address."),
        "mac": Text("应答者的 MAC；- 为未知。", "The answerer's MAC; - = not known."),
    }
    roles = frozenset({Role.GATEWAY, Role.SENTINEL})
    Settings = Settings
    deadline_seconds = WAITING_DEADLINE

    def longest_seconds(self) -> float:
        return self.settings.longest_seconds()

    async def measure(self, target: Target) -> Sequence[Reading]:
        s = self.settings
        found = await apart.ask(MODULE, s.question("names"), s.longest_seconds())
        answers = [
            Reading.ok({SEEN: 1}, {label: row[label] for label in self.labels}, target=LAN)
            for row in found
        ]
        whole = dict.fromkeys(self.labels, ALL)
        answerers = {row["address"] for row in found}
        return [*answers, Reading.ok({ANSWERERS_COUNT: len(answerers)}, whole, target=LAN)]
