from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from collector.register.model import School
from collector.register.register import ALWAYS, Register
from collector.register.sheet.compare import compare, shown
from collector.register.sheet.decode import UnreadableSheetError
from collector.register.sheet.read import Sheet, read_sheet
from collector.register.sheet.remarks import SheetError
from collector.register.sheet.write import write_sheet
from probes.text import Language

EXAMPLE = Path(__file__).parents[3] / "config" / "examples" / "county.csv"
TODAY = date(2026, 3, 2)
HEADER = "学校代码,学校名称,行政区划代码,政策区域,小学班数,合同下行带宽(Mbit/s)"
GOOD = "9934000001,示例小学,340199,城区,12,100"


def read(text: str | bytes, known: dict[str, School] | None = None) -> Sheet:
    data = text.encode() if isinstance(text, str) else text
    return read_sheet(data, known or {}, {"default"})


def mistakes(text: str | bytes, known: dict[str, School] | None = None) -> list[tuple[int, str]]:
    """(line, English words) of each mistake."""
    with pytest.raises(SheetError) as caught:
        read(text, known)
    return [(m.line, m.full().en) for m in caught.value.mistakes]


def only(text: str | bytes, known: dict[str, School] | None = None) -> School:
    (row,) = read(text, known).rows
    return row.school


def test_example_county_is_read_without_a_remark() -> None:
    sheet = read(EXAMPLE.read_bytes())
    assert sheet.notices == []
    first, *_, last = [row.school for row in sheet.rows]
    assert (first.own_classes, first.links[0].contract_down_bits_per_second) == (30, 300_000_000)
    assert (last.policy_area, last.own_classes) == ("county", 18)


def test_example_county_shows_the_cases_that_differ() -> None:
    schools = {row.school.code[-1]: row.school for row in read(EXAMPLE.read_bytes()).rows}
    assert schools["3"].links[0].contract_down_bits_per_second is None
    assert schools["4"].links[0].shared_classes == schools["5"].own_classes
    assert schools["5"].unit_kind == "point"
    assert schools["6"].own_classes == 0


def test_ten_mistakes_are_named_with_their_lines_and_nothing_is_imported(
    register: Register,
) -> None:
    lines = [
        "XXDM,学校名称,XZQHM,政策区域,小学学生数,初中学生数,小学班数,合同下行带宽（Mbps）,线路用途",
        "993400001,九位代码,340199,城区,1,,1,100,主用",
        "9934000002,,340199,城区,1,,1,100,主用",
        "9934000003,区划代码不存在,990199,城区,1,,1,100,主用",
        "9934000004,区域写错,340199,镇上,1,,1,100,主用",
        "9934000005,班数带单位,340199,城区,1,,12个班,100,主用",
        "9934000006,字节当比特,340199,城区,1,,1,100MB/s,主用",
        "9934000007,用途写错,340199,城区,1,,1,100,随便",
        "9934000008,=HYPERLINK(1),340199,城区,1,,1,100,主用",
        "9934000009,初中没有班数,340199,城区,500,300,12,100,主用",
        "9934000004,代码重复,340199,城区,1,,1,100,主用",
        '"9934000010","没有错,真的",340199,县,"1,234",,30,1G,主用',
    ]
    found = mistakes("\n".join(lines))
    wanted = [
        (2, "this has 9"),
        (3, "must be filled in"),
        (4, "no province"),
        (5, "urban"),
        (6, "12个班"),
        (7, "may mean bytes"),
        (8, "edu_net"),
        (9, "formula"),
        (10, "junior has students but no classes"),
        (11, "same as on line 5"),
    ]
    assert [line for line, _ in found] == [line for line, _ in wanted]
    for (_, said), (_, words) in zip(found, wanted, strict=True):
        assert words in said
    assert register.schools(TODAY) == []


def test_mistakes_of_one_line_are_all_named() -> None:
    found = mistakes(f"{HEADER}\n1,-坏,abc,?,-3,快")
    assert [line for line, _ in found] == [2] * 6


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_any_encoding_and_delimiter_reads_the_same(encoding: str, delimiter: str) -> None:
    text = f"{HEADER}\r\n{GOOD}\r\n".replace(",", delimiter)
    assert only(text.encode(encoding)) == only(f"{HEADER}\n{GOOD}")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"PK\x03\x04rest", "Excel workbook"),
        (b"\xff\xff\xff\x80", "neither UTF-8 nor GB18030"),
        (b"a,b\0c", "neither UTF-8 nor GB18030"),
        (b'a,b\n"open', "not valid CSV"),
    ],
)
def test_file_that_is_no_csv_is_refused_as_a_whole(data: bytes, words: str) -> None:
    with pytest.raises(UnreadableSheetError, match=words):
        read(data)


def test_line_numbers_count_blank_lines_and_lines_in_quotes() -> None:
    text = f'{HEADER}\n\n"9934000001","两\n行",340199,城区,12,100\n9934000002,好,340199,城区,x,1M'
    assert [line for line, _ in mistakes(text)] == [3, 5]


