"""智慧课堂: whether a school says that it uses one."""

from __future__ import annotations

from typing import ClassVar

from collector.judge.declared import Claim
from probes.text import Text


class SmartClassroomInUse(Claim):
    name: ClassVar[str] = "smart_classroom_in_use"
    title: ClassVar[Text] = Text("智慧课堂已应用", "Smart classroom in use")
    meaning: ClassVar[Text] = Text(
        "由学校登记或签署；规划没有定义，没有什么能测量它。",
        "As the school declares or signs; the plan does not define it and nothing measures it.",
    )
    claim: ClassVar[str] = "smart_classroom"
    signed_by: ClassVar[tuple[tuple[str, str], ...]] = (
        ("duty.hefei_smart_school", "smart-class-used"),
    )
