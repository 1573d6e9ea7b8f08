from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from collector.judge import pages
from collector.judge.capacity import NO_PROBE
from collector.judge.indicator import discover
from collector.judge.judge import Judge, read_policies, window_for
from collector.judge.model import LegName, Verdict, Window
from collector.judge.periods import school_periods
from collector.judge.rows import area_rows, rows, school_rows
from config.calendar import Calendar
from config.policy import Policies
from config.strict import PolicyError
from config.threshold_file import load_thresholds
from probes.catalog import Catalog
from probes.catalog import discover as discover_probes
from tests.collector.judge.town import TownStore, agent, catalog, school

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
TODAY = date(2026, 11, 23)
LESSONS = 136
"""Of the default calendar in the thirty days up to NOW, those that are over."""
OF_TARGETS = {"tolerance", "tolerance_origin", "value_origin", "verified"}
WEEK = [date(2026, 11, day) for day in (16, 17, 18, 19, 20)]


def test_live_window_is_the_last_thirty_days_and_a_past_one_its_month() -> None:
    assert window_for(TODAY, NOW) == Window(date(2026, 10, 25), TODAY)
    assert window_for(date(2024, 2, 10), NOW) == Window(date(2024, 2, 1), date(2024, 2, 29))
    assert window_for(date(2018, 12, 31), NOW) == Window(date(2018, 12, 1), date(2018, 12, 31))


def test_today_is_the_day_in_china() -> None:
    late = datetime(2026, 11, 22, 17, tzinfo=UTC)
    assert window_for(TODAY, late).last == TODAY


def test_without_a_capacity_probe_the_delivered_leg_says_exactly_that(
    policies: Policies, calendar: Calendar
) -> None:
    judge = Judge(catalog(with_capacity=False), policies, calendar)
    found = judge.judge([school("A", classes=10)], TownStore(), [], TODAY, NOW)
    for verdict in found.schools:
        assert verdict.verdict is Verdict.UNDETERMINED
        assert verdict.finding.reason == NO_PROBE


def test_failing_contract_decides_even_without_a_capacity_probe(
    policies: Policies, calendar: Calendar
) -> None:
    judge = Judge(catalog(with_capacity=False), policies, calendar)
    found = judge.judge([school("A", classes=48)], TownStore(), [], TODAY, NOW)
    assert {v.target.id: v.verdict for v in found.schools} == {
        "hefei.egress_per_class.2017.urban": Verdict.NOT_MET,
        "hefei.egress_per_class.2020.urban": Verdict.NOT_MET,
        "national.access_100m.2020.all": Verdict.UNDETERMINED,
    }


def test_readings_of_days_without_school_do_not_count(judge: Judge) -> None:
    one = school("A", classes=10)
    weekend, store = [date(2026, 11, 14), date(2026, 11, 15)], TownStore()
    store.capacity("A", WEEK, [95, 95, 95, 95])
    store.capacity("A", weekend, [1] * 6)
    store.capacity("A", [d - timedelta(days=7) for d in weekend], [1] * 6)
    found = judge.judge([one], store, [], TODAY, NOW)
    assert {v.verdict for v in found.schools} == {Verdict.MET}
    leg = found.schools[0].finding.legs[1]
    assert (leg.name, leg.evidence.n, leg.evidence.days) == (LegName.DELIVERED, 20, 5)


def test_readings_after_now_do_not_count(judge: Judge) -> None:
    store = TownStore()
    store.capacity("A", WEEK, [95, 95, 95, 95])
    early = datetime(2026, 11, 20, 0, 15, tzinfo=UTC)
    found = judge.judge([school("A", classes=10)], store, [], early.date(), early)
    assert found.schools[0].finding.legs[1].evidence.n == 18


def test_inconclusive_readings_are_no_evidence(judge: Judge) -> None:
    store = TownStore()
    store.capacity("A", WEEK, [95, 95, 95, 95], validity="inconclusive")
    store.capacity("A", WEEK, [95, 95, 95, 95], direction="up")
    found = judge.judge([school("A", classes=10)], store, [], TODAY, NOW)
    assert {v.verdict for v in found.schools} == {Verdict.UNDETERMINED}


