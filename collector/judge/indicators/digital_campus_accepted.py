"""中职数字校园: whether the bureau accepted a vocational school's."""

from __future__ import annotations

from typing import ClassVar

from collector.judge.declared import Claim
from probes.text import Text


class DigitalCampusAccepted(Claim):
    name: ClassVar[str] = "digital_campus_accepted"
    title: ClassVar[Text] = Text("数字校园已达标", "Digital campus accepted")
    meaning: ClassVar[Text] = Text(
        "由教育局按达标结果登记，或由学校附文件签署；没有什么能测量它。",
        "As the bureau registers what it accepted, or the school signs with the document; nothing "
        "measures it.",
    )
    claim: ClassVar[str] = "digital_campus"
    signed_by: ClassVar[tuple[tuple[str, str], ...]] = (
        ("duty.hefei_smart_school", "digital-campus-accepted"),
    )
