from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from collector.fleet.facts import Blanks, facts_of, fill
from collector.fleet.fleet import Fleet
from collector.fleet.platforms import with_platforms
from collector.fleet.schedule import RoleSchedule, check_filled, load_schedule
from collector.register.model import Agent, School
from collector.register.register import Register
from config.calendar import PeriodKind, Stretch
from config.calendar_file import load_calendar
from config.platform_file import Platform
from config.strict import PolicyError
from probes.catalog import AnyProbe, Catalog, discover
from probes.model import Probe, Role, setting
from probes.text import Text
from probes.wire import EnrolRequest, Task

from .register.conftest import Clock

SCHOOL = School(code="9934000001", name="示例", adcode="340199")
OTHER = School(code="9934000002", name="示例二", adcode="340199", calendar="mountain")
LESSON = timedelta(minutes=40)


@dataclass(frozen=True)
class EchoSettings:
    count: int = setting(4, Text("个数", "count"), minimum=1, maximum=20)


class Echo(Probe[EchoSettings]):
    name = "echo"
    title = Text("回显", "echo")
    measures = ()
    roles = frozenset({Role.GATEWAY, Role.PC})
    Settings = EchoSettings
    aimed = True


class Rate(Probe[object]):
    name = "rate"
    title = Text("速率", "rate")
    measures = ()
    roles = frozenset({Role.GATEWAY})


CATALOG = Catalog([cast(AnyProbe, Echo), Rate])
TASKS = (Task("rate", 60.0), Task("echo", 60.0, "collector", "collector"))
SCHEDULE = {
    Role.GATEWAY: RoleSchedule(60, 60, TASKS),
    Role.PC: RoleSchedule(300, 300, TASKS[1:]),
}


def expand(calendar: str, since: datetime, until: datetime, time_zone: str) -> list[Stretch]:
    kind: PeriodKind = "lesson" if calendar == "default" else "school_day"
    return [Stretch(since, since + LESSON, kind), Stretch(until - LESSON, until, "off")]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def register(tmp_path: Path, clock: Clock) -> Iterator[Register]:
    register = Register.open(tmp_path / "register.sqlite3", clock)
    register.put_schools([SCHOOL, OTHER], "me")
    yield register
    register.close()


@pytest.fixture
def fleet(register: Register, clock: Clock) -> Fleet:
    return Fleet(register, SCHEDULE, expand, clock)


def enrol(register: Register, school: School, role: Role, nonce: str = "nonce-0001") -> Agent:
    token = register.create_token(school.code, role, actor="me")
    reply = register.enrol(EnrolRequest(1, f"{token.id}.{token.secret}", nonce), "10.0.0.1")
    agent = register.agent(reply.agent)
    assert agent is not None
    return agent


def schedule_from(tmp_path: Path, text: str) -> RoleSchedule:
    path = tmp_path / "schedule.toml"
    path.write_text(text, "utf-8")
    return load_schedule(CATALOG, path)[Role.GATEWAY]


def gateway(task: str) -> str:
    return f"[role.gateway]\npush_every = 60\nseal_every = 30\n[[role.gateway.task]]\n{task}\n"


def test_shipped_schedule_is_in_order_and_stays_at_the_collector() -> None:
    schedule = load_schedule(discover())
    assert set(schedule) == set(Role)
    assert schedule[Role.GATEWAY].push_every == 60
    assert (schedule[Role.PC].push_every, schedule[Role.PC].seal_every) == (60, 300)
    hosts = {task.host for role in schedule.values() for task in role.tasks}
    assert hosts == {"", "collector", "system"}


def shipped(
    role: Role, *, public_url: str = "http://127.0.0.1:8420", reflector_port: int = 0
) -> dict[str, Task]:
    """What an agent of that role is to run for such a collector, by probe."""
    schedule = load_schedule(discover())[role]
    facts = {**facts_of(public_url, reflector_port), "reflector_key": "1:00"}
    filled = (fill(t, schedule.blanks[t.probe, t.target], facts) for t in schedule.tasks)
    return {task.probe: task for task in filled if task is not None}


