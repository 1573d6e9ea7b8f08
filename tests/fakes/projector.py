"""A projector that listens on loopback and speaks PJLink as the specification has it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Self

from tests.fakes.raw_server import RawServer

SALT = b"498e4a67"
CLASS_1: Mapping[str, str] = {
    "%1POWR": "1", "%1ERST": "000000", "%1LAMP": "1200 1", "%1INPT": "31", "%1INF1": "EPSON",
    "%1INF2": "CB-X51", "%1CLSS": "1",
}  # fmt: skip
CLASS_2: Mapping[str, str] = {
    **CLASS_1, "%1CLSS": "2", "%2INPT": "3A", "%2FILT": "350", "%1INF2": "CB-L200F",
}  # fmt: skip


class FakeProjector:
    """Use it in `async with`. What it does not know it answers with ERR1.

    Attributes:
        asked: the commands that it answered, such as %1POWR.
        talking, most_talking: conversations under way, and the most there were at once.
    """

    def __init__(self, answers: Mapping[str, str] = CLASS_1, password: str = "") -> None:
        self.answers = dict(answers)
        self._password = password
        self._server = RawServer(self._serve)
        self.asked: list[str] = []
        self.talking = self.most_talking = 0
        self.pause = 0.0

    @property
    def port(self) -> int:
        return self._server.port

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._server.__aexit__(*exc)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.talking += 1
        self.most_talking = max(self.most_talking, self.talking)
        try:
            await self._talk(reader, writer)
        finally:
            self.talking -= 1

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"PJLINK 1 " + SALT + b"\r" if self._password else b"PJLINK 0\r")
        proof = hashlib.md5(SALT + self._password.encode()).hexdigest() if self._password else ""
        while True:
            question = (await reader.readuntil(b"\r")).decode().removesuffix("\r")
            await asyncio.sleep(self.pause)
            if not question.startswith(f"{proof}%"):
                writer.write(b"PJLINK ERRA\r")
                return
            question, proof = question.removeprefix(proof), ""
            command, _, parameter = question.partition(" ")
            answer = self.answers.get(command, "ERR1") if parameter == "?" else "ERR2"
            self.asked.append(command)
            writer.write(f"{command}={answer}\r".encode())