def test_school_without_classes_is_left_out_of_the_area(judge: Judge) -> None:
    schools = [school("A", classes=10), school("B", classes=0)]
    store = TownStore()
    store.capacity("A", WEEK, [95, 95, 95, 95])
    found = judge.judge(schools, store, [], TODAY, NOW)
    area = next(a for a in found.areas if a.target.id == "hefei.egress_per_class.2020.urban")
    assert (area.verdict, area.tally.total, area.tally.not_applicable) == (Verdict.MET, 1, 1)
    assert "另有 1 所不适用" in area.population.zh


def test_school_of_unknown_area_is_named_and_not_dropped_silently(judge: Judge) -> None:
    schools = [school("A"), replace(school("B"), policy_area="")]
    found = judge.judge(schools, TownStore(), [], TODAY, NOW)
    area = next(a for a in found.areas if a.target.area == "urban")
    assert "另有 1 所的区域未登记" in area.population.zh


def test_areas_are_taken_over_the_city_or_the_county_as_policy_says(judge: Judge) -> None:
    schools = [school("A"), school("B", adcode="340122"), school("C", adcode="610724")]
    found = judge.judge(schools, TownStore(), [], TODAY, NOW)
    regions = {a.target.policy: [] for a in found.areas}  # type: dict[str, list[str]]
    for area in found.areas:
        if area.target.due.year == 2020:
            regions[area.target.policy].append(area.region)
    assert regions == {
        "hefei.egress_per_class": ["3401"],
        "national.access_100m": ["340122", "340199", "610724"],
        "xixiang.platforms": [],  # due in 2021
        "xixiang.remote_class": [],
    }


def test_area_is_split_by_urban_rural_class(judge: Judge) -> None:
    schools = [school("A"), school("B", "county"), replace(school("C"), urban_code="")]
    found = judge.judge(schools, TownStore(), [], TODAY, NOW)
    access = next(a for a in found.areas if a.target.policy == "national.access_100m")
    assert [(title.zh, tally.total) for title, tally in access.split] == [
        ("城区", 1),
        ("乡村", 1),
        ("未登记城乡分类", 1),
    ]


def test_rows_are_plain_data_with_their_evidence_and_source(judge: Judge) -> None:
    store = TownStore()
    store.capacity("A", WEEK, [95, 95, 95, 95])
    store.firewall("A", "a1", NOW - timedelta(minutes=5), 0)
    found = judge.judge([school("A", classes=10)], store, [agent("a1", "A")], TODAY, NOW)
    plain = json.loads(json.dumps(rows(found)))
    by_id = {row["target_value"]: row for row in plain["schools"]}
    target = by_id["hefei.egress_per_class.2020.urban"]
    assert target["verdict"] == "met"
    assert target["value_text"]["zh"] == "实测下行 9.5 Mbit/s"
    assert target["required_text"]["zh"] == "≥ 10 Mbit/s"
    assert (target["evidence_n"], target["coverage"]) == (20, 5 / LESSONS)
    assert target["age_seconds"] == 3 * 86400 + 3.5 * 3600
    assert target["document"] == "合肥市教育信息化重点工作(2016-2020年)"
    assert target["quote"] == "市区、县(市)全部学校班均出口达10M以上"
    assert target["register_revision"] == "r-A"
    duty = by_id["duty.host_firewall"]
    assert (duty["verdict"], duty["clause"]) == ("fail", "第二十三条第（二）项")
    assert duty["age_seconds"] == 300
    assert target.keys() - OF_TARGETS <= duty.keys()


def test_table_value_without_a_measurement_is_named_as_contracted(judge: Judge) -> None:
    found = judge.judge([school("A", classes=10)], TownStore(), [], TODAY, NOW)
    row = next(r for r in school_rows(found) if r["target_value"].endswith("2020.urban"))
    assert (row["verdict"], row["value_leg"]) == ("undetermined", "contract")
    assert row["value_text"]["zh"] == "合同下行 10 Mbit/s"
    assert (row["evidence_n"], row["coverage"], row["age_seconds"]) == (0, 0, None)


