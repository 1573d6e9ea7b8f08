"""What a wired sentinel's reading of a line is worth beside the counters of the port. Pure.

A hop of the school's own network that is slower than the line, and a fair queue, make a reading too
low. The port tells: a line that carried more than was read cannot be as slow as that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from collector.judge.capacity import LOWER_BOUND, VALID
from collector.lan.site import Uplink
from config.policy import Wired
from probes.text import Text


class Worth(StrEnum):
    """Only the first two count."""

    VALID = VALID
    LOWER_BOUND = LOWER_BOUND
    NO_COUNTERS = "no_counters"
    ABOVE_PORT = "above_port"
    PASSED_BY = "passed_by"
    CARRIED_MORE = "carried_more"


COUNTING = frozenset({Worth.VALID, Worth.LOWER_BOUND})


@dataclass(frozen=True, slots=True)
class Read:
    """A wired reading: bits a second, and the bytes that the measurement sent at least."""

    rate: float
    is_valid: bool
    spent: float


@dataclass(frozen=True, slots=True)
class Witness:
    """What the port says around a reading.

    Attributes:
        most: bits a second, the most that it carried that way in each stretch; None = not known.
        speed: of the port, the highest it had.
        contract: of the line that way.
    """

    most: Sequence[float | None]
    speed: float | None
    contract: float | None


def weigh(read: Read, witness: Witness, rules: Wired) -> Worth:
    """A lower bound stays true where the port carried more; it has to have passed the port."""
    known = [rate for rate in witness.most if rate is not None]
    if not known or len(known) < len(witness.most):
        return Worth.NO_COUNTERS
    most = max(known)
    if witness.speed is not None and read.rate > witness.speed:
        return Worth.ABOVE_PORT
    if most * rules.stretch.total_seconds() < read.spent * 8 * rules.carried:
        return Worth.PASSED_BY
    if not read.is_valid or is_of_hop(read.rate, witness, rules):
        return Worth.LOWER_BOUND
    if most > read.rate * (1 + rules.above):
        return Worth.CARRIED_MORE
    return Worth.VALID


def is_of_hop(rate: float, witness: Witness, rules: Wired) -> bool:
    """Whether it may only be the speed of a hop on the way to a faster line. A port whose speed is
    not known may be faster."""
    for hop in rules.hops:
        if hop * rules.hop_from <= rate <= hop * rules.hop_to:
            return witness.speed is None or max(witness.speed, witness.contract or 0) > hop
    return False


_WORDS: Mapping[Worth, Text] = {
    Worth.NO_COUNTERS: Text(
        "前后缺少该端口的计数", "have no counter readings of the port around them"
    ),
    Worth.ABOVE_PORT: Text("高于端口的速率", "are above the speed of the port"),
    Worth.PASSED_BY: Text("没有经过该端口", "did not pass the port"),
    Worth.CARRIED_MORE: Text(
        "低于端口当时的流量，说明校内有更慢的一段或公平队列",
        "are below what the port carried: a hop of the LAN is slower, or a queue is fair",
    ),
}
"""Why a reading does not count."""


def vantage_of(port: Uplink) -> Text:
    """Where such readings are taken, for the evidence."""
    return Text(
        f"有线哨兵，经 {port.device} {port.interface} 的计数确认",
        f"wired sentinel, confirmed by the counters of {port.device} {port.interface}",
    )


def unconfirmed(found: Mapping[Worth, int], port: Uplink) -> Text | None:
    """How many readings do not count, and why; None where all do."""
    why = [(words, n) for worth, words in _WORDS.items() if (n := found.get(worth, 0))]
    if not why:
        return None
    total = sum(n for _, n in why)
    zh = "、".join(f"{n} 次{words.zh}" for words, n in why)
    en = ", ".join(f"{n} {words.en}" for words, n in why)
    return Text(
        f"有线哨兵的 {total} 次测量没有得到 {port.device} {port.interface} 计数的确认，"
        f"不计入：{zh}。",
        f"{total} readings of the wired sentinel are not confirmed by the counters of "
        f"{port.device} {port.interface} and do not count: {en}.",
    )


def hop_words(n: int) -> Text:
    """For readings that are no more than lower bounds."""
    return Text(
        f"{n} 次有线测量等于校内以太网一段的速率，只能作为下限；请让哨兵接到更快的端口。",
        f"{n} wired readings are the speed of an Ethernet hop inside the school, and only lower "
        "bounds; connect the sentinel to a faster port.",
    )
