"""What the collector writes to a time-series engine beside it, and under which names.

The exporter writes by these declarations and the dashboards read by them; neither knows the other.
Readings need no declaration: a probe is a measurement, its metrics are the fields, and READING_TAGS
and its labels are the tags. VictoriaMetrics joins measurement and field with an underscore.

Every field is a number, for an engine that stores text as nothing. What is a word elsewhere is a
code here; a field without a value is left out of its line, never written as zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from probes.model import Unit
from probes.text import Text

READING_TAGS = ("county", "school", "agent", "target", "version", "period", "clock")
"""Tags of every reading, beside the probe's labels, in no promised order. `period`: lesson, break,
school_day or off, by the timetable that was known when the reading was written."""
CLOCK_KNOWN, CLOCK_UNKNOWN = "known", "unknown"
"""Of the tag `clock`: where the instant is not known, that of receipt stands in."""
OUTCOME_FIELD = "outcome_code"
"""A field of every reading: whether the probe could say anything. See OUTCOMES."""
DEVICE_LABEL, OF_NO_DEVICE = "mac", ("", "-", "all")
"""A reading that names one device by this label stays at the collector: there may be a pupil's
telephone among them, and an engine keeps a series for each. These values name none."""
LABEL_SEPARATOR = " · "
"""In tags that end in `_label`: what people read, this, and the code that other tags bear."""


@dataclass(frozen=True, slots=True)
class Code:
    """A number that stands for a word."""

    number: int
    title: Text


OUTCOMES: Mapping[str, Code] = {
    "failed": Code(0, Text("目标失败", "failed")),
    "ok": Code(1, Text("成功", "ok")),
    "not_run": Code(2, Text("未能运行", "not run")),
}
VERDICTS: Mapping[str, Code] = {
    "not_met": Code(0, Text("未达标", "not met")),
    "met": Code(1, Text("达标", "met")),
    "undetermined": Code(2, Text("无法判定", "undetermined")),
    "not_applicable": Code(3, Text("不适用", "not applicable")),
}
DUTIES: Mapping[str, Code] = {
    "fail": Code(0, Text("不符合", "fail")),
    "pass": Code(1, Text("符合", "pass")),
    "unknown": Code(2, Text("未知", "unknown")),
    "not_applicable": Code(3, Text("不适用", "not applicable")),
    "error": Code(4, Text("出错", "error")),
    "waived": Code(5, Text("豁免", "waived")),
    "attested": Code(6, Text("已签认", "attested")),
}
STATES: Mapping[str, Code] = {
    "down": Code(0, Text("中断", "down")),
    "up": Code(1, Text("正常", "up")),
    "degraded": Code(2, Text("下降", "degraded")),
    "unknown": Code(3, Text("未知", "unknown")),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A number of a measurement.

    Attributes:
        unit: None where the line's tag `unit` says it.
        codes: the words that the numbers stand for; empty for a quantity.
    """

    name: str
    unit: Unit | None
    title: Text
    codes: Mapping[str, Code] | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """A kind of line.

    Attributes:
        tags: in order; a tag without a value is left out of its line.
        at: what the instant of a line is.
    """

    name: str
    title: Text
    tags: tuple[str, ...]
    fields: tuple[Field, ...]
    at: Text


_JUDGED = Text("评判的时刻", "when it was judged")
_SCHOOL = ("county", "school")


def _count(name: str, zh: str, en: str) -> Field:
    return Field(f"{name}_count", Unit.COUNT, Text(zh, en))


def _rate(name: str, zh: str, en: str) -> Field:
    return Field(f"{name}_bits_per_second", Unit.BITS_PER_SECOND, Text(zh, en))


_COVERAGE = Field("coverage_ratio", Unit.RATIO, Text("覆盖率", "Coverage"))
_EVIDENCE = _count("evidence", "证据数", "Evidence")
_VERDICT = Field("verdict_code", Unit.COUNT, Text("结论", "Verdict"), VERDICTS)
_STATE = Field("state_code", Unit.COUNT, Text("状态", "State"), STATES)
_VALUE = Field("value", None, Text("数值", "Value"))
_REQUIRED = Field("required", None, Text("要求", "Required"))

