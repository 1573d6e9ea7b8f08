"""Duties as people and programs get them: pages, admin API and command line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from collector.judge.duty.desk import DutyDesk
from collector.judge.duty.papers import Papers, Says
from collector.judge.duty.rows import duty_answer
from collector.judge.duty.score import score
from collector.judge.posture import fact_row, posture
from collector.register.model import School
from collector.register.rectification import Item, ItemState
from collector.register.register import Register
from collector.web.duties import segments
from config.duty import Duty
from config.policy import Operator
from probes.model import Role
from tests.collector.judge.owed import attest, duty, fact, signed, waived

from .test_admin import get
from .test_commands_schools import Command
from .test_web_pages import EN, page
from .web_scene import BIG, NOW, POOR, County, agent, reading

FIREWALL = fact(
    "on", metric="-", part="", fact="posture_firewall.firewall_active", operator=Operator.AT_LEAST
)
TRAINED = attest("trained")
OWED: tuple[Duty, ...] = (
    duty([FIREWALL], id="duty.fire"),
    replace(duty([FIREWALL], [TRAINED], id="duty.both"), kind="sector"),
    duty([], [TRAINED], id="duty.paper", kind="protection"),
)
ITEM = Item(
    id=3, school=BIG, duty="duty.fire", part="on", state=ItemState.OPEN,
    opened_at=NOW - timedelta(days=40), evidence_at=None, ended_at=None, times=2,
    due=date(2026, 11, 1), owner="李老师", note="周五到货",
)  # fmt: skip


def fires(value: float, agent: str, code: str = BIG) -> object:
    return reading("posture_firewall", {"firewall_active": value}, ago=300, agent=agent, code=code)


def county(duties: Sequence[Duty] = OWED, **changed: object) -> County:
    """One machine without a firewall, one with, and one that could not look."""
    made = County(
        duties=tuple(duties),
        agents=[
            agent("a1", hostname="pc-01", role=Role.PC),
            agent("a2", hostname="pc-02", role=Role.PC),
            agent("b1", POOR, "pc-11", Role.PC),
        ],
        readings=[fires(0, "a1"), fires(1, "a2"), fires(1, "b1", POOR)],  # type: ignore[list-item]
    )
    return replace(made, **changed)  # type: ignore[arg-type]


def papers(**changed: object) -> Papers:
    done = [
        signed(Says.FULFILLED, school=POOR, duty=id, at=NOW - timedelta(days=1),
               until=NOW + timedelta(days=9))
        for id in ("duty.paper", "duty.both")
    ]  # fmt: skip
    return replace(Papers(signed=done), **changed)  # type: ignore[arg-type]


async def test_county_table_has_one_column_for_all_duties_and_leads_on() -> None:
    shown = await page(county())
    assert "安全职责" in shown.text
    assert "0/3" in shown.text
    assert "/duties" in {given.get("href") for _, given in shown.tags}


async def test_page_of_duties_shows_score_with_every_count_the_worst_school_first() -> None:
    shown = (await page(county(papers=papers()), "/duties")).text
    assert "50% 符合和已签认 3 / 应做 6" in shown
    assert "符合 2" in shown
    assert "已签认 1" in shown
    assert shown.index("示例实验学校 9934000001") < shown.index("示例西岭初级中学 9934000007")
    assert "教育行业规定" in shown


async def test_page_of_duties_can_be_narrowed_to_what_is_open() -> None:
    whole = county(papers=papers())
    assert "显示 1 / 2 所" in (await page(whole, "/duties?only=open")).text
    assert "显示 2 / 2 所" in (await page(whole, "/duties?kind=law")).text
    assert "没有符合条件的职责" in (await page(whole, "/duties?role=nobody")).text


async def test_page_before_the_first_judgement_waits() -> None:
    assert "首次判定正在进行" in (await page(county(judged=False), "/duties")).text


async def test_school_page_lists_duties_by_kind_with_the_assessor_s_word() -> None:
    shown = await page(county(), f"/schools/{BIG}")
    assert "法律法规 0/1" in shown.text
    assert "部分符合（1/2）" in shown.text
    assert "未核查" in shown.text
    links = {given.get("href") for _, given in shown.tags}
    assert f"/schools/{BIG}/duties/duty.fire" in links


async def test_duty_page_says_to_which_machine_to_walk_and_what_to_do() -> None:
    shown = (await page(county(), f"/schools/{BIG}/duties/duty.fire")).text
    assert "测评结论：部分符合（1/2）" in shown
    assert "去这些设备：pc-01" in shown
    assert "去锁门" in shown
    assert "pc-01 教室电脑 · a1 ✗ 不符合 否" in shown
    assert "法，第一条" in shown


async def test_duty_page_says_why_a_machine_is_unknown() -> None:
    dark = county()
    dark.readings.pop(0)
    shown = (await page(dark, f"/schools/{BIG}/duties/duty.fire", EN)).text
    assert "pc-01 classroom PC · a1 ? unknown" in shown
    assert "There is no answer yet." in shown


async def test_duty_page_shows_signature_waiver_and_what_is_to_be_put_right() -> None:
    under = papers(waived=(waived(school=BIG, duty="duty.fire", since=NOW - timedelta(days=1)),))
    whole = county(papers=under, items=[ITEM])
    shown = (await page(whole, f"/schools/{BIG}/duties/duty.fire")).text
    assert "○ 豁免" in shown
    assert "门下月更换" in shown
    assert "豁免中，暂停" in shown
    assert "已逾期" not in shown
    paper = (await page(whole, f"/schools/{POOR}/duties/duty.paper")).text
    assert "签署人：门卫" in paper
    assert "✎ 已签认" in paper


async def test_overdue_is_said_wherever_a_duty_is_listed() -> None:
    late = county(items=[ITEM])
    assert "整改逾期 1 项" in (await page(late, "/duties")).text.replace("： ", " ")
    assert "整改逾期" in (await page(late, f"/schools/{BIG}")).text
    one = (await page(late, f"/schools/{BIG}/duties/duty.fire")).text
    assert "2026-11-01 前 已逾期；负责人：李老师；第 2 次出现；周五到货" in one


async def test_duty_that_the_school_does_not_owe_is_not_found() -> None:
    await page(county(), f"/schools/{BIG}/duties/duty.none", status=404)
    await page(county(), "/schools/0000000000/duties/duty.fire", status=404)


async def test_words_of_people_are_escaped() -> None:
    evil = waived(school=BIG, duty="duty.fire", reason="<script>alert(1)</script>")
    whole = county(papers=papers(waived=(evil,)), items=[replace(ITEM, note="<script>x")])
    shown = await page(whole, f"/schools/{BIG}/duties/duty.fire")
    assert "script" not in {tag for tag, _ in shown.tags}
    assert "<script>alert(1)</script>" in shown.text


async def test_sixty_duties_make_no_table_of_sixty_columns() -> None:
    many = [duty([FIREWALL], id=f"duty.d{n}") for n in range(60)]
    shown = await page(county(many))
    columns = [attrs for tag, attrs in shown.tags if tag == "th" and attrs["scope"] == "col"]
    assert len(columns) < 40
    assert "0/60" in shown.text
    assert len((await page(county(many), "/duties")).text) > 1000


def test_bar_is_as_long_as_what_is_asked() -> None:
    judgement = county().showing().judgement()
    assert judgement is not None
    parts = segments(score(judgement.duties), 80)
    assert sum(wide for _, _, wide in parts) == pytest.approx(80, abs=0.1)


# As data


async def test_duties_are_answered_as_data_and_can_be_narrowed() -> None:
    answer = await get(county(items=[ITEM]), "/v1/duties", {"school": BIG})
    assert answer["score"]["counts"]["fail"] == 2
    first = next(row for row in answer["duties"] if row["duty"] == "duty.fire")
    (part,) = first["parts"]
    assert [m["state"] for m in part["machines"]] == ["not_met", "met"]
    assert (part["rectification"]["overdue"], part["rectification"]["owner"]) == (True, "李老师")
    assert {row["school"] for row in answer["duties"]} == {BIG}


async def test_verdicts_carry_the_assessor_s_word() -> None:
    rows = (await get(county(), "/v1/verdicts"))["schools"]
    (row,) = [r for r in rows if (r["school"], r["target_value"]) == (BIG, "duty.fire")]
    assert (row["assessed"], row["conforming"], row["of"]) == ("partly", 1, 2)
    assert row["freshness"] == "fresh"


async def test_posture_names_source_age_and_the_duties_that_rest_on_a_fact() -> None:
    answer = await get(county(), "/v1/posture", {"school": BIG})
    (off, on) = answer["facts"]
    assert (off["hostname"], off["value"], off["age_seconds"]) == ("pc-01", 0, 300)
    assert off["value_text"] == {"zh": "否", "en": "no"}
    assert [s["duty"] for s in off["supports"]] == ["duty.fire", "duty.both"]
    assert {s["state"] for s in off["supports"]} == {"not_met"}
    assert {s["state"] for s in on["supports"]} == {"met"}


@pytest.mark.parametrize("given", [{}, {"school": "0000000000"}])
async def test_posture_of_no_known_school_is_refused_by_name(given: dict[str, str]) -> None:
    problem = await get(county(), "/v1/posture", given, 400)
    assert "schools list" in problem["error"]


# The command line


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """A register with one school, on which nothing was waived."""
    command = Command(tmp_path, capsys)
    tmp_path.chmod(0o700)
    register = Register.open(tmp_path / "register.sqlite3")
    register.put_schools([School(code=BIG, name="示例实验学校", adcode="340199")], actor="me")
    register.close()
    return command


DUTY = "duty.host_firewall"
WHY = ("--reason", "旧录播主机下月更换")


def soon(days: int = 60) -> str:
    return (date.today() + timedelta(days=days)).isoformat()


def test_waiver_is_made_listed_and_taken_back(run: Command) -> None:
    assert run("waive", "add", BIG, DUTY, *WHY, "--until", soon(), lang="zh") == 0
    assert "不算符合" in run.err
    run("waive", "list", lang="zh")
    assert "旧录播主机下月更换" in run.out
    assert run("waive", "end", "1", "--reason", "已经换了新机") == 0
    run("waive", "list", "--json")
    assert json.loads(run.out) == []
    run("waive", "list", "--all", "--json")
    (row,) = json.loads(run.out)
    assert (row["state"], row["ended_why"]) == ("taken_back", "已经换了新机")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["9934999999", DUTY, *WHY], "9934999999"),
        ([BIG, "duty.none", *WHY], "there are: "),
        ([BIG, DUTY, *WHY, "--part", "roof"], "firewall-on"),
        ([BIG, DUTY, *WHY, "--agent", "nobody"], "no machine of that school 'nobody'"),
        ([BIG, DUTY, "--reason", "ok"], "says too little"),
        ([BIG, DUTY, *WHY, "--until", soon(500)], "more than a year"),
        ([BIG, DUTY, *WHY, "--until", soon(-3)], "is over"),
    ],
)
def test_waiver_for_nothing_or_for_no_reason_says_what_there_is(
    run: Command, given: list[str], words: str
) -> None:
    until = [] if "--until" in given else ["--until", soon()]
    assert run("waive", "add", *given, *until) == 2
    assert words in run.err
    run("waive", "list", "--all", "--json")
    assert json.loads(run.out) == []


@pytest.fixture
def asked(run: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The commands that ask a collector get what this county's would answer."""
    whole = county(papers=papers(), items=[ITEM])
    showing = whole.showing()
    judgement = showing.judgement()
    assert judgement is not None
    facts = [
        fact_row(one, NOW)
        for one in posture(
            whole.schools[0], whole.agents, showing.store, whole.catalog, judgement.duties
        )
    ]
    answers = {
        "/v1/duties": duty_answer(judgement, [ITEM]),
        "/v1/posture": {"school": BIG, "school_name": "示例实验学校", "facts": facts},
    }

    def ask(data_dir: Path, path: str, given: object = None) -> object:
        return json.loads(json.dumps(answers[path]))

    for module in ("duties", "posture"):
        monkeypatch.setattr(f"collector.commands.{module}.ask", ask)
    return run


