from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from collector.judge.indicator import discover, quantities
from collector.judge.judge import known
from config.policy import Applies, Operator, Policies, TargetValue
from config.policy_file import load_policies
from config.policy_folder import POLICY_FOLDER
from config.strict import PolicyError
from probes.model import Unit

TARGETS = quantities(discover().targets)
KNOWN = known()
HEFEI = "target-hefei-bandwidth.toml"


@dataclass
class Place:
    adcode: str = "340199"
    unit_kind: str = "school"
    type_code: str = "211"
    policy_area: str = "urban"
    seat: str = "urban"
    tags: frozenset[str] = frozenset()


@pytest.fixture(scope="module")
def policies() -> Policies:
    return load_policies(TARGETS, KNOWN)


def row(policies: Policies, id: str) -> TargetValue:
    return next(target for target in policies.targets if target.id == id)


def changed(folder: Path, name: str, old: str, new: str) -> Path:
    """A folder with one shipped file, changed in one place."""
    text = (POLICY_FOLDER / name).read_text("utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), "utf-8")
    return folder


def test_hefei_table_is_complete_and_verbatim(policies: Policies) -> None:
    rows = [t for t in policies.targets if t.policy == "hefei.egress_per_class"]
    assert [(t.due.year, t.area, int(t.value), str(t.share), t.quote) for t in rows] == [
        (2016, "urban", 4_000_000, "1/2", "市区50%学校班均出口达4M以上"),
        (2016, "county", 4_000_000, "1/3", "县(市)1/3学校班均出口带宽达4M以上"),
        (2017, "urban", 4_000_000, "1", "市区、县(市)全部学校班均出口达4M以上"),
        (2017, "county", 4_000_000, "1", "市区、县(市)全部学校班均出口达4M以上"),
        (2018, "urban", 10_000_000, "1/3", "市区1/3学校班均出口达10M以上"),
        (2018, "county", 10_000_000, "1/5", "县(市)20%学校班均出口带宽达10M以上"),
        (2019, "urban", 10_000_000, "2/3", "市区2/3学校班均出口达10M以上"),
        (2019, "county", 10_000_000, "3/5", "县(市)60%学校班均出口带宽达10M以上"),
        (2020, "urban", 10_000_000, "1", "市区、县(市)全部学校班均出口达10M以上"),
        (2020, "county", 10_000_000, "1", "市区、县(市)全部学校班均出口达10M以上"),
    ]


def test_value_is_converted_to_base_units_and_kept_as_written(policies: Policies) -> None:
    access = row(policies, "national.access_100m.2020.all")
    assert (access.value, access.unit, access.written) == (
        Fraction(100_000_000),
        Unit.BITS_PER_SECOND,
        "100 Mbit/s",
    )
    assert access.quote == "百兆以上带宽光纤接入互联网100%"


def test_delivered_leg_asks_nine_tenths_on_twenty_readings_of_five_days(
    policies: Policies,
) -> None:
    delivery = row(policies, "hefei.egress_per_class.2018.urban").delivery
    assert delivery.tolerance == Fraction(9, 10)
    assert (delivery.minimum_readings, delivery.minimum_days) == (20, 5)
    assert delivery.origin == "default"


def test_cumulative_rows_stay_in_force(policies: Policies) -> None:
    due = [t.id for t in policies.targets_due(date(2018, 12, 31)) if "hefei.egress" in t.id]
    assert len(due) == 6
    assert "hefei.egress_per_class.2016.urban" in due


def test_row_is_in_force_on_its_due_date_and_not_before(policies: Policies) -> None:
    row_2018 = "hefei.egress_per_class.2018.urban"
    assert row_2018 in {t.id for t in policies.targets_due(date(2018, 12, 31))}
    assert row_2018 not in {t.id for t in policies.targets_due(date(2018, 12, 30))}


def test_superseding_rows_are_replaced_by_later_ones(tmp_path: Path) -> None:
    folder = changed(tmp_path, HEFEI, "cumulative = true", "cumulative = false")
    due = load_policies(TARGETS, KNOWN, folder).targets_due(date(2018, 12, 31))
    assert [t.id for t in due] == [
        "hefei.egress_per_class.2018.county",
        "hefei.egress_per_class.2018.urban",
    ]


def test_operator_includes_the_number_unless_it_says_more_than() -> None:
    half = Fraction(1, 2)
    assert Operator.AT_LEAST.holds(half, half)
    assert not Operator.MORE_THAN.holds(half, half)
    assert Operator.MORE_THAN.holds(half + Fraction(1, 10**9), half)


def test_ratio_that_reads_backwards_is_refused_with_at_least(tmp_path: Path) -> None:
    # 生机比不低于6:1 means at most six pupils to a computer.
    folder = changed(
        tmp_path,
        HEFEI,
        'indicator = "egress_bits_per_second_per_class"',
        'indicator = "students_per_computer"',
    )
    with pytest.raises(PolicyError, match=rf"{HEFEI}: operator: .*lower is better"):
        load_policies(TARGETS, KNOWN, folder)


@pytest.mark.parametrize(
    ("place", "bound"),
    [
        (Place(), True),
        (Place(adcode="610724"), False),
        (Place(unit_kind="office"), False),
        (Place(type_code="111"), False),
        (Place(type_code="218", unit_kind="point"), True),
    ],
)
def test_policy_binds_schools_of_its_adcodes(policies: Policies, place: Place, bound: bool) -> None:
    assert row(policies, "hefei.egress_per_class.2020.urban").covers(place) is bound


def test_teaching_points_can_be_left_out() -> None:
    without = Applies(include_teaching_points=False)
    assert not without.binds(Place(type_code="218"))
    assert not without.binds(Place(unit_kind="point"))
    assert without.binds(Place())


def test_tag_limits_a_policy() -> None:
    tagged = Applies(tags=frozenset({"smart_campus"}))
    assert not tagged.binds(Place())
    assert tagged.binds(Place(tags=frozenset({"smart_campus", "pilot"})))


def test_school_is_counted_in_its_own_area_only(policies: Policies) -> None:
    urban = row(policies, "hefei.egress_per_class.2020.urban")
    assert urban.covers(Place(policy_area="市区"))
    assert not urban.covers(Place(policy_area="county"))
    assert not urban.misplaces(Place(policy_area="county"))
    assert urban.misplaces(Place(policy_area=""))


def test_comment_does_not_change_the_revision_and_a_value_does(
    policies: Policies, tmp_path: Path
) -> None:
    first = row(policies, "hefei.egress_per_class.2016.urban").revision
    commented = changed(tmp_path, HEFEI, "# The plan counts", "# The plan still counts")
    assert load_policies(TARGETS, KNOWN, commented).targets[0].revision == first
    valued = changed(tmp_path, HEFEI, "value = 4", "value = 5")
    assert load_policies(TARGETS, KNOWN, valued).targets[0].revision != first


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("cumulative = true", "cumulative = true\ncumulativ = true", "cumulativ"),
        ('unit = "Mbit/s"', 'unit = "MB/s"', "unit"),
        ('unit = "Mbit/s"', 'unit = "%"', "unit"),
        (
            'indicator = "egress_bits_per_second_per_class"',
            'indicator = "egress_mbps_per_class"',
            "indicator",
        ),
        ('operator = ">="', 'operator = "=>"', "operator"),
        ('operator = ">="', 'operator = "<="', "operator"),
        ('share = "1/2"', 'share = "50"', r"target\[1\]\.share"),
        ('share = "1/2"', "share = 0.5", r"target\[1\]\.share"),
        ('share = "1/3"', 'share = "a third"', r"target\[2\]\.share"),
        ('area = "urban"', 'area = "village"', r"target\[1\]\.area"),
        ("due = 2016-12-31", 'due = "2016"', r"target\[1\]\.due"),
        ("value = 4", 'value = "4M"', r"target\[1\]\.value"),
        ("value = 4", "value = inf", r"target\[1\]\.value"),
        ("value = 4\n", "", r"target\[1\]\.value"),
        ('kind = "plan"', 'kind = "rumour"', r"origin\.kind"),
        ('zh = "班均出口带宽", ', "", r"title\.zh"),
        ("id = ", "id == ", "TOML"),
    ],
)
def test_mistake_is_refused_naming_file_and_key(
    tmp_path: Path, old: str, new: str, named: str
) -> None:
    with pytest.raises(PolicyError, match=rf"{HEFEI}.*{named}"):
        load_policies(TARGETS, KNOWN, changed(tmp_path, HEFEI, old, new))


def test_id_used_twice_is_refused(tmp_path: Path) -> None:
    text = (POLICY_FOLDER / HEFEI).read_text("utf-8")
    (tmp_path / "target-a.toml").write_text(text, "utf-8")
    (tmp_path / "target-b.toml").write_text(text, "utf-8")
    with pytest.raises(PolicyError, match=r"used twice: .*target-a\.toml, .*target-b\.toml"):
        load_policies(TARGETS, KNOWN, tmp_path)
