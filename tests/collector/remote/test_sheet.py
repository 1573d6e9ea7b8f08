from __future__ import annotations

from datetime import date, time
from pathlib import Path

import pytest

from collector.register.sheet.remarks import SheetError
from collector.remote.model import Kind, MeetingPoint
from collector.remote.sheet import read_lessons

EXAMPLE = Path(__file__).parents[3] / "config" / "examples" / "remote-lessons.csv"
HEADER = "学校代码,星期,节次,开始,结束,类型,会议点,对方学校代码,起始日期,截止日期"
LINE = "9934000001,周二,3,,,主讲,meet.example.edu.cn,9934000004,2026-09-01,2027-01-22"


def mistakes(*lines: str, header: str = HEADER) -> str:
    with pytest.raises(SheetError) as caught:
        read_lessons("\n".join([header, *lines]).encode())
    return caught.value.text.zh


def test_shipped_example_is_understood() -> None:
    give, receive, timed = read_lessons(EXAMPLE.read_bytes())
    assert (give.kind, receive.kind) == (Kind.GIVE, Kind.RECEIVE)
    assert (give.weekday, give.number, give.partner) == (1, 3, "9934000004")
    assert give.meeting == MeetingPoint("meet.example.edu.cn", 443)
    assert (give.since, give.until) == (date(2026, 9, 1), date(2027, 1, 22))
    assert (timed.start, timed.end, timed.number) == (time(14, 50), time(15, 30), 0)
    assert (timed.meeting, timed.partner, timed.since) == (None, "", None)


def test_what_excel_makes_of_it_and_english_words_are_understood() -> None:
    text = (
        "\ufeffschool code;weekday;lesson;kind;meeting point\r\n"
        '="9934000001";Tuesday;3;give;[2001:db8::7]:5061\r\n'
    )
    (lesson,) = read_lessons(text.encode())
    assert (lesson.weekday, lesson.number) == (1, 3)
    assert lesson.meeting is not None
    assert (lesson.meeting.host, lesson.meeting.target) == (
        "2001:db8::7",
        "meeting.[2001:db8::7]:5061",
    )
    assert read_lessons(f"{HEADER}\n{LINE}".encode("gb18030"))[0].kind is Kind.GIVE


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("9934000001", "99340", "第 2 行，“学校代码”列，值“99340”"),
        ("周二", "周八", "第 2 行，“星期”列，值“周八”"),
        ("主讲", "旁听", "第 2 行，“类型”列，值“旁听”"),
        ("meet.example.edu.cn", "https://x/y", "“会议点”列，值“https://x/y”：应为 主机:端口"),
        ("meet.example.edu.cn", "meet:99999", "“会议点”列"),
        ("2027-01-22", "2026-08-01", "“截止日期”列，值“2026-08-01”：早于起始日期"),
        ("9934000004", "9934000001", "“对方学校代码”列"),
        (",3,,,", ",3,14:00,14:40,", "二者填其一"),
        (",3,,,", ",,,,", "二者填其一"),
        (",3,,,", ",,14:00,,", "二者填其一"),
        (",3,,,", ",,14:40,14:00,", "“结束”列，值“14:00”：应晚于开始"),
        (",3,,,", ",25,,,", "“节次”列，值“25”"),
        ("主讲,", "", "9 个单元格"),
    ],
)
def test_mistake_is_named_by_line_column_and_value(old: str, new: str, named: str) -> None:
    assert named in mistakes(LINE.replace(old, new))


def test_every_mistake_is_named_at_once() -> None:
    said = mistakes(LINE.replace("周二", "周八"), LINE.replace("主讲", "旁听"))
    assert "2 处错误" in said
    assert "第 3 行" in said


def test_header_without_a_needed_column_or_with_a_strange_one_is_refused() -> None:
    assert "“类型”列：表头里没有这一列" in mistakes(LINE, header=HEADER.replace("类型", "类别"))


def test_same_hour_twice_is_refused_unless_dates_part_it() -> None:
    assert "与第 2 行是同一节课" in mistakes(LINE, LINE.replace("主讲", "接收"))
    next_term = LINE.replace("2026-09-01", "2027-02-22").replace("2027-01-22", "2027-07-02")
    assert len(read_lessons(f"{HEADER}\n{LINE}\n{next_term}".encode())) == 2