def test_duties_of_a_county_are_a_line_for_each_school(asked: Command) -> None:
    assert asked("duties", lang="zh") == 0
    assert "示例实验学校 9934000001: 0/3（0%）：不符合 2，未知 1" in asked.out
    assert "去锁门" not in asked.out
    assert "duties --school 代码" in asked.err


def test_duties_print_score_words_and_the_next_step(asked: Command) -> None:
    assert asked("duties", "--school", BIG, lang="zh") == 0
    assert "示例实验学校 9934000001: 0/3（0%）：不符合 2，未知 1" in asked.out
    assert "部分符合（1/2）" in asked.out
    assert "[pc-01] 去锁门" in asked.out


def test_steps_beyond_the_first_few_are_named_by_the_id_that_shows_them(
    asked: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.commands.duties.MOST_STEPS", 1)
    asked("duties", "--school", BIG, lang="zh")
    assert "另有 2 项，用 --duty 编号 逐项查看：duty.both duty.paper" in asked.out


def test_duties_can_be_narrowed_and_one_be_seen_whole(asked: Command) -> None:
    asked("duties", "--open", "--kind", "law", "--role", "门卫", "--json")
    rows = json.loads(asked.out)["duties"]
    assert [(row["school"], row["duty"]) for row in rows] == [(BIG, "duty.fire")]
    asked("duties", "--duty", "duty.fire", lang="zh")
    for words in (
        "pc-01",
        "整改 3：2026-11-01 前（已逾期），负责人 李老师",
        "法 第一条",
        "去锁门",
        "posture_firewall.firewall_active = 是",
    ):
        assert words in asked.out
    assert asked("duties", "--role", "nobody") == 0
    assert "No duty fits" in asked.err


def test_posture_prints_machine_fact_value_source_and_duties(asked: Command) -> None:
    assert asked("posture", BIG, "--agent", "pc-01", lang="zh") == 0
    _, _, line = asked.out.splitlines()
    assert line.startswith("pc-01  防火墙有效 posture_firewall.firewall_active  否")
    assert "duty.fire/on: 不符合" in line
    asked("posture", BIG, "--agent", "nobody")
    assert "No posture was reported yet" in asked.err


def test_rectifications_are_listed_and_changed_by_hand_but_not_closed(run: Command) -> None:
    register = Register.open(run.data_dir / "register.sqlite3")
    judged = county(duties=[replace(duty([replace(FIREWALL, id="firewall-on")]), id=DUTY)])
    judgement = judged.showing().judgement()
    assert judgement is not None
    DutyDesk(register.duties, timedelta(days=-1)).follow(judgement)
    register.close()
    run("duties", "rectify", "list", "--json")
    (row,) = json.loads(run.out)
    assert (row["state"], row["part_title"]["zh"]) == ("open", "主机防火墙有效")
    assert run("duties", "rectify", "assign", str(row["item"]), "李老师") == 0
    assert run("duties", "rectify", "date", str(row["item"]), soon(9)) == 0
    assert run("duties", "rectify", "note", str(row["item"]), "周五到货") == 0
    run("duties", "rectify", "list", lang="zh")
    assert "李老师" in run.out
    assert "周五到货" in run.out
    assert run("duties", "rectify", "note", "99", "x") == 2
    assert "no item 99" in run.err
    assert run("duties", "rectify", "close", "1") == 2


def test_whole_waiver_suspends_what_is_to_be_put_right(run: Command) -> None:
    register = Register.open(run.data_dir / "register.sqlite3")
    judgement = county(duties=[replace(duty([FIREWALL]), id=DUTY)]).showing().judgement()
    assert judgement is not None
    DutyDesk(register.duties, timedelta(days=-400)).follow(judgement)
    register.close()
    run("duties", "rectify", "list", "--overdue", "--json")
    assert len(json.loads(run.out)) == 1
    run("waive", "add", BIG, DUTY, *WHY, "--until", soon())
    run("duties", "rectify", "list", "--overdue", "--json")
    assert json.loads(run.out) == []
    run("duties", "rectify", "list", lang="zh")
    assert "豁免中" in run.out
