from __future__ import annotations

import re
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from collector.judge.duty import pages
from collector.judge.duty.page import UNCHECKED, name_of
from collector.judge.judge import known
from collector.judge.pages import NOTICE
from config.duty import DUTY_KINDS, Duty, FactCheck
from config.duty_file import load_duties
from config.policy import VERIFICATIONS, Verification
from config.policy_file import load_policies
from config.policy_folder import DUTIES, POLICY_FOLDER
from config.strict import PolicyError
from probes.model import Role

FIREWALL = "host-firewall.toml"
LAW = "中华人民共和国网络安全法"
ARTICLE = re.compile("第[一二三四五六七八九十]+条")


@pytest.fixture(scope="module")
def duties() -> dict[str, Duty]:
    return {duty.id: duty for duty, _ in load_duties(POLICY_FOLDER, known())}


def read(folder: Path) -> list[Duty]:
    return [duty for duty, _ in load_duties(folder, known())]


def folder_with(tmp_path: Path, text: str, name: str = FIREWALL) -> Path:
    (tmp_path / DUTIES).mkdir(exist_ok=True)
    (tmp_path / DUTIES / name).write_text(text, "utf-8")
    return tmp_path


def shipped(name: str = FIREWALL) -> str:
    return (POLICY_FOLDER / DUTIES / name).read_text("utf-8")


def page_of(duty: Duty) -> str:
    return pages.render([duty], NOTICE)[f"{DUTIES}/{name_of(duty)}"]


# ---- what the register holds


def test_register_has_duties_of_every_kind(duties: dict[str, Duty]) -> None:
    assert {duty.kind for duty in duties.values()} == set(DUTY_KINDS)


def test_law_is_cited_under_the_number_of_the_day(duties: dict[str, Duty]) -> None:
    duty = duties["duty.host_firewall"]
    cited = {
        day: [c.article for c in duty.cited(day) if c.document == LAW]
        for day in (date(2025, 12, 31), date(2026, 1, 1))
    }
    assert cited == {
        date(2025, 12, 31): ["第二十一条第（二）项"],
        date(2026, 1, 1): ["第二十三条第（二）项"],
    }
    assert {c.article: c.verified.value for c in duty.citations if c.document == LAW} == {
        "第二十三条第（二）项": "derived",
        "第二十一条第（二）项": "primary",
    }


def test_every_article_of_the_law_has_its_old_and_its_new_number(
    duties: dict[str, Duty],
) -> None:
    for duty in duties.values():
        on = {
            day: len([c for c in duty.cited(day) if c.document == LAW])
            for day in (date(2025, 12, 31), date(2026, 1, 1))
        }
        assert len(set(on.values())) == 1, duty.id


def test_firewall_duty_asks_every_machine_at_levels_two_and_three(
    duties: dict[str, Duty],
) -> None:
    duty = duties["duty.host_firewall"]
    (check,) = duty.checks
    assert isinstance(check, FactCheck)
    assert (check.value, check.share) == (Fraction(1), Fraction(1))
    assert duty.levels == check.levels == {2, 3}
    assert check.roles == {Role.GATEWAY, Role.PC}


def test_what_only_level_three_asks_is_advice_at_level_two(duties: dict[str, Duty]) -> None:
    assert duties["duty.central_management"].levels == {3}
    (redundancy,) = (a for a in duties["duty.network_zones"].attests if a.id == "redundancy")
    assert redundancy.levels == {3}


def test_assessment_is_signed_yearly_at_level_three_and_every_two_years_at_two(
    duties: dict[str, Duty],
) -> None:
    by_level = {
        tuple(a.levels): a.valid_days
        for a in duties["duty.mlps_assessment"].attests
        if a.id.startswith("assessed")
    }
    assert by_level == {(2,): 731, (3,): 365}


def test_duty_that_only_a_plan_asks_for_binds_the_region_of_that_plan(
    duties: dict[str, Duty],
) -> None:
    everywhere = [d.id for d in duties.values() if d.kind == "plan" and not d.applies.adcodes]
    assert everywhere == ["duty.security_week"]  # the campaign is nation-wide


def test_text_that_was_not_found_is_cited_without_an_article(duties: dict[str, Duty]) -> None:
    unseen = [
        citation
        for duty in duties.values()
        for citation in duty.citations
        if citation.note and "没有找到" in citation.note.zh
    ]
    assert len(unseen) > 3
    assert [c.article for c in unseen if ARTICLE.search(c.article)] == []


def test_number_of_a_check_says_whose_it_is(duties: dict[str, Duty]) -> None:
    checks = [check for duty in duties.values() for check in duty.checks]
    bounded = [c for c in checks if c.value not in (0, 1)]
    assert bounded
    assert [c.id for c in bounded if c.note is None] == []