def test_collector_on_loopback_asks_for_nothing_that_cannot_be_answered() -> None:
    tasks = shipped(Role.GATEWAY)
    assert {"name_lookup", "udp_jitter"}.isdisjoint(tasks)
    assert tasks["web_fetch"].settings["tls"] is False
    assert "name_lookup" not in shipped(Role.PC)


@pytest.mark.parametrize("host", ["10.1.2.3", "[fd00::1]", "localhost"])
def test_address_is_no_name_to_look_up(host: str) -> None:
    assert "name_lookup" not in shipped(Role.PC, public_url=f"https://{host}:8421")


def test_facts_of_the_collector_are_put_where_the_schedule_has_blanks() -> None:
    tasks = shipped(Role.GATEWAY, public_url="https://banjun.county.edu.cn", reflector_port=8422)
    assert tasks["name_lookup"].settings == {"name": "banjun.county.edu.cn"}
    assert tasks["web_fetch"].settings["tls"] is True
    assert (tasks["udp_jitter"].port, tasks["udp_jitter"].settings) == (8422, {"key": "1:00"})


def test_blank_in_an_agents_configuration_is_filled_anew_each_week(
    register: Register, clock: Clock, tmp_path: Path
) -> None:
    task = 'probe = "echo"\nevery = 30\ntarget = "t"\nhost = "h"\nport = "$reflector_port"'
    schedule = {Role.GATEWAY: schedule_from(tmp_path, gateway(task))}
    fleet = Fleet(
        register, schedule, expand, clock, lambda week: {"reflector_port": 100 + week.day}
    )
    agent = enrol(register, SCHOOL, Role.GATEWAY)
    ports = []
    for _ in range(2):
        ports.append(fleet.config(agent).tasks[0].port)
        clock.now += timedelta(days=7)
    assert ports[0] is not None
    assert len(set(ports)) == 2


def test_task_with_a_blank_that_stays_empty_is_left_out(
    register: Register, clock: Clock, tmp_path: Path
) -> None:
    task = 'probe = "echo"\nevery = 30\ntarget = "t"\nhost = "h"\nport = "$reflector_port"'
    schedule = {Role.GATEWAY: schedule_from(tmp_path, gateway(task))}
    agent = enrol(register, SCHOOL, Role.GATEWAY)
    assert Fleet(register, schedule, expand, clock).config(agent).tasks == []


def test_schedule_carries_settings_as_the_probe_takes_them(tmp_path: Path) -> None:
    task = 'probe = "echo"\nevery = 30\ntarget = "t"\nhost = "h"\nport = 7\nsettings = {count = 9}'
    (found,) = schedule_from(tmp_path, gateway(task)).tasks
    assert found == Task("echo", 30.0, "t", "h", 7, {"count": 9})


CLOUD = Platform("cloud", Text("云", "cloud"), "cloud.example.edu.cn", 8443, 300.0, "notice 1")


def test_gateways_look_at_the_platforms_that_the_county_listed() -> None:
    schedule = with_platforms(load_schedule(discover()), [CLOUD], discover())
    task = Task("tcp_connect", 300.0, "platform.cloud", "cloud.example.edu.cn", 8443)
    assert task in schedule[Role.GATEWAY].tasks
    assert task not in schedule[Role.PC].tasks


