"""How far this machine's clock is from a time server's. It never sets the clock."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from probes.datagram import DatagramSocket
from probes.metrics import LOSS_RATIO, REACHABLE
from probes.model import Better, Metric, Probe, Reading, Role, Target, Unit, setting
from probes.net import RESOLVE_SECONDS, resolve
from probes.ntp import NtpReply, decode_reply, delay_seconds, encode_request, offset_seconds
from probes.refusal import REFUSALS, Refusal, RefusedError
from probes.text import Text

PORT = 123

OFFSET_SECONDS = Metric(
    name="offset_seconds",
    unit=Unit.SECONDS,
    better=Better.NEITHER,
    title=Text("时钟偏差", "Clock offset"),
    meaning=Text(
        "服务器时间减去本机时间；正数表示本机慢，负数表示本机快。取往返时延最小的一次。",
        "The server's time less this machine's: positive when this machine is slow, negative when "
        "it is fast. Taken from the exchange with the least delay.",
    ),
    resolution=0.000001,
    minimum=-2_200_000_000,
    maximum=2_200_000_000,
    reference="RFC 5905 section 8",
)
DELAY_SECONDS = Metric(
    name="delay_seconds_min",
    unit=Unit.SECONDS,
    better=Better.LOWER,
    title=Text("往返时延（最小值）", "Round trip (least)"),
    meaning=Text(
        "与时间服务器往返的最短时间，不含服务器处理的时间；偏差的误差最多为它的一半。",
        "The least time to the time server and back, without the server's own; the offset is wrong "
        "by half of it at most.",
    ),
    resolution=0.00001,
    minimum=0,
    maximum=60,
    reference="RFC 5905 section 8",
)
STRATUM_COUNT = Metric(
    name="stratum_count",
    unit=Unit.COUNT,
    better=Better.LOWER,
    title=Text("层级", "Stratum"),
    meaning=Text(
        "服务器到参考时钟的级数，1 为直接连接。", "Steps from a reference clock; 1 is next to it."
    ),
    resolution=1,
    minimum=1,
    maximum=15,
    reference="RFC 5905 section 7.3",
)
ROOT_DISPERSION_SECONDS = Metric(
    name="root_dispersion_seconds",
    unit=Unit.SECONDS,
    better=Better.LOWER,
    title=Text("根离散", "Root dispersion"),
    meaning=Text(
        "服务器自述其时钟可能的误差。", "By how much the server says its own clock may be wrong."
    ),
    resolution=0.000001,
    minimum=0,
    maximum=65_536,
    reference="RFC 5905 section 7.3",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    exchanges: int = setting(
        3, Text("一次探测问几次。", "Exchanges in one run."), minimum=1, maximum=8
    )
    interval: float = setting(
        1.0, Text("相邻两次的间隔，秒。", "Seconds between exchanges."), minimum=0.1, maximum=2
    )
    timeout: float = setting(
        2.0,
        Text("等待每个应答的最长时间，秒。", "Seconds that an answer may take."),
        minimum=0.1,
        maximum=3,
    )


@dataclass(frozen=True, slots=True)
class _Exchange:
    """An answer of a server whose clock is set."""

    offset: float
    delay: float
    reply: NtpReply


@dataclass(slots=True)
class _Run:
    """What came of a run so far. `reason`: why there is no exchange, if there is none."""

    asked: int = 0
    answered: int = 0
    reason: str = "no_answer"
    cookies: set[bytes] = field(default_factory=set)
    exchanges: list[_Exchange] = field(default_factory=list)


class ClockOffset(Probe[Settings]):
    name = "clock_offset"
    title = Text("时钟偏差", "Clock offset")
    about = Text(
        "按 SNTP 向一台时间服务器询问几次，由四个时间戳算出本机时钟与它的偏差，取往返时延最小的"
        "一次。请求里不写本机时间，而写随机数；应答须原样带回，否则不算。收到拒绝（kiss-o'-death）"
        "后不再询问。只读，从不校正时钟。",
        "Asks a time server a few times over SNTP, and works out from the four timestamps how far "
        "this machine's clock is from it; the exchange with the least delay counts. The request "
        "bears random bytes in place of our time, and an answer that does not bring them back does "
        "not count. After a kiss-o'-death nothing more is asked. It reads, and never sets a clock.",
    )
    limits = Text(
        "只是与这一台服务器相比；服务器自己可能不准（见根离散）。线路两个方向的时延不等时，偏差"
        "最多错往返时延的一半。未经认证的 NTP 可被途中的设备改写。",
        "It compares with this one server, which may itself be wrong (see root dispersion). Where "
        "the two directions differ in delay, the offset is wrong by up to half of the round trip. "
        "NTP without authentication can be rewritten on its way.",
    )
    measures = (
        REACHABLE,
        LOSS_RATIO,
        OFFSET_SECONDS,
        DELAY_SECONDS,
        STRATUM_COUNT,
        ROOT_DISPERSION_SECONDS,
    )
    reasons: ClassVar[Mapping[str, Text]] = {
        **REFUSALS,
        "no_answer": Text("规定时间内没有任何应答。", "No answer within the time allowed."),
        "origin_mismatch": Text(
            "只收到没有带回本次随机数的应答：可能是伪造的，或来自别的询问。",
            "The only answers did not bring our random bytes back: forged, or meant for another "
            "question.",
        ),
        "unsynchronised": Text(
            "服务器说自己的时钟还没有校准。", "The server says that its own clock is not set."
        ),
        "kiss_rate": Text(
            "服务器嫌询问过于频繁（RATE）；请延长间隔。",
            "The server is asked too often (RATE); ask less.",
        ),
        "kiss_deny": Text(
            "服务器拒绝为本机服务（DENY 或 RSTR）。",
            "The server denies its service to this machine (DENY or RSTR).",
        ),
    }
    roles = frozenset({Role.GATEWAY, Role.PC})
    Settings = Settings
    aimed = True
    deadline_seconds = 60.0

    def longest_seconds(self) -> float:
        s = self.settings
        return RESOLVE_SECONDS + s.exchanges * s.timeout + (s.exchanges - 1) * s.interval

    async def measure(self, target: Target) -> Reading:
        address = await resolve(target.host, target.port or PORT)
        run = _Run()
        with DatagramSocket(address) as opened:
            for number in range(self.settings.exchanges):
                if number:
                    await asyncio.sleep(self.settings.interval)
                if not await self._exchange(opened, run):
                    break
        return _reading(run)

    async def _exchange(self, opened: DatagramSocket, run: _Run) -> bool:
        """Ask once; False when there is no point in asking again."""
        cookie = os.urandom(8)
        run.cookies.add(cookie)
        run.asked += 1
        try:
            wall, started = time.time_ns(), time.perf_counter_ns()
            opened.send(encode_request(cookie))
            async with asyncio.timeout(self.settings.timeout):
                reply, arrived = await _answer(opened, cookie, run)
        except TimeoutError:
            return True
        except RefusedError as exc:
            run.reason = exc.refusal.value
            return exc.refusal is not Refusal.NO_SERVICE
        run.answered += 1
        if complaint := _complaint(reply):
            run.reason = complaint
            return not complaint.startswith("kiss")
        way = arrived - started
        # A server whose two stamps contradict ours took no time that could be known.
        delay = min(max(0.0, delay_seconds(way / 1e9, reply)), way / 1e9)
        run.exchanges.append(_Exchange(offset_seconds(wall, reply, wall + way), delay, reply))
        return True


async def _answer(opened: DatagramSocket, cookie: bytes, run: _Run) -> tuple[NtpReply, int]:
    """The answer to the question with `cookie`, and when it came; all others are passed over."""
    while True:
        data, arrived = await opened.receive()
        reply = decode_reply(data)
        if reply is None:
            continue
        if reply.origin == cookie:
            return reply, arrived
        if reply.origin not in run.cookies:  # else it is only late
            run.reason = "origin_mismatch"


def _complaint(reply: NtpReply) -> str:
    """Why an answer is of no use; empty for one that is."""
    if reply.kiss == "RATE":
        return "kiss_rate"
    if reply.kiss in ("DENY", "RSTR"):
        return "kiss_deny"
    return "" if reply.is_synchronised else "unsynchronised"


def _reading(run: _Run) -> Reading:
    loss = 1 - run.answered / run.asked
    if not run.exchanges:
        return Reading.failed(run.reason, {REACHABLE: 0, LOSS_RATIO: loss})
    best = min(run.exchanges, key=lambda exchange: exchange.delay)
    return Reading.ok(
        {
            REACHABLE: 1,
            LOSS_RATIO: loss,
            OFFSET_SECONDS: best.offset,
            DELAY_SECONDS: best.delay,
            STRATUM_COUNT: best.reply.stratum,
            ROOT_DISPERSION_SECONDS: best.reply.root_dispersion,
        }
    )
