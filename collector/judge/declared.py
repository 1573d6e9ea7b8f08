"""What people say of a school, where nothing measures it: declared in the register, or signed.

A signature in force outweighs what the register says, since somebody answers for it. What nobody
said is not known.
"""

from __future__ import annotations

from typing import ClassVar

from collector.judge.duty.papers import Says, Signed
from collector.judge.indicator import TargetIndicator
from collector.judge.model import Evidence, Finding, Leg, LegName, Verdict
from collector.judge.scene import Scene
from collector.register.model import School
from collector.register.register import ALWAYS
from collector.register.room import ROOM_TITLES, Room, RoomKind
from config.policy import TargetValue
from probes.model import Better, Unit
from probes.text import Text

NOT_SAID = Text("没有登记，无从得知。", "Nothing is registered, so it is not known.")

_VERDICTS = {None: Verdict.UNDETERMINED, True: Verdict.MET, False: Verdict.NOT_MET}


def since(school: School) -> Text:
    """From when on the register's facts hold."""
    if school.valid_from == ALWAYS:
        return Text("", "")
    return Text(f"（自 {school.valid_from} 起）", f" (since {school.valid_from})")


def answer(target: TargetValue, yes: bool | None, reason: Text, evidence: Evidence) -> Finding:
    """A yes-or-no fact against a target value that asks for yes."""
    verdict = _VERDICTS[yes]
    leg = Leg(
        name=LegName.DECLARED,
        verdict=verdict,
        value=None if yes is None else float(yes),
        required=float(target.value),
        unit=Unit.BOOLEAN,
        reason=reason,
        evidence=evidence,
    )
    return Finding(verdict, reason, (leg,))


class Claim(TargetIndicator):
    """A claim of the register. `signed_by`: signatures that say the same, as (duty, attest)."""

    unit: ClassVar[Unit] = Unit.BOOLEAN
    better: ClassVar[Better] = Better.HIGHER
    claim: ClassVar[str]
    signed_by: ClassVar[tuple[tuple[str, str], ...]] = ()

    def judge(self, school: School, target: TargetValue, scene: Scene) -> Finding:
        for duty, attest in self.signed_by:
            signed = scene.papers.signed(school.code, duty, attest)
            if signed is not None and _in_force(signed, scene):
                yes = signed.says is Says.FULFILLED
                day = signed.at.date()
                words = Text("是", "yes") if yes else Text("否", "no")
                reason = Text(f"{day} 签署：{words.zh}。", f"Attested on {day}: {words.en}.")
                evidence = Evidence("signed", f"{duty}/{attest}", n=1, newest=signed.at)
                return answer(target, yes, reason, evidence)
        claimed = school.claims.get(self.claim)
        reason = NOT_SAID
        if claimed is not None:
            words = Text("是", "yes") if claimed else Text("否", "no")
            reason = Text(
                f"登记为“{words.zh}”{since(school).zh}。",
                f"Declared: {words.en}{since(school).en}.",
            )
        evidence = Evidence("declared", "register", n=int(claimed is not None))
        return answer(target, claimed, reason, evidence)


def _in_force(signed: Signed, scene: Scene) -> bool:
    standing = signed.until is None or scene.now < signed.until
    return standing and signed.is_whole and signed.says is not Says.NOT_APPLICABLE


class RoomPresent(TargetIndicator):
    """Whether a school has a room of these `kinds`; `declared` is the name of their number.

    A list of rooms proves that one is there; only a declared 0 says that there is none.
    """

    unit: ClassVar[Unit] = Unit.BOOLEAN
    better: ClassVar[Better] = Better.HIGHER
    kinds: ClassVar[tuple[RoomKind, ...]]
    declared: ClassVar[str]

    def judge(self, school: School, target: TargetValue, scene: Scene) -> Finding:
        rooms = scene.placed(school).of_kinds(*self.kinds)
        number = school.counts.get(self.declared)
        evidence = Evidence("declared", "register", n=len(rooms) or number or 0)
        held = since(school)
        if rooms:
            return answer(target, True, _named(rooms, held), evidence)
        if number is None:
            return answer(target, None, NOT_SAID, evidence)
        reason = Text(f"登记 {number} 间{held.zh}。", f"Declared: {number}{held.en}.")
        return answer(target, number > 0, reason, evidence)


def _named(rooms: list[Room], held: Text) -> Text:
    zh = "、".join(f"{ROOM_TITLES[room.kind].zh} {room.title}" for room in rooms)
    en = ", ".join(f"{ROOM_TITLES[room.kind].en} {room.title}" for room in rooms)
    return Text(f"登记有{zh}{held.zh}。", f"Declared: {en}{held.en}.")
