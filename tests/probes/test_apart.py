from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from probes import apart
from probes.model import ProbeError

MODULE = """
import os, sys, time
from probes import apart
from probes.model import ProbeError

def work(question):
    match question["do"]:
        case "double": return question["n"] * 2
        case "refuse": raise ProbeError("no_privilege", "raw sockets")
        case "missing": import no_such_library
        case "die": os._exit(7)
        case "babble": print("hello")
        case "hang":
            open(question["note"], "w").write(str(os.getpid()))
            time.sleep(60)
        case "tell": return [sys.argv[1:], [k for k, v in os.environ.items() if "s3cret" in v]]

apart.serve(work)
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "far_away.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)


async def reason_of(question: object, seconds: float = 10) -> tuple[str, str]:
    with pytest.raises(ProbeError) as caught:
        await apart.ask("far_away", question, seconds)
    return caught.value.reason, caught.value.text.en


async def test_answer_comes_back() -> None:
    assert await apart.ask("far_away", {"do": "double", "n": 21}, 10) == 42


async def test_refusal_keeps_its_reason() -> None:
    reason, words = await reason_of({"do": "refuse"})
    assert reason == "no_privilege"
    assert "raw sockets" in words


async def test_library_that_is_missing_is_named_with_what_to_do() -> None:
    reason, words = await reason_of({"do": "missing"})
    assert reason == "no_source"
    assert "no_such_library: pip install 'banjun[lan]'" in words


@pytest.mark.parametrize("do", ["die", "babble"])
async def test_process_that_gives_no_answer_is_at_fault(do: str) -> None:
    reason, words = await reason_of({"do": do})
    assert reason == "fault"
    assert "far_away" in words


async def test_process_that_hangs_is_ended(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    reason, _ = await reason_of({"do": "hang", "note": str(note)}, 1.5)
    assert reason == "deadline"
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


async def test_cancelled_question_ends_its_process(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    asking = asyncio.create_task(apart.ask("far_away", {"do": "hang", "note": str(note)}, 30))
    async with asyncio.timeout(10):
        while not note.exists() or not note.read_text():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


async def test_secrets_are_in_no_argument_and_no_environment() -> None:
    assert await apart.ask("far_away", {"do": "tell", "key": "s3cret"}, 10) == [[], []]
