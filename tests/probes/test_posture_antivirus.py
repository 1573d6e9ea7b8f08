from __future__ import annotations

import os
import platform
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.antivirus.defender import CLASS, NAMESPACE
from probes.antivirus.products import Answer, Found
from probes.antivirus.windows import VERSION
from probes.instruments import posture_antivirus
from probes.instruments.posture_antivirus import (
    ENABLED,
    INSTALLED,
    INSTALLED_COUNT,
    PROTECTING_COUNT,
    REAL_TIME,
    RUNNING,
    RUNNING_COUNT,
    SIGNATURE_AGE,
    SIGNATURES_CURRENT,
    PostureAntivirus,
    _totals,
)
from probes.model import LOCAL, NoSettings, Outcome, ProbeError, Reading
from probes.software.linux import from_apk, from_status
from probes.windows import software
from probes.windows.software import Processes
from tests.fakes.com import FakeCom
from tests.fakes.com_wmi import FakeWmi
from tests.fakes.security_center import CURRENT, OFF, FakeSecurityCenter, Row
from tests.fakes.windows import FakeWindows
from tests.probes.antivirus.test_clamav import header
from tests.probes.antivirus.test_defender import ON as SAYS_ON
from tests.probes.conftest import Measure
from tests.probes.windows.test_security_center import DEFENDER, HUORONG, KEPT

FakePrograms = Callable[..., None]

DAY = 86_400
CLAMAV = "Package: clamav-daemon\nStatus: install ok installed\nVersion: 1.4.3\n\n"
REMOVED = "Package: clamav-daemon\nStatus: deinstall ok config-files\nVersion: 1.4.3\n\n"
OTHERS = "Package: bash\nStatus: install ok installed\nDescription: a shell: good\n more\n\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_programs: FakePrograms) -> Path:
    """A Debian with bash and init, and nothing else."""
    folder = tmp_path / "root"
    (folder / "var/lib/dpkg").mkdir(parents=True)
    install(folder, OTHERS)
    start(folder, 1, "systemd")
    monkeypatch.setattr(posture_antivirus, "ROOT", folder)
    return folder


def install(root: Path, status: str) -> None:
    (root / "var/lib/dpkg/status").write_text(status)


def start(root: Path, number: int, name: str) -> None:
    (root / f"proc/{number}").mkdir(parents=True)
    (root / f"proc/{number}/comm").write_text(f"{name}\n")


async def by_product(measure: Measure) -> dict[str, Reading]:
    found = await measure(PostureAntivirus(NoSettings()))
    return {reading.labels["product"]: reading for reading in found}


async def test_clamav_with_fresh_signatures(root: Path, measure: Measure) -> None:
    install(root, OTHERS + CLAMAV)
    start(root, 200, "clamd")
    (root / "var/lib/clamav").mkdir()
    made = int(time.time()) - 2 * DAY
    (root / "var/lib/clamav/daily.cvd").write_bytes(header(made))
    found = await by_product(measure)
    of_all = {**found["all"].values}
    assert of_all.pop(SIGNATURE_AGE) == pytest.approx(2 * DAY, abs=60)
    assert of_all == {INSTALLED_COUNT: 1, RUNNING_COUNT: 1}
    values = found["clamav"].values
    assert (values[INSTALLED], values[RUNNING]) == (1, 1)
    assert values[SIGNATURE_AGE] == pytest.approx(2 * DAY, abs=60)


async def test_daemon_that_stands_still_and_signatures_that_never_came(
    root: Path, measure: Measure
) -> None:
    install(root, CLAMAV)
    found = await by_product(measure)
    assert found["all"].values == {INSTALLED_COUNT: 1, RUNNING_COUNT: 0, PROTECTING_COUNT: 0}
    assert found["clamav"].values == {INSTALLED: 1, RUNNING: 0}


async def test_signatures_from_the_future_have_no_age(root: Path, measure: Measure) -> None:
    install(root, CLAMAV)
    (root / "var/lib/clamav").mkdir()
    (root / "var/lib/clamav/daily.cvd").write_bytes(header(int(time.time()) + DAY))
    assert SIGNATURE_AGE not in (await by_product(measure))["clamav"].values


async def test_machine_without_any_is_a_zero_when_all_could_be_seen(
    root: Path, measure: Measure
) -> None:
    found = await by_product(measure)
    assert set(found) == {"all"}
    assert found["all"].values == {INSTALLED_COUNT: 0, RUNNING_COUNT: 0, PROTECTING_COUNT: 0}