def test_without_platforms_the_schedule_is_as_written() -> None:
    schedule = load_schedule(discover())
    assert with_platforms(schedule, (), discover()) is schedule


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (gateway('probe = "ech"\nevery = 60'), r"schedule.toml.*task\[1\].probe"),
        (gateway('probe = "rate"\nevery = 0'), r"task\[1\].every.*outside 1 to 86400"),
        (gateway('probe = "rate"\nevery = "1m"'), r"task\[1\].every"),
        (gateway('probe = "rate"\nevery = 60\nevry = 1'), "evry"),
        (gateway('probe = "rate"\nevery = 60\nhost = "x"'), "not aimed"),
        (gateway('probe = "echo"\nevery = 60'), "has to be aimed"),
        (
            gateway(
                'probe = "echo"\nevery = 60\ntarget = "t"\nhost = "h"\nsettings = {count = 99}'
            ),
            "settings.*99",
        ),
        (gateway('probe = "rate"\nevery = 60\nsettings = 1'), "a table is wanted"),
        (
            gateway('probe = "echo"\nevery = 60\ntarget = "t"\nhost = "h"\nport = "$prot"'),
            r"port: \$prot is not known; known: .*\$reflector_port",
        ),
        (
            gateway(
                'probe = "echo"\nevery = 60\ntarget = "t"\nhost = "h"\nport = "$collector_name"'
            ),
            r"port: \$collector_name is no port",
        ),
        (
            gateway(
                'probe = "echo"\nevery = 60\ntarget = "t"\nhost = "h"\n'
                'settings = {n = "$reflector_key"}'
            ),
            "settings.*no setting 'n'",
        ),
        (
            gateway(
                'probe = "echo"\nevery = 60\ntarget = "t"\nhost = "h"\n'
                'settings = {count = "$reflector_key"}'
            ),
            "settings.count.*int is wanted",
        ),
        (
            gateway('probe = "rate"\nevery = 60\n[[role.gateway.task]]\nprobe = "rate"\nevery = 6'),
            "twice",
        ),
        (gateway('probe = "rate"\nevery = 60').replace("gateway", "pc"), "not for the role pc"),
        (gateway('probe = "rate"\nevery = 60').replace("gateway", "boss"), "no such role"),
        (gateway('probe = "rate"\nevery = 60').replace("= 30", "= 9999"), "seal_every"),
        (gateway('probe = "rate"\nevery = 60\nlease = "king"'), "lease.*king"),
    ],
)
def test_mistake_in_the_schedule_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        schedule_from(tmp_path, text)


def test_fact_that_an_agent_would_refuse_is_found_before_it_is_sent() -> None:
    blanks = {("echo", "t"): Blanks(settings={"count": "canary_names"})}
    task = Task("echo", 60.0, "t", "h")
    schedule = {Role.GATEWAY: RoleSchedule(60, 60, (task,), blanks)}
    check_filled(schedule, {"canary_names": 20}, CATALOG)
    check_filled(schedule, {}, CATALOG)
    with pytest.raises(PolicyError, match=r"echo.count: 21 is outside 1 to 20"):
        check_filled(schedule, {"canary_names": 21}, CATALOG)


def test_configuration_follows_the_role_and_the_calendar(register: Register, fleet: Fleet) -> None:
    config = fleet.config(enrol(register, SCHOOL, Role.GATEWAY))
    assert (config.role, config.push_every, config.tasks) == ("gateway", 60, list(TASKS))
    assert [period.kind for period in config.periods] == ["lesson"]
    other = fleet.config(enrol(register, OTHER, Role.PC))
    assert (other.role, other.push_every, len(other.tasks)) == ("pc", 300, 1)
    assert [period.kind for period in other.periods] == ["school_day"]


def test_revision_is_stable_within_a_week_and_over_a_restart(
    register: Register, fleet: Fleet, clock: Clock
) -> None:
    agent = enrol(register, SCHOOL, Role.GATEWAY)
    first = fleet.revision(agent)
    clock.forward(days=6)
    assert fleet.revision(agent) == first
    fleet.refresh()
    assert fleet.revision(agent) == first
    assert Fleet(register, SCHEDULE, expand, clock).revision(agent) == first
    clock.forward(days=1)
    fleet.refresh()
    assert fleet.revision(agent) != first


def test_periods_reach_60_days_ahead_on_every_day_of_the_week(
    register: Register, clock: Clock
) -> None:
    def whole(calendar: str, since: datetime, until: datetime, zone: str) -> list[Stretch]:
        return [Stretch(since, until, "lesson")]

    agent = enrol(register, SCHOOL, Role.GATEWAY)
    fleet = Fleet(register, SCHEDULE, whole, clock)
    for _ in range(14):
        (period,) = fleet.config(agent).periods
        now = clock.now.timestamp() * 1000
        assert period.since <= now
        assert period.until >= now + timedelta(days=60) / timedelta(milliseconds=1)
        clock.forward(days=1)