@pytest.mark.parametrize(
    "header",
    [
        "school_code,school_name,XZQHM,policy_area,classes_primary,contract_down_mbps",
        "XXDM,XXMC,行政区划代码,area,primary classes,Contract Down (Mbit/s)",
        "code,name,adcode,policy_area,classes.primary,link1.contract_down(Mbps)",
        "学校标识码,校名,区划码,区域,小学班级数,合同带宽（兆）",
        "学校 代码,学校名称,行政区划代码,政策区域,小学教学班数,合同下行带宽Mbps",
    ],
)
def test_headers_in_any_tongue_mean_the_same(header: str) -> None:
    assert only(f"{header}\n{GOOD}") == only(f"{HEADER}\n{GOOD}")


@pytest.mark.parametrize(
    ("cell", "bits"),
    [
        ("300", 300_000_000),
        ("1.5", 1_500_000),
        ("100M", 100_000_000),
        ("1000m", 1_000_000_000),
        ("1G", 1_000_000_000),
        ("2,000 Mbit/s", 2_000_000_000),
        ("１００Ｍ", 100_000_000),
        ("100 Mb/s", 100_000_000),
        ("512 kbps", 512_000),
        ("50兆", 50_000_000),
    ],
)
def test_bandwidth_is_read_in_bits(cell: str, bits: int) -> None:
    school = only(f'{HEADER}\n9934000001,好,340199,城区,12,"{cell}"')
    assert school.links[0].contract_down_bits_per_second == bits


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("100MB/s", "may mean bytes"),
        ("100MB", "may mean bytes"),
        ("100MBps", "may mean bytes"),
        ("100 mb/s", "may mean bytes"),
        ("100兆字节", "may mean bytes"),
        ("100X", "unknown unit"),
        ("0", "no contract"),
        ("1,5", "unknown unit"),
        ("无", "not a bandwidth"),
        ("-100", "not a bandwidth"),
        ("300000000", "impossible"),
    ],
)
def test_bandwidth_that_may_be_misread_is_refused(cell: str, words: str) -> None:
    ((line, said),) = mistakes(f'{HEADER}\n9934000001,好,340199,城区,12,"{cell}"')
    assert line == 2
    assert words in said


def test_bandwidth_without_a_unit_anywhere_is_refused() -> None:
    header = HEADER.replace("(Mbit/s)", "")
    ((_, said),) = mistakes(f"{header}\n{GOOD}")
    assert "name it in the header" in said
    assert only(f"{header}\n{GOOD}M").links[0].contract_down_bits_per_second == 100_000_000


def test_header_in_bytes_is_refused() -> None:
    ((line, said),) = mistakes(HEADER.replace("Mbit/s", "MB/s") + "\n" + GOOD)
    assert (line, "1 MB/s = 8 Mbit/s" in said) == (1, True)


@pytest.mark.parametrize(
    ("cell", "number"), [("0", 0), ("30.0", 30), ('"1,234"', 1234), ("１２", 12)]
)
def test_counts_are_read_as_spreadsheets_write_them(cell: str, number: int) -> None:
    school = only(f"{HEADER}\n9934000001,好,340199,城区,{cell},100")
    assert school.classes == {"primary": number}


@pytest.mark.parametrize("cell", ["-1", "12.5", "十二", "1e3", '"1,23"', "99999999", "无", "/"])
def test_count_that_is_none_is_refused(cell: str) -> None:
    assert len(mistakes(f"{HEADER}\n9934000001,好,340199,城区,{cell},100")) == 1


def test_missing_classes_are_unknown_and_said_so() -> None:
    sheet = read(f"{HEADER}\n9934000001,好,340199,城区,,100")
    assert sheet.rows[0].school.own_classes is None
    assert "nothing per class" in sheet.notices[0].full().en


def test_code_that_a_spreadsheet_spoilt_is_explained() -> None:
    ((_, said),) = mistakes(f"{HEADER}\n9.934E+09,好,340199,城区,1,100")
    assert "format the column as text" in said


def test_code_that_a_spreadsheet_protects_is_read() -> None:
    assert only(f'{HEADER}\n"=""9934000001""",好,340199,城区,1,100').code == "9934000001"


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "@SUM(1)", "+1", "-1", "a\tb", "a\u202eb"])
def test_name_that_would_run_or_hide_is_refused(name: str) -> None:
    assert len(mistakes(f'{HEADER}\n9934000001,"{name}",340199,城区,1,100')) == 1


def test_odd_code_is_noticed_and_imported() -> None:
    sheet = read(f"{HEADER}\n9911000001,好,340199,城区,1,100")
    assert [notice.value for notice in sheet.notices] == ["9911000001"]
    assert len(sheet.rows) == 1


def test_mistyped_column_is_a_mistake_and_a_foreign_one_is_ignored() -> None:
    ((_, said),) = mistakes(f"{HEADER.replace('小学班数', '小学斑数')}\n{GOOD}")
    assert "primary classes" in said
    sheet = read(f"{HEADER},校长电话\n{GOOD},00000000")
    assert [notice.column.zh for notice in sheet.notices] == ["校长电话"]