def test_area_rows_print_exact_shares_and_the_population(judge: Judge) -> None:
    schools = [school(code, classes=48) for code in "ABC"]
    found = judge.judge(schools, TownStore(), [], TODAY, NOW)
    row = next(r for r in area_rows(found) if r["target_value"].endswith("2018.urban"))
    assert (row["share"], row["low"], row["high"]) == ("1/3", "0", "0")
    assert (row["verdict"], row["missing_schools"]) == ("not_met", 1)
    assert row["reason"]["zh"] == "3 所中 0 所达标、0 所无法判定；要求至少 1/3，即 1 所。"
    assert "教学点 0 所" in row["population"]["zh"]


def test_area_is_never_read_as_met_while_nothing_is_known(judge: Judge) -> None:
    schools = [school(code, contract=None) for code in "ABC"]
    found = judge.judge(schools, TownStore(), [], TODAY, NOW)
    assert {a.verdict for a in found.areas} == {Verdict.UNDETERMINED}


def test_same_facts_give_the_same_judgement(judge: Judge) -> None:
    schools, store = [school("A"), school("B", "county")], TownStore()
    store.capacity("A", WEEK, [95, 95, 95, 95])
    first = judge.judge(schools, store, [], TODAY, NOW)
    assert judge.judge(schools, store, [], TODAY, NOW) == first


def test_duty_on_a_metric_that_no_probe_measures_is_refused(
    policies: Policies, calendar: Calendar
) -> None:
    with pytest.raises(PolicyError, match=r"duty\.host_firewall.*posture_firewall"):
        Judge(Catalog([]), policies, calendar)


def test_every_indicator_of_the_design_so_far_is_discovered() -> None:
    found = discover()
    assert sorted(found.targets) == [
        "available_bits_per_second_p20_in_lessons",
        "available_bits_per_second_per_class_p20_in_lessons",
        "bbt_equipped_ratio",
        "bbt_ready_ratio",
        "bbt_use_ratio",
        "capacity_coverage_ratio_in_lessons",
        "computer_room_ready_ratio",
        "congested_lessons_count",
        "digital_campus_accepted",
        "digital_lab_equipped",
        "education_network_bits_per_second",
        "education_network_reachable_ratio",
        "egress_bits_per_second",
        "egress_bits_per_second_per_class",
        "egress_utilisation_p95_in_lessons",
        "exam_room_ready_ratio",
        "gateway_uptime_ratio",
        "gear_answering_ratio_in_lessons",
        "networked_multimedia_rooms_per_100_junior_students",
        "networked_multimedia_rooms_per_100_primary_students",
        "platform_reachable_ratio_in_lessons",
        "recording_room_equipped",
        "recording_room_online_ratio_in_lessons",
        "remote_class_codec_online_ratio",
        "remote_lesson_good_ratio",
        "remote_lessons_held_count",
        "smart_campus_accepted",
        "smart_classroom_in_use",
        "students_per_computer",
        "teachers_per_computer",
        "uplink_up_ratio",
        "wifi_coverage_ratio",
    ]


def test_periods_follow_each_schools_own_calendar(calendar: Calendar) -> None:
    schools = [school("A"), replace(school("B"), calendar="senior")]
    day = datetime(2026, 11, 22, 16, tzinfo=UTC)
    found = school_periods(calendar, schools, day, day + timedelta(days=1))
    lessons = [p.school for p in found if p.kind == "lesson"]
    assert (lessons.count("A"), lessons.count("B")) == (7, 10)


def test_policy_pages_are_up_to_date() -> None:
    folder = Path(pages.__file__).parents[2] / "docs" / "policies"
    rendered = pages.render(read_policies(), load_thresholds(discover_probes()))
    assert pages.PAGES.stale(rendered, folder) == []


def test_check_names_a_page_that_differs_and_writing_mends_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(tmp_path)
    assert pages.main([folder, "--check"]) == 1
    assert "hefei.egress_per_class.md" in capsys.readouterr().out
    assert pages.main([folder]) == 0
    assert pages.main([folder, "--check"]) == 0
    (tmp_path / "gone.md").write_text(pages.NOTICE, "utf-8")
    (tmp_path / "README.md").write_text("手写", "utf-8")
    assert pages.main([folder]) == 0
    assert not (tmp_path / "gone.md").exists()
    assert (tmp_path / "README.md").exists()
