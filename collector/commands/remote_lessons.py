"""`banjun-collector remote-lessons check|show`: the county's list of remote lessons."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from collector.commands.output import say, show_json, show_table
from collector.commands.parser import FAILED, OK, Subparsers, add_json, command
from collector.commands.register_access import opened
from probes.text import BanjunError, Language, Text

if TYPE_CHECKING:
    from collector.register.model import School
    from collector.remote.model import RemoteLesson

_TITLES = (
    Text("学校代码", "school"),
    Text("学校名称", "name"),
    Text("时间", "when"),
    Text("类型", "kind"),
    Text("会议点", "meeting point"),
    Text("对方学校", "partner"),
    Text("起始日期", "since"),
    Text("截止日期", "until"),
)


class NoListError(BanjunError):
    """There is no list where one was looked for."""


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "remote-lessons",
        language,
        title=Text("远程课表：检查、列出", "the list of remote lessons: check, show"),
        about=Text(
            "哪些课是专递课堂、同步课堂，写在数据目录的 remote-lessons.csv 里，与学校名单一样可用 "
            "Excel 编辑、存为 CSV。改动在几秒内生效，不必重启。说明见 docs/remote-lessons.md。",
            "Which lessons are given or received over the network stands in remote-lessons.csv of "
            "the data directory, edited like the list of schools. A change takes effect within "
            "seconds, without a restart. docs/remote-lessons.md explains it.",
        ),
        examples=[
            (
                "remote-lessons check config/examples/remote-lessons.csv",
                Text("放进数据目录之前先检查", "before it is put into the data directory"),
            ),
        ],
    )
    actions = parser.add_subparsers(
        title=Text("操作", "actions")(language), metavar="ACTION", required=True
    )
    _add_check(actions, language)
    _add_show(actions, language)


def _add_check(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "check",
        language,
        title=Text("检查课表，逐行说出问题", "say what is wrong, line by line"),
        about=Text(
            "也与登记库和校历核对：没有登记的学校、当天没有的节次。有问题时退出码不为 0。",
            "It is also held against the register and the timetables: schools that are not "
            "registered, lessons that a day does not have. The exit code is not 0 if there is any.",
        ),
        examples=[("remote-lessons check", Text("检查正在使用的", "the one in use"))],
        run=run_check,
    )
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE",
        help=Text(
            "CSV 文件；默认数据目录中的", "CSV file; that of the data directory unless given"
        )(language),
    )


def _add_show(actions: Subparsers, language: Language) -> None:
    parser = command(
        actions,
        "show",
        language,
        title=Text("列出正在使用的课表", "show the list in use"),
        about=Text("按学校和时间列出。", "By school and time."),
        examples=[("remote-lessons show", Text("列出", "show"))],
        run=run_show,
    )
    add_json(parser, language)


def run_check(args: argparse.Namespace) -> int:
    from collector.judge.judge import read_policies
    from collector.remote.check import remarks_on
    from config.calendar_file import load_calendar

    lessons = _lessons(args.data_dir, args.file)
    rules = read_policies().remote_class
    least = timedelta(minutes=rules.lesson.minimum_minutes if rules else 0)
    remarks = remarks_on(lessons, _schools(args.data_dir), load_calendar(), least)
    for remark in remarks:
        say(remark.full(), args.language)
    schools = len({lesson.school for lesson in lessons})
    points = len({lesson.meeting for lesson in lessons if lesson.meeting})
    say(
        Text(
            f"每周 {len(lessons)} 节远程课，{schools} 所学校，{points} 个会议点；"
            f"{len(remarks)} 处问题。",
            f"{len(lessons)} remote lessons a week, {schools} schools, {points} meeting points; "
            f"{len(remarks)} remarks.",
        ),
        args.language,
    )
    return FAILED if remarks else OK


def run_show(args: argparse.Namespace) -> int:
    lessons = sorted(
        _lessons(args.data_dir, None), key=lambda one: (one.school, one.weekday, one.line)
    )
    schools = _schools(args.data_dir)
    if args.json:
        show_json([_plain(lesson) for lesson in lessons])
    else:
        rows = [_row(lesson, schools.get(lesson.school), args.language) for lesson in lessons]
        show_table([title(args.language) for title in _TITLES], rows)
    return OK


def _lessons(data_dir: Path, file: Path | None) -> Sequence[RemoteLesson]:
    from collector.remote.lessons import FILE, load_remote_lessons

    path = file or data_dir / FILE
    if not path.exists():
        raise NoListError(
            Text(
                f"{path} 不存在；课表的写法见 docs/remote-lessons.md。",
                f"There is no {path}; docs/remote-lessons.md says how to write one.",
            )
        )
    return load_remote_lessons(path).lessons


def _schools(data_dir: Path) -> dict[str, School]:
    with opened(data_dir) as register:
        return {school.code: school for school in register.schools(register.today())}


def _row(lesson: RemoteLesson, school: School | None, language: Language) -> list[object]:
    from collector.remote.model import KIND_TITLES

    return [
        lesson.school,
        school.name if school else None,
        lesson.when(language),
        KIND_TITLES[lesson.kind](language),
        lesson.meeting,
        lesson.partner or None,
        lesson.since,
        lesson.until,
    ]


def _plain(lesson: RemoteLesson) -> dict[str, object]:
    """As the columns of the list; None = not said."""
    return {
        "line": lesson.line,
        "school": lesson.school,
        "weekday": lesson.weekday + 1,
        "lesson": lesson.number or None,
        "start": f"{lesson.start:%H:%M}" if lesson.start else None,
        "end": f"{lesson.end:%H:%M}" if lesson.end else None,
        "kind": lesson.kind.value,
        "meeting_point": str(lesson.meeting) if lesson.meeting else None,
        "partner": lesson.partner or None,
        "since": lesson.since.isoformat() if lesson.since else None,
        "until": lesson.until.isoformat() if lesson.until else None,
    }