def test_same_fact_under_the_same_bound_supports_one_duty(duties: dict[str, Duty]) -> None:
    facts = [
        (check.fact, check.where, check.operator, check.value, check.roles)
        for duty in duties.values()
        for check in duty.checks
        if isinstance(check, FactCheck)
    ]
    assert len(facts) == len(set(facts))


# ---- what is refused


@pytest.mark.parametrize(
    ("key", "step"),
    [
        ("role", "name the post"),
        ("cadence", "how often"),
        ("why", "why it matters"),
        ("remedy", "what to do"),
    ],
)
def test_duty_without_something_it_owes_is_refused_with_the_next_step(
    tmp_path: Path, key: str, step: str
) -> None:
    text = re.sub(rf"^{key} = .*\n", "", shipped(), flags=re.M)
    with pytest.raises(PolicyError, match=rf"{FIREWALL}: {key}: .*{step}"):
        read(folder_with(tmp_path, text))
    blank = re.sub(rf"^{key} = .*$", f'{key} = {{ zh = " ", en = "" }}', shipped(), flags=re.M)
    with pytest.raises(PolicyError, match=rf"{FIREWALL}: {key}: is empty; .*{step}"):
        read(folder_with(tmp_path, blank))


def test_duty_without_a_source_is_refused_with_the_next_step(tmp_path: Path) -> None:
    text = shipped().partition("[[citation]]")[0]
    with pytest.raises(PolicyError, match=rf"{FIREWALL}: citation: .*add a \[\[citation\]\]"):
        read(folder_with(tmp_path, text))


def test_check_on_a_metric_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    text = shipped().replace("posture_firewall.firewall_active", "posture_firewall.is_on")
    with pytest.raises(PolicyError, match=rf"{FIREWALL}: check\[1\]\.fact: .*is_on"):
        read(folder_with(tmp_path, text))


def test_check_on_a_label_that_the_probe_lacks_is_refused(tmp_path: Path) -> None:
    text = shipped().replace("holds = true", 'holds = true\nwhere = { colour = "red" }')
    with pytest.raises(PolicyError, match=rf"{FIREWALL}: check\[1\]\.where\.colour"):
        read(folder_with(tmp_path, text))


def test_id_of_two_duties_is_refused_naming_both_files(tmp_path: Path) -> None:
    folder_with(tmp_path, shipped(), "a.toml")
    folder_with(tmp_path, shipped(), "b.toml")
    for name in ("lines.toml", "platforms.toml"):
        (tmp_path / name).write_text((POLICY_FOLDER / name).read_text("utf-8"), "utf-8")
    with pytest.raises(
        PolicyError, match=r"duty\.host_firewall is used twice: .*a\.toml, .*b\.toml"
    ):
        load_policies({}, known(), tmp_path)


def test_unchecked_article_in_running_text_is_refused_without_its_mark(tmp_path: Path) -> None:
    text = shipped().replace("（网络安全法第六十一条，待核对原文）", "（网络安全法第六十一条）")
    assert text != shipped()
    with pytest.raises(PolicyError, match=rf"{FIREWALL}: why: .*第六十一条.*to be checked"):
        read(folder_with(tmp_path, text))


def test_article_whose_full_text_was_read_may_be_named_without_a_mark(tmp_path: Path) -> None:
    text = shipped().replace("第六十一条，待核对原文", "第二十一条")
    (duty,) = read(folder_with(tmp_path, text))
    assert "第二十一条" in duty.why.zh


# ---- pages


def test_page_marks_every_citation_that_was_not_checked_and_no_other(
    duties: dict[str, Duty],
) -> None:
    for duty in duties.values():
        table = page_of(duty).partition("## 出处")[2].splitlines()
        rows = [line for line in table if line.startswith("| ")][1:]
        for citation, row in zip(duty.citations, rows, strict=True):
            assert f"{citation.document} | {citation.article}" in row
            is_marked = row.startswith(f"| {UNCHECKED} ")
            assert is_marked is (citation.verified is not Verification.PRIMARY), row
            assert VERIFICATIONS[citation.verified].zh in row


def test_page_has_clause_evidence_and_remedy_in_both_languages(duties: dict[str, Duty]) -> None:
    for duty in duties.values():
        page = page_of(duty)
        words = [duty.title, duty.role, duty.cadence, duty.why, duty.remedy]
        words += [part.title for part in (*duty.checks, *duty.attests)]
        for text in words:
            assert text.zh in page, duty.id
            assert text.en in page, duty.id


def test_index_leads_to_every_duty_and_the_list_by_post_holds_every_signature(
    duties: dict[str, Duty],
) -> None:
    made = pages.render(list(duties.values()), NOTICE)
    for duty in duties.values():
        assert f"]({name_of(duty)})" in made[pages.INDEX]
    rows = [r for r in made[pages.BY_ROLE].splitlines() if r.startswith("| ") and "sign" not in r]
    assert len(rows) == sum(len(duty.attests) for duty in duties.values())
