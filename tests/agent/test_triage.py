from __future__ import annotations

from agent.sealing import Sealed
from agent.triage import FORGIVEN, Kind, Send, Triage


def batch(seq: int) -> Sealed:
    return Sealed("s", seq, "b", True, 1, 0, 0, b"", b"")


HEAD, NEXT = batch(1), batch(2)


def fail_alone(triage: Triage, kind: Kind, times: int) -> list[tuple[str, int] | None]:
    """The head fails alone, the heartbeat goes through; what was convicted each time."""
    convicted = []
    for _ in range(times):
        triage.failed([HEAD], kind)
        assert triage.limit(16) == 0
        convicted.append(triage.went_through([]))
    return convicted


def test_outage_is_followed_by_a_heartbeat_and_then_by_everything() -> None:
    triage = Triage()
    triage.unreached()
    assert triage.limit(16) == 0
    assert triage.went_through([]) is None
    assert triage.limit(16) == 16


def test_batches_that_failed_together_are_sent_one_by_one() -> None:
    triage = Triage()
    triage.failed([HEAD, NEXT, batch(3)], Kind.CONTENT)
    assert triage.went_through([]) is None
    for seq in (1, 2, 3):
        assert triage.limit(16) == 1
        assert triage.went_through([batch(seq)]) is None
    assert triage.limit(16) == 16


def test_content_is_convicted_the_second_time_it_fails_alone() -> None:
    assert fail_alone(Triage(), Kind.CONTENT, 2) == [None, HEAD.key]


def test_too_big_alone_is_convicted_at_once() -> None:
    assert fail_alone(Triage(), Kind.TOO_BIG, 1) == [HEAD.key]


def test_nothing_is_convicted_while_the_heartbeat_fails_too() -> None:
    triage = Triage()
    for _ in range(20):
        triage.failed([HEAD], Kind.CONTENT)
        triage.failed([], Kind.CONTENT)
        assert triage.went_through([]) is None


def test_breakdown_needs_eight_strikes_and_a_witness() -> None:
    triage = Triage()
    assert fail_alone(triage, Kind.BREAKDOWN, 8) == [None] * 8
    assert (triage.send, triage.skip(), triage.limit(16)) == (
        Send.WITNESS,
        frozenset({HEAD.key}),
        1,
    )
    assert triage.went_through([NEXT]) == HEAD.key
    assert triage.limit(16) == 16


def test_collector_that_fails_on_every_batch_costs_none() -> None:
    triage = Triage()
    fail_alone(triage, Kind.BREAKDOWN, 8)
    triage.failed([NEXT], Kind.BREAKDOWN)
    assert triage.strikes == FORGIVEN
    assert triage.went_through([]) is None
    assert (triage.send, triage.skip()) == (Send.HEAD, frozenset())


def test_lone_batch_is_kept_until_there_is_a_witness() -> None:
    triage = Triage()
    fail_alone(triage, Kind.BREAKDOWN, 8)
    assert triage.went_through([]) is None
    assert triage.send is Send.HEAD


def test_head_that_goes_through_after_all_is_forgiven() -> None:
    triage = Triage()
    fail_alone(triage, Kind.BREAKDOWN, 7)
    triage.went_through([HEAD])
    assert (triage.strikes, triage.limit(16)) == (0, 16)


def test_collector_without_credit_gets_no_batch() -> None:
    triage = Triage()
    triage.failed([HEAD], Kind.CONTENT)
    triage.went_through([])
    assert triage.limit(0) == 0
    assert triage.went_through([]) is None
    assert triage.limit(16) == 1