SCHOOL_FACTS = Measurement(
    "school_facts",
    Text("学校", "Schools"),
    ("city", *_SCHOOL, "city_label", "county_label", "school_label", "area"),
    (
        _count("classes", "班级数", "Classes"),
        _count("students", "学生数", "Students"),
        _rate("contract_down", "合同下行带宽", "Contracted down"),
        _rate("contract_up", "合同上行带宽", "Contracted up"),
        _count("agents", "代理程序数", "Agents"),
    ),
    _JUDGED,
)
AGENT_FACTS = Measurement(
    "agent_facts",
    Text("代理程序", "Agents"),
    (*_SCHOOL, "agent", "agent_label", "role"),
    (
        Field(
            "heard_age_seconds",
            Unit.SECONDS,
            Text("距上次消息的时间", "Time since it was last heard"),
        ),
        _count("batches_waiting", "待发批次", "Batches that wait in its spool"),
    ),
    _JUDGED,
)
VERDICT = Measurement(
    "verdict",
    Text("指标结论", "Verdicts"),
    (*_SCHOOL, "target_value", "unit"),
    (_VERDICT, _VALUE, _REQUIRED, _EVIDENCE, _COVERAGE),
    _JUDGED,
)
LEG = Measurement(
    "verdict_leg",
    Text("结论的各项依据", "Legs of verdicts"),
    (*_SCHOOL, "target_value", "leg", "unit"),
    (_VERDICT, _VALUE, _REQUIRED, _EVIDENCE, _COVERAGE),
    _JUDGED,
)
AREA_VERDICT = Measurement(
    "area_verdict",
    Text("区域结论", "Verdicts of areas"),
    ("region", "target_value"),
    (
        _VERDICT,
        _count("met", "达标学校", "Schools met"),
        _count("not_met", "未达标学校", "Schools not met"),
        _count("undetermined", "无法判定学校", "Schools undetermined"),
        _count("not_applicable", "不适用学校", "Schools it does not apply to"),
        _count("missing_schools", "还差学校数", "Schools missing"),
        Field("low_ratio", Unit.RATIO, Text("确定达标占比", "Share met for certain")),
        Field("high_ratio", Unit.RATIO, Text("最多达标占比", "Share at best")),
        Field("share_ratio", Unit.RATIO, Text("要求占比", "Share required")),
        Field("due_seconds", Unit.SECONDS, Text("期限（Unix 时间）", "Due (Unix time)")),
        _rate("contract_gap", "合同带宽缺口", "Bandwidth missing in contracts"),
        _rate("cheapest_contract", "最省方案增加的合同带宽", "To contract in the cheapest way"),
        _count("cheapest_contract_schools", "其中要增加合同的学校", "Schools that contract more"),
        _count(
            "cheapest_provider_schools",
            "其中由运营商履约的学校",
            "Schools whose providers have to bring what is contracted",
        ),
        _count(
            "cheapest_measure_schools",
            "其中还需测量的学校",
            "Schools that are still to be measured",
        ),
    ),
    _JUDGED,
)
LINE = Measurement(
    "line_delivery",
    Text("线路与合同", "Lines and their contracts"),
    (*_SCHOOL, "line_label", "direction", "provider"),
    (
        _VERDICT,
        _rate("contract", "合同带宽", "Contracted"),
        _rate("median", "实测中位数", "Measured median"),
        _rate("p10", "九成读数不低于", "Nine tenths of the readings reach"),
        Field("share_ratio", Unit.RATIO, Text("中位数占合同", "Median as a share of the contract")),
        _EVIDENCE,
        _count("days", "上课日数", "School days with a valid reading"),
        _COVERAGE,
    ),
    _JUDGED,
)
DUTY = Measurement(
    "duty",
    Text("网络安全职责", "Network-security duties"),
    (*_SCHOOL, "duty", "unit"),
    (
        Field("duty_code", Unit.COUNT, Text("状况", "Status"), DUTIES),
        Field("advice", Unit.BOOLEAN, Text("仅为建议", "Advice only")),
        _VALUE,
        _REQUIRED,
        _EVIDENCE,
        _COVERAGE,
    ),
    _JUDGED,
)
FIGURE = Measurement(
    "figure",
    Text("观察指标", "Observed figures"),
    (*_SCHOOL, "indicator", "unit"),
    (_VALUE, _EVIDENCE, _COVERAGE),
    _JUDGED,
)
STATE = Measurement(
    "state",
    Text("当前状态", "States"),
    (*_SCHOOL, "agent", "target", "threshold", "unit"),
    (_STATE, _VALUE),
    _JUDGED,
)
FLIP = Measurement(
    "flip",
    Text("状态翻转", "Flips"),
    (*_SCHOOL, "agent", "target", "threshold", "before", "after", "reason", "unit"),
    (
        _STATE,
        _VALUE,
        Field("bound", None, Text("界限", "Bound")),
        Field("held_seconds", Unit.SECONDS, Text("持续时间", "Held for")),
        _EVIDENCE,
    ),
    Text("翻转的时刻", "when it flipped"),
)
INCIDENT = Measurement(
    "incident",
    Text("事件", "Incidents"),
    (*_SCHOOL, "cause", "severity"),
    (
        Field("open", Unit.BOOLEAN, Text("未结束", "Open")),
        Field("acknowledged", Unit.BOOLEAN, Text("已确认", "Acknowledged")),
        Field("age_seconds", Unit.SECONDS, Text("已持续", "Has lasted")),
        _count("flips", "包含的翻转", "Flips in it"),
    ),
    Text(
        "评判的时刻；早已结束的事件为结束的时刻",
        "when it was judged; of one that is long over, when it ended",
    ),
)
PLATFORM = Measurement(
    "collector",
    Text("采集器自身", "The collector itself"),
    (),
    (
        _count("journal_batches", "日志中的批次", "Batches in the journal"),
        _count("unreadable_batches", "无法读取的批次", "Batches that cannot be read"),
        _count("pushes_waiting", "等待提交的推送", "Pushes that wait for a commit"),
        _count("archive_rows", "档案行数", "Rows in the archive"),
        Field("archive_bytes", Unit.BYTES, Text("档案大小", "Size of the archive")),
        _count("agents", "已注册代理程序", "Agents enrolled"),
        _count("agents_heard", "十分钟内有消息的代理程序", "Agents heard within ten minutes"),
        _count("readings_lost", "代理程序报告的缺失读数", "Readings that agents reported lost"),
        Field("export_lag_seconds", Unit.SECONDS, Text("导出滞后", "How far the export is behind")),
        _count("export_owed_rows", "待补写的行", "Rows still owed to the engine"),
        _count("export_refused_lines", "被拒的行", "Lines that the engine refused"),
    ),
    _JUDGED,
)

MEASUREMENTS = (
    SCHOOL_FACTS,
    AGENT_FACTS,
    VERDICT,
    LEG,
    AREA_VERDICT,
    LINE,
    DUTY,
    FIGURE,
    STATE,
    FLIP,
    INCIDENT,
    PLATFORM,
)
"""All but the probes'."""