@pytest.mark.parametrize(
    ("missing", "reason"), [("proc/1", "no_privilege"), ("var/lib/dpkg", "no_source")]
)
async def test_machine_that_cannot_be_seen_whole_is_unknown_not_zero(
    missing: str, reason: str, root: Path, measure: Measure
) -> None:
    shutil.rmtree(root / missing)
    (reading,) = (await by_product(measure)).values()
    assert (reading.outcome, reading.reason) == (Outcome.NOT_RUN, reason)


async def test_product_is_known_though_processes_are_hidden(root: Path, measure: Measure) -> None:
    install(root, CLAMAV)
    shutil.rmtree(root / "proc/1")
    found = await by_product(measure)
    assert found["all"].values == {INSTALLED_COUNT: 1}
    assert found["clamav"].values == {INSTALLED: 1}


async def test_product_without_a_package_shows_by_its_folder(root: Path, measure: Measure) -> None:
    (root / "opt/qaxsafe").mkdir(parents=True)
    assert set(await by_product(measure)) == {"all", "qianxin"}


async def test_machine_of_rpm_is_asked_through_rpm(
    root: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    (root / "var/lib/dpkg/status").unlink()
    fake_programs("rpm", "bash\nclamd\nkesl\nkesl-gui\n")
    found = await by_product(measure)
    assert set(found) == {"all", "clamav", "kaspersky"}


def test_package_of_which_only_settings_remain_is_not_installed() -> None:
    assert [name for name, _ in from_status(REMOVED + OTHERS)] == ["bash"]


@given(
    st.text()
    | st.lists(st.sampled_from([CLAMAV, REMOVED, OTHERS, "P:clamav\n", "Status: ", "\n\n"])).map(
        "".join
    )
)
def test_no_list_of_packages_raises_or_holds_what_it_does_not_name(text: str) -> None:
    for name, _ in (*from_status(text), *from_apk(text)):
        assert name in text


async def test_process_that_really_runs_is_seen(
    tmp_path: Path, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in that only bears the daemon's name, among the processes of this machine."""
    if not os.access("/proc/1/comm", os.R_OK):
        pytest.skip("needs a /proc that shows the processes of others")
    monkeypatch.setattr(posture_antivirus, "ROOT", Path("/"))

    stand_in = tmp_path / "clamd"
    shutil.copy("/bin/sleep", stand_in)
    with subprocess.Popen([stand_in, "30"]) as process:  # noqa: ASYNC220
        try:
            found = await by_product(measure)
        finally:
            process.kill()
    assert found["clamav"].values[RUNNING] == 1


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (
            "usr/lib/opkg/status",
            "Package: clamav\nVersion: 1.0.7-1\nStatus: install user installed\n",
        ),
        (
            "lib/apk/db/installed",
            "C:Q1x=\nP:busybox\nV:1.37.0-r5\n\nC:Q1y=\nP:clamav\nV:1.4.2-r1\n",
        ),
    ],
)
async def test_router_with_openwrt_is_asked_through_its_package_list(
    file: str, text: str, root: Path, measure: Measure
) -> None:
    (root / "var/lib/dpkg/status").unlink()
    (root / file).parent.mkdir(parents=True)
    (root / file).write_text(text)
    found = await by_product(measure)
    assert set(found) == {"all", "clamav"}
    assert found["clamav"].labels["source"] == "file"


async def test_reading_bears_its_source_and_the_privilege_it_took(
    root: Path, measure: Measure
) -> None:
    install(root, OTHERS + CLAMAV)
    start(root, 300, "HipsDaemon")
    found = await by_product(measure)
    assert {key: r.labels["source"] for key, r in found.items()} == {
        "all": "file", "clamav": "file", "huorong": "proc",
    }  # fmt: skip
    assert {r.labels["privilege"] for r in found.values()} <= {"user", "admin"}
    assert {r.labels["part"] for r in found.values()} == {"all", "product"}


