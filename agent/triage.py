"""Finds the batch that a collector cannot take, so that it does not hold up all the others.

Nothing is given up lightly. A batch is blamed only if a push without batches goes through right
after it failed alone. If the collector merely breaks down on it, another batch must go through as
well, because a collector whose disk is broken fails on every batch and still takes a heartbeat.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from agent.sealing import Sealed
from agent.shelf import Key

FORGIVEN = 4
"""What is left of the strikes when another batch failed as well."""


class Kind(Enum):
    """How a push with batches failed; the value is how many strikes put the blame on a batch."""

    TOO_BIG = 1
    CONTENT = 2
    BREAKDOWN = 8


class Send(Enum):
    """What the next push carries."""

    ALL = "as many batches as the collector takes"
    NOTHING = "the state only"
    HEAD = "the oldest batch alone"
    WITNESS = "the oldest batch but one, alone"


class Triage:
    """Says what to send next, from what became of what was sent.

    Attributes:
        strikes: how often the oldest batch failed alone while the state went through.
    """

    def __init__(self) -> None:
        self.send = Send.ALL
        self.strikes = 0
        self._head: Key | None = None
        self._kind = Kind.BREAKDOWN
        self._failed_alone = False
        self._alone_left = 0

    def limit(self, credit: int) -> int:
        """How many batches the next push may carry."""
        return {Send.ALL: credit, Send.NOTHING: 0}.get(self.send, min(1, credit))

    def skip(self) -> frozenset[Key]:
        """Batches that the next push leaves out."""
        return frozenset({self._head} if self.send is Send.WITNESS and self._head else ())

    def unreached(self) -> None:
        """The collector was not reached, so no batch can be to blame. Knock lightly first."""
        self.send, self._failed_alone = Send.NOTHING, False

    def failed(self, sent: Sequence[Sealed], kind: Kind) -> None:
        """A push reached the collector and failed, perhaps because of what it carried."""
        if not sent:
            self.unreached()
            return
        if self.send is Send.WITNESS:
            self.unreached()
            self.strikes = FORGIVEN
            return
        if (self._head, self._kind) != (sent[0].key, kind):
            self._head, self._kind, self.strikes = sent[0].key, kind, 0
        self._alone_left = max(self._alone_left, len(sent))
        self._failed_alone = len(sent) == 1
        self.send = Send.NOTHING

    def went_through(self, sent: Sequence[Sealed]) -> Key | None:
        """A push went through, and the collector has what it carried.

        Returns the key of a batch that is now known to be at fault.
        """
        if self.send is Send.NOTHING:
            return self._heartbeat_went_through()
        if self.send is Send.WITNESS:
            if sent:
                return self._convict()
            self.send = Send.HEAD
            return None
        if sent:
            self._one_done(len(sent))
        return None

    def _heartbeat_went_through(self) -> Key | None:
        self.send = Send.ALL if self._head is None and not self._alone_left else Send.HEAD
        if not self._failed_alone:
            return None
        self._failed_alone = False
        self.strikes += 1
        if self.strikes < self._kind.value:
            return None
        if self._kind is Kind.BREAKDOWN:
            self.send = Send.WITNESS
            return None
        return self._convict()

    def _convict(self) -> Key | None:
        convicted = self._head
        self._one_done(1)
        return convicted

    def _one_done(self, count: int) -> None:
        self._head, self.strikes, self._failed_alone = None, 0, False
        self._alone_left = max(0, self._alone_left - count)
        self.send = Send.HEAD if self._alone_left else Send.ALL
