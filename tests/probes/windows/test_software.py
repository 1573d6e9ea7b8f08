from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.windows import software
from probes.windows.software import UNINSTALL, Processes, expanded, gone, is_there, runs
from tests.fakes.windows import FakeWindows

HUORONG = r"C:\Program Files\Huorong\Sysdiag\bin\wsctrl.exe"
DAEMON = r"c:\program files\huorong\sysdiag\bin\hipsdaemon.exe"


@pytest.fixture(autouse=True)
def folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ProgramFiles", r"C:\Program Files")


def test_installed_programs_are_named_with_their_publisher(windows: FakeWindows) -> None:
    windows.have(
        {
            rf"{UNINSTALL[0]}\A": {"DisplayName": "火绒安全软件", "Publisher": "火绒网络科技"},
            rf"{UNINSTALL[1]}\B": {"DisplayName": "360安全卫士"},
            rf"{UNINSTALL[1]}\KB1": {"ParentKeyName": "OperatingSystem"},
            rf"{UNINSTALL[1]}\C": {"DisplayName": 7, "Publisher": b"x"},
        }
    )
    assert software.installed() == [("火绒安全软件", "火绒网络科技"), ("360安全卫士", "")]


def test_services_are_named(windows: FakeWindows) -> None:
    windows.have({rf"{software.SERVICES}\ZhuDongFangYu": {"Start": 2}})
    assert software.services() == {"zhudongfangyu"}


def test_registry_that_is_closed_names_nothing(windows: FakeWindows) -> None:
    windows.have({rf"{software.SERVICES}\ZhuDongFangYu": {"Start": 2}})
    windows.registry.denied.add(software.SERVICES.lower())
    assert software.services() == frozenset()


def test_this_machine_runs_something() -> None:
    found = software.processes()
    assert any(name.startswith("python") for name in found.names)


@pytest.mark.parametrize(
    ("path", "full"),
    [
        (r"%ProgramFiles%\Windows Defender\MsMpeng.exe",
         r"C:\Program Files\Windows Defender\MsMpeng.exe"),
        (f'"{HUORONG}"', HUORONG),
        ("windowsdefender://", ""),
        (r"%NoSuchFolder%\x.exe", ""),
        (r"%ProgramFiles", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_path_is_put_together(path: str, full: str) -> None:
    assert expanded(path) == full


def test_file_is_there_or_not_or_nobody_may_look(tmp_path: Path) -> None:
    assert is_there(str(tmp_path)) is True
    assert is_there(str(tmp_path / "x")) is False
    assert is_there("\0") is None


def test_product_is_gone_only_if_none_of_its_programs_may_be_there() -> None:
    assert gone(["a", "b"], lambda _: False)
    assert not gone(["a", "b"], {"a": False, "b": None}.get)
    assert not gone([], lambda _: False)


@pytest.mark.parametrize(
    ("running", "known", "answer"),
    [
        (Processes(frozenset({"wsctrl.exe"})), frozenset(), True),
        (Processes(frozenset({"hipsdaemon.exe"})), frozenset({"hipsdaemon.exe"}), True),
        (Processes(frozenset({"x.exe"}), frozenset({DAEMON})), frozenset(), True),
        (Processes(frozenset({"x.exe"})), frozenset(), None),
        (Processes(frozenset({"x.exe"})), frozenset({"hipsdaemon.exe"}), False),
        (Processes(frozenset({"x.exe"}), whole=False), frozenset({"hipsdaemon.exe"}), None),
    ],
)
def test_product_runs_if_one_of_its_own_does(
    running: Processes, known: frozenset[str], answer: bool | None
) -> None:
    assert runs([HUORONG], running, known) is answer


def test_what_runs_from_the_folder_of_the_system_belongs_to_nobody() -> None:
    system = frozenset({r"c:\windows\system32\svchost.exe"})
    assert runs([r"C:\Windows\System32\agent.exe"], Processes(frozenset(), system)) is None


@given(st.lists(st.text(), max_size=3))
def test_no_path_raises(paths: list[str]) -> None:
    assert runs([expanded(path) for path in paths], Processes(frozenset())) is None
