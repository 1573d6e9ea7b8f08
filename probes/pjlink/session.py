"""One conversation with a projector: everything that is asked of it, over one connection."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from probes.net import Address
from probes.pjlink.message import (
    END,
    LONGEST_LINE,
    BadAnswerError,
    Condition,
    Lamp,
    Power,
    Refused,
    decode_answer,
    decode_greeting,
    digest,
    encode_question,
    read_conditions,
    read_hours,
    read_lamps,
    read_power,
    read_words,
)
from probes.stream import connected, stream


@dataclass(slots=True)
class Status:
    """What a projector said. None and empty: it did not say.

    Attributes:
        power: or why it does not tell.
        lamps: none on a projector without lamps, such as one with a laser.
        input: its number, such as 31.
        filter_hours: class 2 only.
    """

    power: Power | Refused
    conditions: dict[str, Condition] = field(default_factory=dict)
    lamps: list[Lamp] = field(default_factory=list)
    input: str = ""
    maker: str = ""
    product: str = ""
    filter_hours: int | None = None


class _Conversation:
    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, password: str
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._password = password
        self._proof = b""

    async def greet(self) -> None:
        salt = decode_greeting(await self._line())
        # The proof goes before the first question; the connection is trusted from then on.
        self._proof = b"" if salt is None else digest(salt, self._password)

    async def ask(self, command: str, level: int = 1) -> str | Refused:
        self._writer.write(self._proof + encode_question(command, level))
        self._proof = b""
        return decode_answer(await self._line(), command, level)

    async def words(self, command: str, level: int = 1) -> str:
        answer = await self.ask(command, level)
        return "" if isinstance(answer, Refused) else read_words(answer)

    async def _line(self) -> bytes:
        try:
            line = await self._reader.readuntil(END)
        except asyncio.LimitOverrunError as exc:
            raise BadAnswerError("a line without an end") from exc
        return line.removesuffix(END).lstrip(b"\n")


async def ask_status(address: Address, password: str) -> Status:
    """The caller limits the time.

    Raises RefusedError; WrongPasswordError; BadAnswerError; IncompleteReadError and ConnectionError
    when the projector hangs up; and ProbeError when this machine has no way to it.
    """
    async with (
        connected(address) as opened,
        stream(opened, limit=LONGEST_LINE) as (reader, writer),
    ):
        conversation = _Conversation(reader, writer, password)
        await conversation.greet()
        power = await conversation.ask("POWR")
        status = Status(power if isinstance(power, Refused) else read_power(power))
        await _ask_the_rest(conversation, status)
        return status


async def _ask_the_rest(conversation: _Conversation, status: Status) -> None:
    if not isinstance(answer := await conversation.ask("ERST"), Refused):
        status.conditions = read_conditions(answer)
    if not isinstance(answer := await conversation.ask("LAMP"), Refused):
        status.lamps = read_lamps(answer)
    status.maker = await conversation.words("INF1")
    status.product = await conversation.words("INF2")
    level = 2 if await conversation.words("CLSS") == "2" else 1
    status.input = await conversation.words("INPT", level)
    if level == 2 and not isinstance(answer := await conversation.ask("FILT", level), Refused):
        status.filter_hours = read_hours(answer)
