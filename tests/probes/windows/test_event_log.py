from __future__ import annotations

import ctypes
from typing import Any

import pytest

from probes import last_stop
from probes.windows.event_log import NOT_CLEAN, STARTED, STOPPING, from_events, last_stop_clean
from tests.fakes.windows import FakeWindows


@pytest.mark.parametrize(
    ("newest_first", "clean"),
    [
        ([STARTED, STOPPING, STARTED], True),
        ([STARTED, STOPPING], True),  # the log begins with a shutdown
        ([STARTED, STARTED, STOPPING], False),
        ([NOT_CLEAN, STARTED, STARTED], False),
        ([NOT_CLEAN, STARTED, STOPPING], False),  # it went down while it was shutting down
        ([STARTED, NOT_CLEAN, STOPPING, STARTED], True),  # 41 tells of the stop before the last
        ([STARTED], None),
        ([STOPPING, STARTED], None),  # it is going down now
        ([], None),
    ],
)
def test_stop_before_this_boot_is_told_by_numbers(
    newest_first: list[int], clean: bool | None
) -> None:
    assert from_events(newest_first) is clean


class EventLog:
    """As wevtapi gives it: handles, and XML in the language-neutral part."""

    def __init__(self, windows: FakeWindows, numbers: list[int]) -> None:
        self.numbers = numbers
        self.open: set[int] = set()
        windows.export(
            "wevtapi",
            EvtQuery=self._query,
            EvtNext=self._next,
            EvtRender=self._render,
            EvtClose=self._close,
        )

    def _query(self, session: None, channel: str, query: str, flags: int) -> int:
        assert (channel, flags) == ("System", 0x201)
        assert "Kernel-General" in query
        self.open.add(1)
        return 1

    def _next(self, results: int, size: int, events: Any, wait: int, flags: int, many: Any) -> int:
        found = self.numbers[:size]
        for i in range(len(found)):
            events[i] = 100 + i
            self.open.add(100 + i)
        many._obj.value = len(found)
        return int(bool(found))

    def _render(
        self, context: None, event: int, kind: int, size: int, text: Any, used: Any, _: Any
    ) -> int:
        assert (kind, size) == (1, ctypes.sizeof(text))
        text.value = (
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
            "<Provider Name='Microsoft-Windows-Kernel-General'/>"
            f"<EventID Qualifiers='1'>{self.numbers[event - 100]}</EventID><Level>4</Level>"
            "</System><RenderingInfo Culture='zh-CN'>操作系统已启动</RenderingInfo></Event>"
        )
        return 1

    def _close(self, handle: int) -> int:
        self.open.remove(handle)
        return 1


def test_log_is_read_and_every_handle_closed(windows: FakeWindows) -> None:
    log = EventLog(windows, [STARTED, STARTED])
    assert last_stop_clean() is False
    assert log.open == set()


def test_empty_log_tells_nothing(windows: FakeWindows) -> None:
    log = EventLog(windows, [])
    assert last_stop_clean() is None
    assert log.open == set()


def test_log_that_cannot_be_read_is_absent_not_a_crash(windows: FakeWindows) -> None:
    windows.become_the_system(last_stop)
    assert last_stop.last_stop_clean() is None  # no wevtapi
    EventLog(windows, [])
    windows.error = 5
    windows.export("wevtapi", EvtQuery=lambda *_: None)
    assert last_stop.last_stop_clean() is None
    EventLog(windows, [STARTED, STOPPING])
    assert last_stop.last_stop_clean() is True
