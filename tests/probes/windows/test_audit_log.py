"""The audit functions of advapi32, and the Security log, as Microsoft documents them."""

from __future__ import annotations

import ctypes
import uuid
from typing import Any

import pytest

from probes.auditlog import windows as audit
from probes.model import ProbeError
from probes.windows import event_log
from tests.fakes.windows import FakeWindows

LOGON, LOGOFF = (f"0cce92{n}-69ae-11d9-bed3-505054503030" for n in ("15", "16"))


class Auditing:
    """`settings`: GUID -> number; `done` is what the query returns."""

    def __init__(self, windows: FakeWindows, settings: dict[str, int], done: int = 1) -> None:
        self.done, self.freed = done, 0
        self.guids = ctypes.create_string_buffer(16 * len(settings))
        self.rows = (audit._Information * len(settings))()
        for row, (guid, number) in zip(self.rows, settings.items(), strict=True):
            row.subcategory[:] = uuid.UUID(guid).bytes_le
            row.setting = number
        windows.export(
            "advapi32",
            AuditEnumerateSubCategories=self._list,
            AuditQuerySystemPolicy=self._query,
            AuditFree=self._free,
        )

    def _list(self, category: None, all_: int, into: Any, many: Any) -> int:
        assert (category, all_) == (None, 1)
        into._obj.value, many._obj.value = ctypes.addressof(self.guids), len(self.rows)
        return 1

    def _query(self, guids: Any, many: Any, into: Any) -> int:
        assert (guids.value, many.value) == (ctypes.addressof(self.guids), len(self.rows))
        if self.done:
            into._obj.value = ctypes.addressof(self.rows)
        return self.done

    def _free(self, pointer: Any) -> None:
        self.freed += 1


def test_row_has_the_size_that_windows_gives_it() -> None:
    assert ctypes.sizeof(audit._Information) == 36


def test_settings_are_read_by_guid_and_given_back(windows: FakeWindows) -> None:
    api = Auditing(windows, {LOGON: 3, LOGOFF: 4})
    assert audit.system_policy() == {LOGON: 3, LOGOFF: 0}
    assert api.freed == 2


@pytest.mark.parametrize("error", [5, 1314])
def test_ordinary_user_is_told_so(error: int, windows: FakeWindows) -> None:
    api = Auditing(windows, {LOGON: 3}, done=0)
    windows.error = error
    with pytest.raises(ProbeError) as caught:
        audit.policy()
    assert (caught.value.reason, api.freed) == ("no_privilege", 1)


def test_command_stands_in_where_the_function_fails(
    windows: FakeWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    Auditing(windows, {LOGON: 3}, done=0)
    windows.error = 87
    monkeypatch.setattr(audit, "backup", lambda: {LOGON: 3, LOGOFF: 1})
    facts = audit.policy()
    assert (facts.source, facts.values["audit_running"]) == ("command", True)


def test_machine_without_auditpol_has_no_source() -> None:
    with pytest.raises(ProbeError) as caught:
        audit.backup()
    assert caught.value.reason == "no_source"


@pytest.mark.parametrize(
    ("xml", "at"),
    [
        ("<TimeCreated SystemTime='2026-11-20T01:30:12.1234567Z'/>", 1_795_138_212),
        ('<TimeCreated SystemTime="2026-11-20T01:30:12Z"/>', 1_795_138_212),
        ("<TimeCreated SystemTime='2026-13-40T01:30:12Z'/>", None),
        ("<TimeCreated/>", None),
        ("", None),
    ],
)
def test_time_of_an_event(xml: str, at: float | None) -> None:
    assert event_log.time_of(xml) == at


@pytest.mark.parametrize(("error", "reason"), [(5, "no_privilege"), (15007, "no_source")])
def test_log_that_may_not_be_read_says_why(error: int, reason: str, windows: FakeWindows) -> None:
    windows.error = error
    windows.export("wevtapi", **dict.fromkeys(
        ("EvtQuery", "EvtNext", "EvtRender", "EvtClose"), lambda *_: None
    ))  # fmt: skip
    with pytest.raises(ProbeError) as caught:
        event_log.oldest_time("Security")
    assert caught.value.reason == reason
