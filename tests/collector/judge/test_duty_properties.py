"""Whatever machines and people say: silence, age and error never count in anybody's favour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.judge.duty.papers import Says, Signed
from collector.judge.duty.score import Score, score
from collector.judge.judge import Judgement
from collector.judge.model import DutyState, MachineState
from collector.register.waiver import Waiver
from config.duty import Attest, FactCheck
from probes.posture import NOT_HERE
from tests.collector.judge.owed import NOW, Town, attest, duty, fact, signed, waived
from tests.collector.judge.town import agent

SATISFIED = (DutyState.PASS, DutyState.ATTESTED)
RANK = {
    DutyState.FAIL: 0,
    DutyState.ERROR: 1,
    DutyState.UNKNOWN: 1,
    DutyState.WAIVED: 2,
    DutyState.NOT_APPLICABLE: 3,
    DutyState.PASS: 3,
    DutyState.ATTESTED: 3,
}
"""Nothing that a school does not do may lift a duty from one rank to the next."""
MACHINES = ("a1", "a2", "a3")
PARTS = ("door", "window")
NOTHING = ("no_privilege", "no_source", "fault", "deadline", "unreadable")


@dataclass(frozen=True)
class Word:
    """What one machine said of one part: a value, or why there is none."""

    agent: str
    part: str
    at: datetime
    value: float | None
    reason: str = ""


@dataclass(frozen=True)
class World:
    words: tuple[Word, ...]
    signed: tuple[Signed, ...]
    waived: tuple[Waiver, ...]
    share: Fraction

    def judge(self, now: datetime = NOW) -> Judgement:
        one = duty(
            [fact("locked", part="door", share=self.share), fact("shut", part="window")],
            [attest("trained"), attest("filed")],
        )
        only = duty([fact("locked", part="door", share=self.share)], id="duty.one")
        said = duty([], [attest("trained")], id="duty.said")
        place = Town([one, only, said], [agent(id, "A") for id in MACHINES])
        for word in self.words:
            if word.value is None:
                place.store.fail(word.agent, word.reason, word.at, word.part)
            else:
                place.store.say(word.agent, word.at, word.part, locked=word.value)
        return place.judge(self.signed, self.waived, now)


AGES = st.integers(0, 14).map(lambda days: NOW - timedelta(days=days, hours=1))
WORDS = st.builds(
    Word,
    agent=st.sampled_from(MACHINES),
    part=st.sampled_from(PARTS),
    at=AGES,
    value=st.sampled_from([0.0, 1.0]),
) | st.builds(
    Word,
    agent=st.sampled_from(MACHINES),
    part=st.sampled_from((*PARTS, "")),
    at=AGES,
    value=st.none(),
    reason=st.sampled_from((*NOTHING, NOT_HERE)),
)
DUTIES = st.sampled_from(["duty.locks", "duty.one", "duty.said"])
SIGNED = st.builds(
    signed,
    st.sampled_from(list(Says)),
    st.sampled_from(["trained", "filed", "locked", "shut"]),
    duty=DUTIES,
    at=AGES,
    until=st.none() | st.integers(-9, 9).map(lambda days: NOW + timedelta(days=days)),
    is_whole=st.booleans(),
    reason=st.sampled_from(["", "没有这样的系统"]),
)
WAIVED = st.builds(
    waived,
    st.sampled_from(["", "locked", "shut", "trained"]),
    st.sampled_from(["", *MACHINES]),
    duty=DUTIES,
    until=st.integers(-2, 9).map(lambda days: NOW + timedelta(days=days)),
)


def one_each(papers: Sequence[Signed]) -> tuple[Signed, ...]:
    """The newest signature for each attest, as the register gives them."""
    return tuple({(p.duty, p.attest): p for p in sorted(papers, key=lambda p: p.at)}.values())


WORLDS = st.builds(
    World,
    words=st.lists(WORDS, max_size=10).map(tuple),
    signed=st.lists(SIGNED, max_size=5).map(one_each),
    waived=st.lists(WAIVED, max_size=3).map(tuple),
    share=st.sampled_from([Fraction(1), Fraction(2, 3), Fraction(1, 3)]),
)


some = settings(max_examples=40, deadline=None)


def of(world: World, now: datetime = NOW) -> Score:
    return score(world.judge(now).duties)


def states(world: World, now: datetime = NOW) -> list[DutyState]:
    return [status.state for status in world.judge(now).duties]


def check_not_better(before: World, after: World, now: datetime = NOW) -> None:
    """Nothing becomes satisfied, or falls out of the denominator, and the score does not rise."""
    one, other = of(before), of(after, now)
    assert (other.value or 0) <= (one.value or 0)
    for was, is_now in zip(states(before), states(after, now), strict=True):
        if was not in SATISFIED:
            assert is_now not in SATISFIED
        if was is not DutyState.NOT_APPLICABLE and was not in SATISFIED:
            assert is_now is not DutyState.NOT_APPLICABLE


@some
@given(WORLDS, st.sampled_from(MACHINES))
def test_machine_that_falls_silent_satisfies_nothing(world: World, silenced: str) -> None:
    kept = tuple(word for word in world.words if word.agent != silenced)
    check_not_better(world, replace(world, words=kept))


@some
@given(WORLDS, st.sampled_from(PARTS))
def test_part_of_which_nothing_is_heard_satisfies_nothing(world: World, silenced: str) -> None:
    kept = tuple(word for word in world.words if word.part != silenced)
    # What the machines said of the whole instrument concerns the part, too.
    check_not_better(replace(world, words=tuple(w for w in world.words if w.part)),
                     replace(world, words=tuple(w for w in kept if w.part)))  # fmt: skip


@some
@given(WORLDS, st.data())
def test_signature_that_is_missing_satisfies_nothing(world: World, data: st.DataObject) -> None:
    if world.signed:
        gone = data.draw(st.sampled_from(world.signed))
        kept = tuple(paper for paper in world.signed if paper != gone)
        check_not_better(world, replace(world, signed=kept))


@some
@given(WORLDS, st.integers(1, 30))
def test_time_alone_satisfies_nothing(world: World, days: int) -> None:
    check_not_better(world, world, NOW + timedelta(days=days))


@some
@given(WORLDS, st.sampled_from(MACHINES), st.sampled_from((*PARTS, "")), st.sampled_from(NOTHING))
def test_run_that_learned_nothing_never_lifts_a_duty(
    world: World, machine: str, part: str, reason: str
) -> None:
    failed = Word(machine, part, NOW, None, reason)
    after = replace(world, words=(*world.words, failed))
    check_not_better(world, after)
    for was, is_now in zip(states(world), states(after), strict=True):
        assert RANK[is_now] <= RANK[was]


@some
@given(WORLDS)
def test_signatures_change_no_fact_and_machines_no_signature(world: World) -> None:
    whole = world.judge()
    unsigned, silent = replace(world, signed=()).judge(), replace(world, words=()).judge()
    for status, bare, mute in zip(whole.duties, unsigned.duties, silent.duties, strict=True):
        for part, without, quiet in zip(status.parts, bare.parts, mute.parts, strict=True):
            other = without if isinstance(part.part, FactCheck) else quiet
            assert part.state is other.state


@some
@given(WORLDS)
def test_signature_alone_is_never_a_pass_and_machines_alone_never_attested(world: World) -> None:
    for status in world.judge().duties:
        for part in status.parts:
            wrong = DutyState.PASS if isinstance(part.part, Attest) else DutyState.ATTESTED
            assert part.state is not wrong


@some
@given(WORLDS)
def test_waivers_change_no_score_and_hide_nothing_that_is_well(world: World) -> None:
    with_them, without = of(world), of(replace(world, waived=()))
    assert (with_them.good, with_them.asked) == (without.good, without.asked)
    for status, bare in zip(world.judge().duties, replace(world, waived=()).judge().duties,
                            strict=True):  # fmt: skip
        assert status.beneath is bare.state
        if bare.state in (*SATISFIED, DutyState.NOT_APPLICABLE):
            assert status.state is bare.state
        else:
            assert status.state not in (*SATISFIED, DutyState.NOT_APPLICABLE)


@some
@given(WORLDS)
def test_fact_that_every_machine_must_show_was_shown_lately_by_every_machine(world: World) -> None:
    strict = replace(world, share=Fraction(1))
    for status in strict.judge().duties:
        for part in status.parts:
            if part.state is DutyState.PASS:
                told = {m.agent: m for m in part.machines if m.state is not MachineState.NOT_HERE}
                assert told
                assert all(m.value == 1 and not m.stale for m in told.values())
                assert all(m.at and NOW - m.at <= timedelta(days=7) for m in told.values())


@some
@given(WORLDS)
def test_attest_is_satisfied_by_a_whole_signature_that_holds_and_by_nothing_else(
    world: World,
) -> None:
    for status in world.judge().duties:
        for part in status.parts:
            if part.state is DutyState.ATTESTED:
                paper = part.signed
                assert paper is not None
                assert paper.says is Says.FULFILLED
                assert paper.is_whole
                assert paper.at <= NOW
                assert paper.until is None or paper.until > NOW
