"""`banjun-collector query`: a statistic of stored readings."""

from __future__ import annotations

import argparse
import re
from datetime import UTC, datetime

from collector.commands.client import ask
from collector.commands.output import say, show_json, show_rows
from collector.commands.parser import OK, Parser, Subparsers, add_json, command
from probes.text import Language, Text

PERIODS = ("lesson", "break", "school_day", "off")


def add(subparsers: Subparsers, language: Language) -> None:
    parser = command(
        subparsers,
        "query",
        language,
        title=Text("查询测量值", "ask for a statistic of readings"),
        about=Text(
            "统计量：mean min max sum count p05 p10 p20 p50 p90 p95 p99；time_share(>=0.7) "
            "是满足条件的读数所占比例；latest 是最新值。"
            "百分位数直接取自原始读数，不是平均数的平均。",
            "Statistics: mean min max sum count p05 p10 p20 p50 p90 p95 p99; time_share(>=0.7) is "
            "the share of readings that satisfy a bound; latest the newest value. Percentiles are "
            "of all readings, never an average of averages.",
        ),
        examples=[
            (
                "query icmp_echo.loss_ratio --statistic p95 --by school --since 7d",
                Text("各校一周的丢包", "a week's loss of each school"),
            ),
            (
                "query tcp_connect.reachable --by school --period lesson",
                Text("只看上课时间", "in lessons only"),
            ),
            (
                "query host_resources.cpu_ratio --statistic 'time_share(>=0.9)' --by agent",
                Text("各机器繁忙的时间占比", "how much of the time each machine was busy"),
            ),
        ],
        run=run,
    )
    _add_arguments(parser, language)


def _add_arguments(parser: Parser, language: Language) -> None:
    parser.add_argument(
        "metric",
        metavar="PROBE.METRIC",
        help=Text("探测.指标", "what was measured, such as icmp_echo.loss_ratio")(language),
    )
    parser.add_argument(
        "--statistic",
        default="mean",
        metavar="NAME",
        help=Text("统计量，默认 mean", "statistic; mean unless given")(language),
    )
    parser.add_argument(
        "--by",
        default="school",
        metavar="COLUMNS",
        help=Text(
            "按什么分组，逗号分隔：school、agent、target 或探测的标签；默认 school",
            "columns to group by, with commas: school, agent, target or a label of the probe; "
            "school unless given",
        )(language),
    )
    parser.add_argument(
        "--since",
        type=instant,
        default="1d",
        metavar="WHEN",
        help=Text(
            "从何时起：1d、12h 前，或 2026-09-01T08:00；默认 1d",
            "since when: 1d or 12h ago, or 2026-09-01T08:00; 1d unless given",
        )(language),
    )
    parser.add_argument(
        "--until",
        type=instant,
        metavar="WHEN",
        help=Text("到何时为止，默认现在", "until when; now unless given")(language),
    )
    parser.add_argument(
        "--where",
        action="append",
        metavar="COLUMN:VALUE",
        help=Text(
            "只看这些读数，可多次给出，例如 school:9934000001",
            "only these readings, may be given several times, such as school:9934000001",
        )(language),
    )
    parser.add_argument(
        "--step",
        metavar="1h",
        help=Text("每隔多久一个值，例如 1h", "a value for each step of time, such as 1h")(language),
    )
    parser.add_argument(
        "--period",
        choices=PERIODS,
        help=Text("只看上课、课间、其他在校时间或非在校时间", "only readings of this kind of time")(
            language
        ),
    )
    add_json(parser, language)


def instant(text: str) -> str:
    """A duration before now as it is; a local time as ISO in UTC."""
    if re.fullmatch(r"[0-9]{1,6}[smhd]", text):
        return text
    try:
        return datetime.fromisoformat(text).astimezone(UTC).isoformat(timespec="seconds")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: 1d, 12h, 2026-09-01T08:00") from None


def run(args: argparse.Namespace) -> int:
    given = ("metric", "statistic", "by", "since", "until", "period", "where", "step")
    rows = ask(args.data_dir, "/v1/query", {name: getattr(args, name) for name in given})
    if args.json:
        show_json(rows)
    elif rows:
        show_rows(rows, args.language)
    else:
        say(
            Text("这段时间没有读数。", "There is no reading in that time."),
            args.language,
        )
    return OK