def test_header_mistakes_are_named() -> None:
    assert mistakes(f"{HEADER},XXMC\n{GOOD},再来") == [
        (1, 'Line 1, column "XXMC": same as "学校名称"; keep one.')
    ]
    assert "no column" in mistakes(f"{HEADER.replace('学校代码', '备注')}\n{GOOD}")[0][1]
    assert "no school follows" in mistakes(HEADER)[0][1]


def test_shifted_line_is_refused() -> None:
    ((line, said),) = mistakes(f"{HEADER}\n{GOOD}\n9934000002,少一格,340199,城区,12")
    assert (line, "5 cells where the header has 6" in said) == (3, True)


def test_unknown_calendar_is_refused_with_those_that_exist() -> None:
    ((_, said),) = mistakes(f"{HEADER},校历\n{GOOD},mountain")
    assert "default" in said


def test_column_that_is_not_there_leaves_what_is_known(school: School) -> None:
    text = "学校代码,专任教师数\n9934000001,129"
    after = only(text, {school.code: replace(school, calendar="default")})
    assert after == replace(school, calendar="default", teachers=129)


def test_empty_cell_says_that_it_is_not_known(school: School) -> None:
    text = "学校代码,专任教师数,合同下行带宽\n9934000001,,"
    after = only(text, {school.code: replace(school, calendar="default")})
    assert after.teachers is None
    assert after.links[0].contract_down_bits_per_second is None
    assert after.links[0].name == "主线"


def test_second_line_has_columns_of_its_own() -> None:
    text = f"{HEADER},线路2运营商,线路2合同下行带宽(Mbit/s),线路用途2\n{GOOD},乙,1G,备用"
    first, second = only(text).links
    assert (first.role, first.contract_down_bits_per_second) == ("primary", 100_000_000)
    assert (second.isp, second.role, second.contract_down_bits_per_second) == (
        "乙",
        "backup",
        1_000_000_000,
    )


@pytest.mark.parametrize("language", list(Language))
def test_schools_written_as_csv_come_back_equal(school: School, language: Language) -> None:
    school = replace(school, calendar="default", rooms=())  # which have a sheet of their own
    bare = School(code="9934000002", name="空", adcode="340199")
    text = write_sheet([school, bare], language)
    assert [row.school for row in read(text).rows] == [school, bare]


def test_compare_tells_new_changed_and_unchanged(school: School) -> None:
    school = replace(school, calendar="default", rooms=())  # which have a sheet of their own
    text = "学校代码,学校名称,行政区划代码,专任教师数\n9934000001,示例实验学校,340199,130\n"
    text += "9934000002,新,340199,\n9934000003,旧,340199,"
    old = School(code="9934000003", name="旧", adcode="340199")
    known = {school.code: school, old.code: old}
    changes = compare(read(text, known).rows, known, None, TODAY)
    assert [(c.kind, c.school.valid_from) for c in changes] == [
        ("changed", TODAY),
        ("new", ALWAYS),
        ("unchanged", TODAY),
    ]
    assert changes[0].differences == {"teachers": (128, 130)}


def test_date_in_the_sheet_wins_over_the_date_of_the_import() -> None:
    text = f"{HEADER},生效日期\n{GOOD},2026/9/1\n{GOOD.replace('01,', '02,', 1)},"
    changes = compare(read(text).rows, {}, date(2026, 5, 1), TODAY)
    assert [c.school.valid_from for c in changes] == [date(2026, 9, 1), date(2026, 5, 1)]


def test_facts_are_shown_in_the_readers_words() -> None:
    key = "link1.contract_down_bits_per_second"
    assert shown(key, 1_500_000, Language.ZH) == "1.5 Mbit/s"
    assert shown("unit_kind", "point", Language.ZH) == "教学点"
    assert shown("unit_kind", "point", Language.EN) == "point"
    assert shown("teachers", None, Language.EN) == "—"


@pytest.mark.parametrize(
    ("columns", "values", "says"),
    [
        ("主要教学场所数,已配班班通的场所数", "20,21", "21 in all, more than 20"),
        ("网络多媒体教室间数,小学网络多媒体教室间数,初中网络多媒体教室间数", "9,6,4", "10 in all"),
    ],
)
def test_parts_that_are_more_than_the_whole_are_refused(
    columns: str, values: str, says: str
) -> None:
    ((line, text),) = mistakes(f"{HEADER},{columns}\n{GOOD},{values}")
    assert line == 2
    assert says in text


def test_declared_numbers_and_answers_are_read_and_an_empty_cell_is_not_known() -> None:
    columns = "所在地,录播教室间数,学生终端数,智慧课堂,智慧校园已验收"
    found = only(f"{HEADER},{columns}\n{GOOD},县城,0,,是,否")
    assert found.seat == "county_town"
    assert found.counts == {"recording_rooms": 0}
    assert found.claims == {"smart_classroom": True, "smart_campus": False}
    ((_, text),) = mistakes(f"{HEADER},{columns}\n{GOOD},县城,0,,大概,否")
    assert "yes or no" in text
