"""Agents whose every reading is at an instant of its own, so that an engine holds each apart."""

from __future__ import annotations

import http.client
import time
from collections.abc import Sequence

from probes import wire
from tests.durability.processes import Enrolled

ROWS = 5
SESSION = "session-1"


class Senders:
    """Push in turn over one connection. `acknowledged`: (agent, instant in ms, number)."""

    def __init__(self, port: int, agents: Sequence[Enrolled], now: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self._agents = agents
        self._at = now
        self._seq = 0
        self.acknowledged: set[tuple[str, int, float]] = set()

    def close(self) -> None:
        """The next push opens a connection anew, as to a collector that was started again."""
        self._http.close()

    def push(self, pushes: int = 1) -> None:
        """Each is acknowledged, or the test fails."""
        for _ in range(pushes):
            self._seq += 1
            who = self._agents[self._seq % len(self._agents)]
            rows = [(self._at + place, float(self._seq * ROWS + place)) for place in range(ROWS)]
            self._at += ROWS
            records = [
                wire.Record(probe="tick", at=at, target="t", values={"tick_count": number})
                for at, number in rows
            ]
            self._send(who, wire.pack(records, {}))
            self.acknowledged |= {(who.agent, at, number) for at, number in rows}

    def _send(self, who: Enrolled, body: bytes) -> None:
        batch = wire.Batch(session=SESSION, seq=self._seq, sha256=wire.digest(body), body=body)
        push = wire.Push(
            v=wire.VERSION,
            school=who.school,
            session=SESSION,
            wall=time.time_ns() // 1_000_000,
            batches=[batch],
        )
        headers = {"Content-Type": wire.MSGPACK, "Authorization": who.authorization}
        self._http.request("POST", "/v1/push", wire.encode(push), headers)
        answer = self._http.getresponse()
        said = answer.read()
        assert answer.status == 200, said
        assert [ack.result for ack in wire.decode(said, wire.PushReply).acks] == ["stored"]
