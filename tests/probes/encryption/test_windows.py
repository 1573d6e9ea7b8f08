from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.encryption import windows
from probes.encryption.windows import Volume
from probes.model import ProbeError
from probes.windows import wmi

SYSTEM = {"DriveLetter": "C:", "VolumeType": 0, "ProtectionStatus": 1, "ConversionStatus": 1}
STICK = {"DriveLetter": "E:", "VolumeType": 2, "ProtectionStatus": 0, "ConversionStatus": 0}
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=3)


@pytest.mark.parametrize(
    ("protection", "conversion", "encrypted"),
    [
        (1, 1, True),
        (1, 4, True),
        (1, 2, False),  # under way
        (0, 1, False),  # suspended: the key lies on the disk
        (0, 0, False),
        (2, 1, None),  # locked
        (1, None, None),
        (None, 1, None),
    ],
)
def test_only_both_words_prove_it(
    protection: object, conversion: object, encrypted: bool | None
) -> None:
    assert windows.state(protection, conversion) is encrypted


def test_volumes_of_wmi() -> None:
    found = [windows.volume_of(row) for row in (SYSTEM, STICK)]
    assert windows.system_facts("wmi", found, "c:").values == {"system_volume_encrypted": True}
    assert windows.volume_facts("wmi", found).values == {
        "volumes_count": 1, "encrypted_volumes_count": 1,
    }  # fmt: skip


def test_volume_that_does_not_say_leaves_the_count_unknown() -> None:
    found = [windows.volume_of(SYSTEM), Volume("D:", False, None)]
    assert windows.volume_facts("wmi", found).values["encrypted_volumes_count"] is None


def test_system_drive_that_is_not_listed_is_unknown() -> None:
    found = [Volume("D:", False, True)]
    assert windows.system_facts("shell", found, "C:").values == {"system_volume_encrypted": None}


@pytest.mark.parametrize(
    ("told", "encrypted"),
    [(1, True), (2, False), (3, False), (5, False), (6, True), (0, None), (7, None), (99, None)],
)
def test_words_of_the_shell(told: int, encrypted: bool | None) -> None:
    assert windows.shell_state("C:", lambda drive: told) is encrypted


def test_shell_that_does_not_know_tells_nothing() -> None:
    def refuse(drive: str) -> int:
        raise ProbeError("no_source")

    assert windows.shell_state("C:", refuse) is None


@pytest.mark.parametrize("reason", ["no_privilege", "no_source"])
def test_shell_stands_in_where_wmi_keeps_it_back(
    reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> list[dict[str, object]]:
        raise ProbeError(reason)

    monkeypatch.setattr(wmi, "ask", refuse)
    monkeypatch.setattr(windows, "fixed_drives", lambda: ["C:"])
    monkeypatch.setattr(windows, "shell_state", lambda drive: False)
    assert windows.read() == ("shell", [Volume("C:", False, False)])


@given(st.dictionaries(st.sampled_from(sorted(SYSTEM)), SCALARS))
def test_no_row_is_encrypted_that_does_not_say_so(row: dict[str, object]) -> None:
    if windows.volume_of(row).encrypted:
        assert (row["ProtectionStatus"], row["ConversionStatus"]) in ((1, 1), (1, 4))
