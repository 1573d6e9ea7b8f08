"""What a collector itself offers to those who measure lines: reflector, measurement server, NDT7.

Each has a port of its own in the settings, and 0 leaves it out.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from datetime import datetime

from collector.measure.ndt7.admission import Limits
from collector.measure.ndt7.server import Ndt7Server
from collector.measure.reflector import Reflector
from collector.measure.server import MeasurementServer
from config.collector_settings import CollectorSettings
from probes.text import BanjunError, Text


class PortError(BanjunError):
    """The address that the settings name cannot be listened on."""


class MeasuringService:
    """`open` listens as the settings say; `close` ends all measurements.

    Args:
        reflector_secret, measure_secret: those of this collector.
        now: the wall clock.
    """

    def __init__(
        self,
        settings: CollectorSettings,
        reflector_secret: bytes,
        measure_secret: bytes,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self.reflector = Reflector(reflector_secret, now)
        self.server = MeasurementServer(measure_secret, time.time)
        limits = Limits(bits_per_second=settings.measure_mbit * 1e6)
        self.ndt7 = Ndt7Server(limits, lambda _: None)

    async def open(self, context: ssl.SSLContext | None) -> None:
        """Raises PortError. `context`: the TLS of the collector, which NDT7 uses, too."""
        given = self._settings
        if given.reflector_port:
            try:
                self.reflector.open(given.host, given.reflector_port)
            except OSError as exc:
                raise cannot_listen(given.host, f"{given.reflector_port}/udp", exc) from exc
        if given.measure_port and not given.measure_host:
            try:
                await self.server.open(given.host, given.measure_port)
            except OSError as exc:
                raise cannot_listen(given.host, f"{given.measure_port}", exc) from exc
        if given.ndt7_port:
            try:
                await self.ndt7.open(given.host, given.ndt7_port, context)
            except OSError as exc:
                raise cannot_listen(given.host, f"{given.ndt7_port}", exc) from exc

    async def close(self) -> None:
        self.reflector.close()
        await self.server.close()
        await self.ndt7.close()


def cannot_listen(host: str, port: str, exc: OSError) -> PortError:
    return PortError(
        Text(
            f"无法监听 {host}:{port}：{exc.strerror}；请停止占用它的程序，或换端口。",
            f"Cannot listen on {host}:{port}: {exc.strerror}; stop what uses it, or choose "
            "another port.",
        )
    )
