from __future__ import annotations

import platform
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from probes.auditlog import windows
from probes.instruments import posture_audit_log
from probes.instruments.posture_audit_log import (
    AUDIT_RUNNING,
    CATEGORIES,
    FORWARDED,
    OLDEST,
    RETENTION_SECONDS,
    PostureAuditLog,
)
from probes.model import NoSettings, Outcome, ProbeError, Reading
from probes.windows import event_log
from tests.fakes.windows import FakeWindows
from tests.probes.auditlog.test_windows import GUIDS
from tests.probes.conftest import Measure

FakePrograms = Callable[..., None]
DAY = 86_400
AUTH = "/var/log/auth.log"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Debian that keeps its log of logins for 26 weeks and sends it to the county."""
    folder = tmp_path / "root"
    at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() - 9 * DAY))
    write(folder, "var/log/auth.log", f"{at} pc sshd[1]: 会话开始\n")
    write(folder, "etc/logrotate.conf", f"weekly\n{AUTH} {{\nrotate 26\n}}\n")
    write(folder, "etc/rsyslog.conf", "*.* @@10.1.0.9:514\n")
    monkeypatch.setattr(posture_audit_log, "ROOT", folder)
    run(monkeypatch)
    return folder


def write(root: Path, name: str, text: str = "") -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")


def run(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    processes = [SimpleNamespace(info={"name": name}) for name in names]
    monkeypatch.setattr(psutil, "process_iter", lambda _: iter(processes))


async def readings(measure: Measure, part: str) -> list[Reading]:
    found = await measure(PostureAuditLog(NoSettings()))
    return [r for r in found if r.labels["part"] == part]


async def test_debian_that_does_all(
    root: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    fake_programs("systemctl", "active\n")
    (policy,) = await readings(measure, "policy")
    assert policy.values == {AUDIT_RUNNING: 1}
    (kept,) = await readings(measure, "retention")
    assert kept.values == {
        RETENTION_SECONDS: 26 * 7 * DAY, FORWARDED: 1, OLDEST: pytest.approx(9 * DAY, abs=60),
    }  # fmt: skip


async def test_log_that_is_kept_for_the_shortest_is_told(
    root: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    write(root, "var/log/syslog", "x\n")
    write(root, "etc/logrotate.conf", f"weekly\n{AUTH} {{\nrotate 26\n}}\n"
                                      "/var/log/syslog {\nrotate 4\n}\n")  # fmt: skip
    (kept, *_) = await readings(measure, "retention")
    assert kept.values[RETENTION_SECONDS] == 4 * 7 * DAY


async def test_kernel_that_does_not_audit_is_said(
    root: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    fake_programs("systemctl", "active\n")
    fake_programs("auditctl", "enabled 0\nfailure 1\npid 1\n")
    (policy,) = await readings(measure, "policy")
    assert policy.values == {AUDIT_RUNNING: 0}


async def test_ordinary_user_does_not_know_whether_the_kernel_audits(
    root: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    fake_programs("systemctl", "active\n")
    fake_programs("auditctl", errors="You must be root to run this program.\n", code=4)
    (policy,) = await readings(measure, "policy")
    assert (policy.values, policy.reason) == ({}, "no_privilege")


@pytest.mark.parametrize(("code", "values"), [(3, {AUDIT_RUNNING: 0}), (4, {AUDIT_RUNNING: 0}),
                                              (1, {})])  # fmt: skip
async def test_codes_of_systemctl_are_read_and_not_its_words(
    code: int, values: dict[Any, float], root: Path, fake_programs: FakePrograms, measure: Measure
) -> None:
    fake_programs("systemctl", "未激活\n", code=code)
    (policy,) = await readings(measure, "policy")
    assert policy.values == values
    (kept, *_) = await readings(measure, "retention")
    # A rule in a file sends nothing while rsyslog does not run; without systemd nobody knows.
    assert kept.values.get(FORWARDED) == (0 if values else None)


async def test_rsyslog_without_systemd_is_seen_as_a_process(
    root: Path, fake_programs: FakePrograms, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(monkeypatch, "bash", "rsyslogd")
    (kept,) = await readings(measure, "retention")
    assert kept.values[FORWARDED] == 1


@pytest.fixture
def journal_only(root: Path) -> None:
    for name in ("var/log/auth.log", "etc/rsyslog.conf"):
        (root / name).unlink()
    write(root, "etc/systemd/journald.conf", "[Journal]\nMaxRetentionSec=1year\n")
    write(root, "etc/systemd/journal-upload.conf", "[Upload]\nURL=https://10.1.0.9\n")


async def test_upper_limit_of_the_journal_proves_nothing(
    journal_only: None, fake_programs: FakePrograms, measure: Measure
) -> None:
    (untold,) = await readings(measure, "retention")
    assert (untold.outcome, untold.reason) == (Outcome.NOT_RUN, "not_by_time")


@pytest.fixture
def router(root: Path) -> None:
    write(root, "etc/openwrt_release")
    write(root, "etc/config/system", "config system\n\toption log_ip '10.1.0.9'\n")


async def test_openwrt_sends_its_log_on(
    router: None, fake_programs: FakePrograms, measure: Measure
) -> None:
    sent, untold = await readings(measure, "retention")
    assert (sent.values, sent.labels["source"]) == ({FORWARDED: 1}, "uci")
    assert untold.reason == "not_by_time"
    assert [r.reason for r in await readings(measure, "policy")] == ["no_source"]


async def test_log_that_may_not_be_read_is_no_privilege(
    root: Path, fake_programs: FakePrograms, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    from probes.auditlog import oldest

    def denied(_: Path) -> float:
        raise PermissionError(13, "denied")

    monkeypatch.setattr(oldest, "record", denied)
    known, untold = await readings(measure, "retention")
    assert known.values == {RETENTION_SECONDS: 26 * 7 * DAY}  # whether rsyslog runs, nobody tells
    assert untold.reason == "no_privilege"


@pytest.fixture
def chinese_windows(monkeypatch: pytest.MonkeyPatch) -> FakeWindows:
    fake = FakeWindows(monkeypatch)
    fake.have({windows.SECURITY: {"Retention": 0}, windows.FORWARDING: {"1": "Server=http://w"}})
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    monkeypatch.setattr(windows, "system_policy", lambda: dict.fromkeys(GUIDS, 3))
    monkeypatch.setattr(event_log, "oldest_time", lambda _: time.time() - 40 * DAY)
    return fake


async def test_windows_is_read_by_numbers(chinese_windows: FakeWindows, measure: Measure) -> None:
    (policy,) = await readings(measure, "policy")
    assert policy.values == {AUDIT_RUNNING: 1, CATEGORIES: 9}
    kept, untold = await readings(measure, "retention")
    assert kept.values == {FORWARDED: 1, OLDEST: pytest.approx(40 * DAY, abs=60)}
    assert untold.reason == "not_by_time"


async def test_ordinary_user_of_windows_knows_nothing_of_it(
    chinese_windows: FakeWindows, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> dict[str, int | None]:
        raise ProbeError("no_privilege")

    chinese_windows.registry.denied.add(windows.SECURITY.lower())
    monkeypatch.setattr(windows, "system_policy", refused)
    found = await measure(PostureAuditLog(NoSettings()))
    assert {r.labels["part"]: r.reason for r in found} == {
        "policy": "no_privilege", "retention": "no_privilege",
    }  # fmt: skip


def test_every_metric_was_seen(assert_all_metrics_covered: Callable[..., None]) -> None:
    assert_all_metrics_covered(PostureAuditLog)
