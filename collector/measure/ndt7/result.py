"""What became of a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from collector.measure.ndt7.protocol import Direction
from probes.measuring.tcp_info import TcpInfo


class End(StrEnum):
    """Why a test ended; only the first two are whole tests."""

    DONE = "done"
    EARLY_EXIT = "early_exit"
    CLIENT_LEFT = "client_left"
    CLIENT_WRONG = "client_wrong"
    """It sent what the protocol does not allow."""
    CUT = "cut"
    """The client had stalled: by the hard stop it had not taken what was sent."""
    STOPPED = "stopped"
    """The server was told to stop."""


@dataclass(frozen=True, slots=True)
class Ndt7Result:
    """One direction, as this server saw it at its socket.

    Attributes:
        client, server: `address:port`.
        started: UTC, end of the handshake.
        seconds: from then to the last look at the socket.
        socket_bytes: TCP payload in `seconds`, heads and TLS included: acknowledged by the client
            in a download, received from it in an upload. None where the kernel does not tell.
        message_bytes: in binary messages, handed over or taken; some may be on their way.
        metadata: what the client says of itself, not checked.
        tcp: the last look at the connection.
        congestion_control: of the sending side of a download; None where unknown.
    """

    uuid: str
    direction: Direction
    end: End
    client: str
    server: str
    secure: bool
    started: datetime
    seconds: float
    socket_bytes: int | None
    message_bytes: int
    metadata: Mapping[str, str]
    tcp: TcpInfo | None
    congestion_control: str | None

    @property
    def is_whole(self) -> bool:
        return self.end in {End.DONE, End.EARLY_EXIT}

    @property
    def bits_per_second(self) -> float | None:
        """Mean over the whole test; None of a broken one, or without figures of the socket."""
        if not self.is_whole or self.socket_bytes is None or self.seconds <= 0:
            return None
        return 8 * self.socket_bytes / self.seconds
