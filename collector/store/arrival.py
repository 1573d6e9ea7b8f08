"""A batch on its way into the journal."""

from __future__ import annotations

import msgspec

from probes.text import Text


class Arrival(msgspec.Struct, kw_only=True, eq=False):
    """One batch as received, and all that is needed to read it again the same way.

    Attributes:
        received: the collector's clock, in ms, when it came.
        base: the collector's clock minus the boot clock under which the readings were taken, in
            ms; None when that boot was never seen alive.
        barred: probes of which this agent's readings are refused.
        id: the journal's number, once it is committed.
        fault: why it is rejected, once it is.
    """

    agent: str
    school: str
    session: str
    seq: int
    sha256: bytes
    body: bytes
    received: int
    base: int | None
    barred: frozenset[str] = frozenset()
    rows: int = 0
    id: int = 0
    fault: Text | None = None

    @property
    def key(self) -> tuple[str, str, int]:
        return self.agent, self.session, self.seq