def test_no_push_waits_for_periods_on_the_day_after_a_refresh(
    register: Register, clock: Clock
) -> None:
    expanded = []

    def note(calendar: str, since: datetime, until: datetime, zone: str) -> list[Stretch]:
        expanded.append(calendar)
        return []

    agent = enrol(register, SCHOOL, Role.GATEWAY)
    clock.forward(days=6)
    fleet = Fleet(register, SCHEDULE, note, clock)
    before = len(expanded)
    first = fleet.revision(agent)
    clock.forward(days=1)
    assert fleet.revision(agent) == first  # no periods, so nothing tells the weeks apart
    assert len(expanded) == before
    fleet.refresh()
    assert len(expanded) == before


def test_real_calendar_fits_into_a_configuration(register: Register, clock: Clock) -> None:
    fleet = Fleet(register, SCHEDULE, load_calendar().expand, clock)
    config = fleet.config(enrol(register, SCHOOL, Role.GATEWAY))
    kinds = {period.kind for period in config.periods}
    assert kinds == {"lesson", "break", "school_day"}
    first = datetime.fromtimestamp(config.periods[0].since / 1000, UTC)
    assert first.date() == datetime(2026, 3, 2).date()


def test_school_with_a_calendar_that_is_gone_gets_tasks_and_no_periods(
    register: Register, clock: Clock
) -> None:
    fleet = Fleet(register, SCHEDULE, load_calendar().expand, clock)
    config = fleet.config(enrol(register, OTHER, Role.GATEWAY))
    assert len(config.tasks) == 2
    assert config.periods == []


def test_new_calendar_of_a_school_changes_the_revision_after_a_refresh(
    register: Register, fleet: Fleet
) -> None:
    agent = enrol(register, SCHOOL, Role.GATEWAY)
    before = fleet.revision(agent)
    register.put_schools([replace(SCHOOL, calendar="mountain")], "me")
    assert fleet.revision(agent) == before
    fleet.refresh()
    assert fleet.revision(agent) != before


def test_facts_that_begin_tomorrow_are_used_from_tomorrow_on(
    register: Register, fleet: Fleet, clock: Clock
) -> None:
    agent = enrol(register, SCHOOL, Role.GATEWAY)
    tomorrow = register.today() + timedelta(days=1)
    register.put_schools([replace(SCHOOL, calendar="mountain")], "me", tomorrow)
    fleet.refresh()
    assert [p.kind for p in fleet.config(agent).periods] == ["lesson"]
    clock.forward(days=1)
    fleet.refresh()
    assert [p.kind for p in fleet.config(agent).periods] == ["school_day"]


def test_expectations_begin_when_the_configuration_is_given(
    register: Register, fleet: Fleet, clock: Clock
) -> None:
    agent = enrol(register, SCHOOL, Role.GATEWAY)
    assert fleet.expectations() == []
    fleet.given(agent, fleet.config(agent))
    clock.forward(days=1)
    fleet.given(agent, fleet.config(agent))
    found = fleet.expectations()
    assert {(e.probe, e.target, e.every) for e in found} == {
        ("rate", "local", 60.0),
        ("echo", "collector", 60.0),
    }
    assert {(e.school, e.agent) for e in found} == {(SCHOOL.code, agent.id)}
    assert {(e.since, e.until) for e in found} == {(clock.now - timedelta(days=1), None)}


def test_nobody_owes_the_readings_of_a_lease(register: Register, clock: Clock) -> None:
    tasks = (*TASKS, Task("echo", 600.0, "lan", "10.0.0.1", lease="sentinel"))
    schedule = {Role.GATEWAY: RoleSchedule(60, 60, tasks)}
    fleet = Fleet(register, schedule, expand, clock)
    agent = enrol(register, SCHOOL, Role.GATEWAY)
    fleet.given(agent, fleet.config(agent))
    assert {e.target for e in fleet.expectations()} == {"local", "collector"}


def test_nothing_is_expected_of_a_pc_that_may_be_switched_off(
    register: Register, fleet: Fleet
) -> None:
    agent = enrol(register, SCHOOL, Role.PC)
    fleet.given(agent, fleet.config(agent))
    assert register.assignments() != []
    assert fleet.expectations() == []
