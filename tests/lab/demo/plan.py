"""The schools of the demonstration: what each contracted, and what its line really carries.

A line's rate is that of IP in full packets, and the same both ways.
"""

from __future__ import annotations

from dataclasses import dataclass

from collector.register.model import Link, School
from probes.text import Text

ADCODE = "340199"
"""A fictional county of Hefei, so that Hefei's rows are asked of it."""
AREA = "urban"


@dataclass(frozen=True)
class Pupils:
    """What a classroom takes from the world meanwhile.

    Attributes:
        udp_mbit: an even stream; 0 = none.
        flows: TCP connections that take what they can get.
    """

    udp_mbit: float = 0
    flows: int = 0

    def __str__(self) -> str:
        if self.udp_mbit:
            return f"UDP {self.udp_mbit:g}M"
        return f"TCP x{self.flows}" if self.flows else "-"


@dataclass(frozen=True)
class DemoSchool:
    """`later_mbit`: what the provider throttles the line to while everybody watches."""

    code: str
    name: Text
    classes: int
    contract_mbit: int
    line_mbit: float
    later_mbit: float | None = None
    pupils: Pupils = Pupils()

    def registered(self) -> School:
        contract = self.contract_mbit * 1_000_000
        line = Link(
            name="主线",
            contract_down_bits_per_second=contract,
            contract_up_bits_per_second=contract,
        )
        return School(
            code=self.code,
            name=self.name.zh,
            adcode=ADCODE,
            type_code="211",
            urban_code="111",
            policy_area=AREA,
            classes={"primary": self.classes},
            links=(line,),
        )


SCHOOLS = (
    DemoSchool("9934000011", Text("梧桐小学", "Wutong"), 6, 100, 100, pupils=Pupils(flows=2)),
    DemoSchool("9934000012", Text("槐树小学", "Huaishu"), 12, 100, 100, pupils=Pupils(udp_mbit=30)),
    DemoSchool("9934000013", Text("银杏中学", "Yinxing"), 24, 300, 300, pupils=Pupils(udp_mbit=60)),
    DemoSchool("9934000014", Text("香樟小学", "Xiangzhang"), 12, 200, 50),
    DemoSchool("9934000015", Text("翠竹小学", "Cuizhu"), 6, 50, 50),
    DemoSchool("9934000016", Text("青松中学", "Qingsong"), 24, 300, 300, later_mbit=60),
)
