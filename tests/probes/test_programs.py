from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from probes import programs
from probes.model import ProbeError

FakePrograms = Callable[..., None]


async def test_program_is_run_in_the_c_locale_without_input(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    finished = await programs.run(["/bin/sh", "-c", 'cat; echo "$LC_ALL $LANGUAGE"; exit 3'], 5)
    assert (finished.output, finished.code) == ("C C\n", 3)


async def test_bytes_that_are_not_text_are_replaced() -> None:
    finished = await programs.run(["/bin/sh", "-c", r"printf '\377x'"], 5)
    assert finished.output == "\N{REPLACEMENT CHARACTER}x"


async def test_program_that_hangs_is_ended(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    with pytest.raises(ProbeError) as caught:
        async with asyncio.timeout(10):
            await programs.run(["/bin/sh", "-c", f"echo $$ > {note}; exec sleep 60"], 0.2)
    assert caught.value.reason == "unreadable"
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


async def test_cancelled_run_ends_its_program(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = ["/bin/sh", "-c", f"echo $$ > {note}; exec sleep 60"]
    task = asyncio.create_task(programs.run(script, 60))
    while not (note.exists() and note.read_text()):  # noqa: ASYNC110 - another process writes it
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task], timeout=10)
    assert task.cancelled()
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


async def test_program_that_cannot_be_started_is_no_source() -> None:
    with pytest.raises(ProbeError) as caught:
        await programs.run(["/no/such/program"], 1)
    assert caught.value.reason == "no_source"


async def test_endless_output_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "MAX_OUTPUT_BYTES", 10)
    with pytest.raises(ProbeError) as caught:
        await programs.run(["/bin/sh", "-c", "echo 12345678901"], 5)
    assert caught.value.reason == "unreadable"


@pytest.mark.parametrize(
    ("code", "errors", "refused"),
    [
        (1, "netlink: Error: cache initialization failed: Operation not permitted", True),
        (4, "Could not fetch rule set generation id: Permission denied (you must be root)", True),
        (2, "No such file or directory", False),
        (0, "warning: Permission denied", False),
    ],
)
def test_refusal_is_recognised(code: int, errors: str, refused: bool) -> None:
    assert programs.Finished(code, "", errors).refused is refused


def test_program_is_found_outside_of_path(
    fake_programs: FakePrograms, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake_programs("nft")
    monkeypatch.setattr(programs, "SYSTEM_FOLDERS", (str(tmp_path / "bin"),))
    monkeypatch.setenv("PATH", "/nowhere")
    assert programs.find("nft") == str(tmp_path / "bin" / "nft")
    assert programs.find("other") is None
