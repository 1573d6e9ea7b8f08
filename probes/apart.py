"""A piece of work in a process of its own, which is gone when the work is done.

Libraries that take tens of megabytes, and sockets that need a capability, never enter the agent: a
module is run as `python -m MODULE`, reads one question as JSON from its standard input, and prints
one answer as JSON. Secrets travel on that pipe and nowhere else: arguments and the environment of a
process can be read by others.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from probes.model import ProbeError

MAX_ANSWER_BYTES = 32 * 1024 * 1024
MAX_WORDS = 400
"""Of what a process that failed had to say."""
_ERROR = "error"


async def ask(module: str, question: object, seconds: float) -> Any:
    """What `module` answers to `question`.

    Raises ProbeError: with the reason that the module gave; "deadline" when it takes longer than
    `seconds`; "fault" when it dies, or prints anything else than an answer.
    """
    process = await _start(module)
    try:
        async with asyncio.timeout(seconds):
            output, errors = await process.communicate(json.dumps(question).encode())
    except TimeoutError as exc:
        raise ProbeError("deadline", f"{module}: > {seconds:g} s") from exc
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return _answer(module, output, errors, process.returncode)


async def _start(module: str) -> asyncio.subprocess.Process:
    # Where this process found its modules, the other one finds them too.
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip
    except OSError as exc:
        raise ProbeError("no_source", f"{sys.executable}: {exc.strerror}") from exc


def _answer(module: str, output: bytes, errors: bytes, code: int | None) -> Any:
    if code != 0 or len(output) > MAX_ANSWER_BYTES:
        said = errors.decode(errors="replace").strip()[-MAX_WORDS:]
        raise ProbeError("fault", f"{module}: exit {code}, {len(output)} bytes; {said}")
    try:
        answer = json.loads(output)
    except ValueError as exc:
        raise ProbeError("fault", f"{module}: {exc}") from exc
    if isinstance(answer, dict) and _ERROR in answer:
        raise ProbeError(answer[_ERROR], answer.get("detail", ""))
    return answer


def serve(work: Callable[[Any], object]) -> None:
    """In the other process: one question, one answer. A ProbeError becomes the answer, and so does
    a library that is not installed."""
    question = json.loads(sys.stdin.buffer.read())
    try:
        answer = work(question)
    except ProbeError as exc:
        answer = {_ERROR: exc.reason, "detail": exc.text.en}
    except ModuleNotFoundError as exc:
        answer = {_ERROR: "no_source", "detail": f"{exc.name}: pip install 'banjun[lan]'"}
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
