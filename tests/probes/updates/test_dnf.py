from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.model import ProbeError
from probes.updates.dnf import Dnf, parse_advisories, parse_log, parse_updates
from probes.updates.facts import Pending

FakePrograms = Callable[..., None]

UPDATES = """
kernel.x86_64                  5.10.0-216.0.0.115.oe2203sp4    update
python3-libs.noarch            3.9.9-29.oe2203sp4              update
Obsoleting Packages
old.x86_64                     1-1                             update
"""
ADVISORIES = """openEuler-SA-2026-1001 Critical/Sec.  kernel-5.10.0-215.0.0.114.oe2203sp4.x86_64
openEuler-SA-2026-1044 Important/Sec. kernel-5.10.0-216.0.0.115.oe2203sp4.x86_64
openEuler-SA-2026-1050 Low/Sec.       python3-libs-3.9.9-29.oe2203sp4.noarch
openEuler-BA-2026-1051 bugfix         tar-1.34-5.oe2203sp4.x86_64
"""
LOG = """2026-10-01T08:00:00+0800 INFO --- logging initialized ---
2026-10-02T08:00:00+0800 SUBDEBUG Upgraded: bash-5.1.8-5.x86_64
2026-10-03T08:00:00+0800 SUBDEBUG Installed: nginx-1.21.5-4.x86_64
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root/var/cache/dnf/update-1234/repodata").mkdir(parents=True)
    return tmp_path / "root"


def publish_advisories(root: Path) -> None:
    (root / "var/cache/dnf/update-1234/repodata/abc-updateinfo.xml.gz").touch()


def test_updates_are_counted_without_the_obsolete() -> None:
    assert parse_updates(UPDATES) == {"kernel", "python3-libs"}


def test_package_with_two_advisories_counts_once() -> None:
    assert parse_advisories(ADVISORIES) == {"kernel", "python3-libs"}


def test_only_upgrades_in_the_log_count() -> None:
    assert parse_log(LOG) == datetime.fromisoformat("2026-10-02T08:00:00+08:00").timestamp()
    assert parse_log("garbage Upgraded: x") is None


async def test_nothing_new_is_none_pending(root: Path, fake_programs: FakePrograms) -> None:
    fake_programs("dnf", "")
    publish_advisories(root)
    assert await Dnf(root).pending() == Pending(0, 0)


async def test_security_is_unknown_where_sources_publish_no_advisories(
    root: Path, fake_programs: FakePrograms
) -> None:
    fake_programs("dnf", UPDATES, code=100)
    assert await Dnf(root).pending() == Pending(2, None)


async def test_words_that_are_not_understood_are_not_a_zero(
    root: Path, fake_programs: FakePrograms
) -> None:
    publish_advisories(root)
    fake_programs("dnf", "kein Paket hier\n", code=0)
    assert (await Dnf(root).pending()).security is None
    fake_programs("dnf", "???\n", code=100)
    with pytest.raises(ProbeError) as caught:
        await Dnf(root).pending()
    assert caught.value.reason == "unreadable"


@pytest.mark.parametrize(("code", "required"), [(0, False), (1, True), (3, None)])
async def test_restart_is_what_needs_restarting_says(
    code: int, required: bool | None, root: Path, fake_programs: FakePrograms
) -> None:
    fake_programs("needs-restarting", code=code)
    assert (await Dnf(root).history()).reboot_required is required


async def test_machine_without_records_tells_nothing(
    root: Path, fake_programs: FakePrograms
) -> None:
    found = await Dnf(root).history()
    assert (found.upgraded_at, found.lists_at, found.reboot_required) == (None, None, None)


lines = st.lists(
    st.one_of(
        st.text(),
        st.sampled_from([*UPDATES.splitlines(), *ADVISORIES.splitlines(), *LOG.splitlines()]),
        st.from_regex(
            r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\+\d{4})?)? INFO Upgraded: x", fullmatch=True
        ),
    )
).map("\n".join)


@given(lines)
def test_no_listing_raises_or_tells_of_an_upgrade_that_it_does_not_hold(text: str) -> None:
    parse_updates(text)
    parse_advisories(text)
    if parse_log(text) is not None:
        assert "Upgraded: " in text