@pytest.fixture
def school_pc(
    windows: FakeWindows, com: FakeCom, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Processes]:
    """A Chinese Windows with Huorong on and Defender standing back; what runs may be changed."""
    names = ("system", "svchost.exe", "msmpeng.exe", "hipsdaemon.exe")
    runs = {"now": Processes(frozenset(names))}
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    monkeypatch.setattr(software, "processes", lambda: runs["now"])
    monkeypatch.setattr(software, "is_there", lambda path: True)
    monkeypatch.setenv("ProgramFiles", r"C:\Program Files")
    windows.have(KEPT | {VERSION: {"InstallationType": "Client"}})
    rows = [
        Row("Windows Defender", OFF, guid=DEFENDER),
        Row("火绒安全软件", signatures=CURRENT, guid=HUORONG),
    ]
    FakeSecurityCenter(com, rows)
    return runs


async def test_chinese_windows_with_huorong_is_protected(
    school_pc: dict[str, Processes], measure: Measure
) -> None:
    found = await by_product(measure)
    assert found["all"].values == {INSTALLED_COUNT: 2, RUNNING_COUNT: 2, PROTECTING_COUNT: 1}
    assert found["huorong"].values == {INSTALLED: 1, RUNNING: 1, ENABLED: 1, SIGNATURES_CURRENT: 1}
    assert found["defender"].values[ENABLED] == 0
    assert {r.labels["source"] for r in found.values()} == {"com"}


async def test_chinese_windows_whose_antivirus_stands_still_is_not_protected(
    school_pc: dict[str, Processes], measure: Measure
) -> None:
    school_pc["now"] = Processes(frozenset({"system", "msmpeng.exe"}))
    found = await by_product(measure)
    assert found["all"].values[PROTECTING_COUNT] == 0
    assert (found["huorong"].values[ENABLED], found["huorong"].values[RUNNING]) == (1, 0)


async def test_defender_alone_tells_how_old_its_signatures_are(
    school_pc: dict[str, Processes], com: FakeCom, measure: Measure
) -> None:
    FakeSecurityCenter(com, [Row("Windows Defender", guid=DEFENDER)])
    made = time.strftime("%Y%m%d%H%M%S.000000+000", time.gmtime(time.time() - 2 * DAY))
    FakeWmi(com, NAMESPACE, CLASS, [{**SAYS_ON, "AntivirusSignatureLastUpdated": made}])
    found = await by_product(measure)
    values = found["defender"].values
    assert (values[ENABLED], values[REAL_TIME]) == (1, 1)
    assert values[SIGNATURE_AGE] == pytest.approx(2 * DAY, abs=60)
    assert com.balanced()


async def test_windows_whose_security_centre_does_not_answer_is_unknown_not_zero(
    windows: FakeWindows, com: FakeCom, school_pc: dict[str, Processes], measure: Measure
) -> None:
    windows.have({VERSION: {"InstallationType": "Client"}})
    com.classes.clear()
    school_pc["now"] = Processes(frozenset({"system"}))
    (reading,) = (await by_product(measure)).values()
    assert (reading.outcome, reading.reason) == (Outcome.NOT_RUN, "no_source")
    school_pc["now"] = Processes(frozenset({"system", "hipsdaemon.exe"}))
    found = await by_product(measure)
    assert PROTECTING_COUNT not in found["all"].values
    assert found["huorong"].labels["source"] == "proc"


async def test_other_systems_are_not_supported_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    with pytest.raises(ProbeError) as caught:
        await PostureAntivirus(NoSettings()).measure(LOCAL)
    assert caught.value.reason == "unsupported_system"


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(PostureAntivirus)


def product(key: str, days: float | None, **told: Any) -> Found:
    at = None if days is None else NOW - days * DAY
    return Found(key, told.pop("running", True), at, **told)


NOW = 1_795_000_000.0


@pytest.mark.parametrize(
    ("found", "days"),
    [
        ([product("a", 3, enabled=True), product("b", 5, enabled=True)], 5),
        ([product("a", 1, enabled=True), product("b", None, enabled=True)], None),
        ([product("a", 2, enabled=True), product("defender", 90, enabled=False)], 2),
        ([product("a", None, enabled=True), product("defender", 1, enabled=False)], None),
        ([product("a", 4), product("b", 6)], 6),
        ([product("a", 8, running=False)], 8),
        ([], None),
    ],
)
def test_age_of_all_is_the_oldest_of_what_protects(found: list[Found], days: float | None) -> None:
    got = _totals(Answer(tuple(found), "", "file"), NOW).values.get(SIGNATURE_AGE)
    assert got == (None if days is None else days * DAY)
