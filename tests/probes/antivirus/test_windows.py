from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.antivirus.defender import Defender
from probes.antivirus.products import Found
from probes.antivirus.windows import Seen, answer
from probes.windows.security_center import Registered
from probes.windows.software import Processes

DEFENDER = Registered(
    "Windows Defender",
    "{d68ddc3a-831f-4fae-9e44-da132c1acf46}",
    True,
    True,
    (r"C:\Program Files\Windows Defender\MsMpeng.exe", "windowsdefender://"),
)
HUORONG = Registered(
    "火绒安全软件",
    "{1b0a2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d}",
    True,
    True,
    (r"C:\Program Files\Huorong\Sysdiag\bin\wsctrl.exe",),
)
SYSTEM = ("system", "svchost.exe", "explorer.exe")
SAYS_ON = Defender(True, True, True, 1.7e9)
PASSIVE = Defender(False, None, True, 1.7e9)


def running(*names: str, whole: bool = True) -> Processes:
    return Processes(frozenset((*SYSTEM, *names)), frozenset(), whole)


def seen(*rows: Registered, processes: Processes | None = None, **more: Any) -> Seen:
    given = {"defender": None, "is_there": lambda _: True, **more}
    return Seen(registered=rows, processes=processes or running(), **given)


def by_key(machine: Seen) -> dict[str, Found]:
    return {found.key: found for found in answer(machine).found}


def test_defender_alone_protects() -> None:
    found = by_key(seen(DEFENDER, defender=SAYS_ON, processes=running("msmpeng.exe")))
    assert list(found) == ["defender"]
    assert found["defender"].protects
    assert (found["defender"].real_time, found["defender"].signatures_at) == (True, 1.7e9)


def test_defender_that_stands_back_for_another_is_normal() -> None:
    machine = seen(
        replace(DEFENDER, enabled=False),
        HUORONG,
        defender=PASSIVE,
        processes=running("msmpeng.exe", "hipsdaemon.exe"),
    )
    found = by_key(machine)
    assert (found["huorong"].protects, found["defender"].protects) == (True, False)
    assert (found["defender"].enabled, found["defender"].real_time) == (False, None)
    assert answer(machine).hidden == ""


def test_entry_whose_program_is_gone_is_no_protection() -> None:
    found = by_key(seen(HUORONG, is_there=lambda _: False))["huorong"]
    assert (found.installed, found.running, found.enabled, found.protects) == (
        False, False, None, False,
    )  # fmt: skip


def test_entry_whose_program_stands_still_is_no_protection() -> None:
    found = by_key(seen(HUORONG))["huorong"]
    assert (found.installed, found.running, found.enabled) == (True, False, True)
    assert found.protects is False


def test_product_that_nobody_knows_protects_if_its_own_program_runs() -> None:
    other = replace(HUORONG, name="ESET Security", programs=(r"C:\Program Files\ESET\ekrn.exe",))
    assert by_key(seen(other, processes=running("ekrn.exe")))["eset-security"].protects
    assert by_key(seen(other))["eset-security"].protects is None


def test_defender_that_objects_to_what_the_security_centre_says_is_believed() -> None:
    for says in (replace(SAYS_ON, enabled=False), replace(SAYS_ON, real_time=False)):
        found = by_key(seen(DEFENDER, defender=says, processes=running("msmpeng.exe")))
        assert found["defender"].protects is False
    old = by_key(seen(DEFENDER, defender=replace(SAYS_ON, signatures_current=False)))
    assert old["defender"].signatures_current is False


def test_server_without_a_security_centre_is_told_by_defender() -> None:
    machine = Seen(None, SAYS_ON, running("msmpeng.exe"), server=True)
    assert by_key(machine)["defender"].protects
    assert answer(machine).hidden == ""


def test_server_with_another_product_does_not_know_whether_it_is_on() -> None:
    machine = Seen(
        None, None, running("360entclient.exe"), frozenset({"360entclientsvc"}), server=True
    )
    found = by_key(machine)["qianxin"]
    assert (found.running, found.enabled, found.protects) == (True, None, None)


def test_security_centre_that_does_not_answer_hides_something() -> None:
    machine = Seen(None, None, running())
    assert answer(machine).found == ()
    assert answer(machine).hidden == "no_source"


def test_processes_that_are_hidden_leave_running_unknown() -> None:
    machine = seen(HUORONG, processes=running(whole=False))
    assert by_key(machine)["huorong"].running is None
    assert answer(machine).hidden == "no_privilege"


@pytest.mark.parametrize(
    "more",
    [
        {"services": frozenset({"zhudongfangyu"})},
        {"programs": (("360安全卫士", "360安全中心"),)},
        {"programs": (("360安全卫士".encode("gbk").decode("cp1252"), ""),)},
    ],
)
def test_product_that_is_not_registered_is_installed_but_stands_still(more: Any) -> None:
    found = by_key(seen(DEFENDER, **more))["qihoo360"]
    assert (found.installed, found.running, found.enabled) == (True, False, None)


def test_service_that_every_windows_has_makes_no_defender() -> None:
    assert by_key(seen(services=frozenset({"windefend"}))) == {}


def test_two_entries_of_one_product_are_one_product() -> None:
    left_over = replace(HUORONG, enabled=False)
    found = by_key(seen(left_over, HUORONG, left_over, processes=running("hipsdaemon.exe")))
    assert found["huorong"].protects


maybe = st.sampled_from((True, False, None))
rows = st.builds(
    Registered,
    st.one_of(st.text(), st.sampled_from(("Windows Defender", "火绒安全软件", "360杀毒"))),
    st.text(),
    maybe,
    maybe,
    st.lists(
        st.one_of(st.text(), st.sampled_from((*DEFENDER.programs, *HUORONG.programs))), max_size=2
    ).map(tuple),
)
machines = st.builds(
    Seen,
    st.one_of(st.none(), st.lists(rows, max_size=3).map(tuple)),
    st.one_of(st.none(), st.builds(Defender, maybe, maybe, maybe)),
    st.builds(
        Processes,
        st.frozensets(st.sampled_from(("msmpeng.exe", "hipsdaemon.exe", "360rp.exe", "x.exe"))),
        st.just(frozenset()),
        st.booleans(),
    ),
    st.frozensets(st.sampled_from(("windefend", "hipsdaemon"))),
    st.lists(st.tuples(st.text(), st.text()), max_size=2).map(tuple),
    st.booleans(),
    maybe.map(lambda there: lambda _: there),
)


@settings(deadline=None)
@given(machines)
def test_nothing_protects_that_no_source_calls_on_and_that_is_not_seen_to_run(
    machine: Seen,
) -> None:
    said_on = any(row.enabled for row in machine.registered or ()) or (
        machine.defender is not None and machine.defender.enabled
    )
    for found in answer(machine).found:
        if found.protects:
            assert said_on
            assert found.running
            assert machine.processes.names
        assert found.key
