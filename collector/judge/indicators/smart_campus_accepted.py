"""智慧校园: whether the bureau accepted a school's."""

from __future__ import annotations

from typing import ClassVar

from collector.judge.declared import Claim
from probes.text import Text


class SmartCampusAccepted(Claim):
    name: ClassVar[str] = "smart_campus_accepted"
    title: ClassVar[Text] = Text("智慧校园已验收", "Smart campus accepted")
    meaning: ClassVar[Text] = Text(
        "由教育局按验收结果登记，或由学校附验收文件签署；没有什么能测量它。",
        "As the bureau registers what it accepted, or the school signs with the document; nothing "
        "measures it.",
    )
    claim: ClassVar[str] = "smart_campus"
    signed_by: ClassVar[tuple[tuple[str, str], ...]] = (
        ("duty.hefei_smart_school", "smart-campus-accepted"),
        ("duty.pucheng_smart_campus", "accepted"),
    )
