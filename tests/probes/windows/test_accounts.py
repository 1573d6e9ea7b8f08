"""The functions of netapi32 and scecli, as Microsoft documents their memory."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import pytest

from probes.accounts import windows as accounts
from probes.model import ProbeError
from tests.fakes.windows import FakeWindows

NORMAL = 0x200


class Netapi:
    """`names`, `numbers` and `flags` of accounts; `code` is what every call returns."""

    def __init__(self, windows: FakeWindows, *people: tuple[str, int, int], code: int = 0) -> None:
        self.code = code
        self.lent: list[Any] = []
        self.returned = 0
        rows = (accounts._User3 * len(people))()
        for row, (name, number, flags) in zip(rows, people, strict=True):
            row.name, row.number, row.flags, row.last_logon = name, number, flags, 1_700_000_000
        self.rows = rows
        windows.export(
            "netapi32",
            NetUserModalsGet=self._modals,
            NetUserEnum=self._users,
            NetApiBufferFree=self._free,
        )

    def _lend(self, what: Any, into: Any) -> int:
        if not self.code:
            self.lent.append(what)
            into._obj.value = ctypes.addressof(what)
        return self.code

    def _modals(self, server: None, level: int, into: Any) -> int:
        numbers: Sequence[int] = (8, 42 * 86_400, 0, 0, 5) if level == 0 else (1800, 1800, 5)
        return self._lend((ctypes.c_uint32 * len(numbers))(*numbers), into)

    def _users(
        self, server: None, level: int, kinds: int, into: Any, size: int,
        many: Any, all_: Any, resume: Any,
    ) -> int:  # fmt: skip
        assert (level, kinds, size) == (3, 0, 0xFFFF_FFFF)
        many._obj.value = len(self.rows)
        return self._lend(self.rows, into)

    def _free(self, pointer: int) -> int:
        self.returned += 1
        return 0


PEOPLE = (
    ("Administrator", 500, NORMAL | 2),
    ("来宾", 501, NORMAL | 0x22),
    ("张老师", 1001, NORMAL),
)


def test_levels_0_and_3_are_read_and_every_buffer_given_back(windows: FakeWindows) -> None:
    api = Netapi(windows, *PEOPLE)
    assert accounts.password().values == {
        "password_length_count": 8, "password_history_count": 5,
        "password_expires": True, "password_age_seconds_max": 42 * 86_400,
    }  # fmt: skip
    assert accounts.locking().values["lockout_threshold_count"] == 5
    assert api.returned == len(api.lent) == 3


def test_accounts_of_a_chinese_windows_are_known_by_number(windows: FakeWindows) -> None:
    Netapi(windows, *PEOPLE)
    assert accounts.guest().values == {"guest_enabled": False}
    assert accounts.builtin_admin().values == {
        "builtin_admin_enabled": False, "builtin_admin_renamed": False,
    }  # fmt: skip


def test_administrator_with_another_name_is_renamed(windows: FakeWindows) -> None:
    Netapi(windows, ("王老师", 500, NORMAL))
    assert accounts.builtin_admin().values["builtin_admin_renamed"] is True


@pytest.mark.parametrize(("flag", "many"), [(0, None), (0x20, 1)])
def test_nobody_who_needs_no_password_is_no_proof(
    flag: int, many: int | None, windows: FakeWindows
) -> None:
    Netapi(windows, ("张老师", 1001, NORMAL | flag))
    assert accounts.blank().values == {"blank_password_accounts_count": many}


@pytest.mark.parametrize(("code", "reason"), [(5, "no_privilege"), (1723, "no_source")])
def test_refusal_is_told_with_its_reason(code: int, reason: str, windows: FakeWindows) -> None:
    Netapi(windows, code=code)
    for look in (accounts.guest, accounts.locking, accounts.password):
        with pytest.raises(ProbeError) as caught:
            look()
        assert caught.value.reason == reason


def test_accounts_that_are_kept_back_leave_the_policy_known(windows: FakeWindows) -> None:
    api = Netapi(windows)
    windows.export("netapi32", NetUserEnum=lambda *_: 5)
    facts = accounts.password()
    assert (facts.values["password_length_count"], facts.missing) == (8, "no_privilege")
    assert facts.values["password_expires"] is None
    assert api.returned == 1


@pytest.mark.parametrize(("number", "complex_"), [(1, True), (0, False), (0xFFFF_FFFF, None)])
def test_security_engine_tells_complexity(
    number: int, complex_: bool | None, windows: FakeWindows
) -> None:
    profile = (ctypes.c_uint32 * 5)(0, 0, 0, 0, number)
    freed = []

    def get(handle: None, kind: int, area: int, into: Any, errors: None) -> int:
        assert (kind, area) == (300, 1)
        into._obj.value = ctypes.addressof(profile)
        return 0

    windows.export(
        "scecli", SceGetSecurityProfileInfo=get, SceFreeMemory=lambda *a: freed.append(a)
    )
    assert accounts.complexity().values == {"password_complexity": complex_}
    assert len(freed) == 1
    windows.export("scecli", SceGetSecurityProfileInfo=lambda *_: 5)
    with pytest.raises(ProbeError) as caught:
        accounts.complexity()
    assert caught.value.reason == "no_privilege"


def test_only_the_switch_of_automatic_logon_is_asked_for(windows: FakeWindows) -> None:
    windows.have({accounts.WINLOGON: {"AutoAdminLogon": "1", "DefaultPassword": "不该读"}})
    assert accounts.auto_logon().values == {"auto_logon": True}
    assert windows.registry.asked == ["AutoAdminLogon"]


def test_automatic_logon_that_is_not_set_is_off(windows: FakeWindows) -> None:
    windows.have({accounts.WINLOGON: {"Shell": "explorer.exe"}})
    assert accounts.auto_logon().values == {"auto_logon": False}
