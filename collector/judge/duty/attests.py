"""What a person has to sign for. Only a person's word satisfies it, whole and while it holds."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from collector.judge.duty.papers import Filed, Says, Signed
from collector.judge.model import DutyState, Finding, Freshness, PartStatus, Verdict
from collector.register.model import School
from config.duty import Attest, Duty, Period
from probes.text import Text

_VERDICTS = {
    DutyState.ATTESTED: Verdict.MET,
    DutyState.FAIL: Verdict.NOT_MET,
    DutyState.NOT_APPLICABLE: Verdict.NOT_APPLICABLE,
    DutyState.UNKNOWN: Verdict.UNDETERMINED,
}


def judge_attest(
    school: School, duty: Duty, attest: Attest, papers: Filed, *, advice: bool
) -> PartStatus:
    """`attested` while a whole signature holds that says so; nothing else can make it so."""
    signed = papers.signed(school.code, duty.id, attest.id)
    state, reason = _state(attest, signed, papers, ZoneInfo(school.time_zone))
    return PartStatus(
        id=attest.id,
        title=attest.title,
        state=state,
        beneath=state,
        finding=Finding(_VERDICTS[state], reason),
        advice=advice,
        part=attest,
        freshness=_freshness(signed, papers),
        newest=signed.at if signed else None,
        signed=signed,
    )


def _state(
    attest: Attest, signed: Signed | None, papers: Filed, zone: ZoneInfo
) -> tuple[DutyState, Text]:
    today = papers.now.astimezone(zone).date()
    if signed is None:
        return DutyState.UNKNOWN, _owed(
            Text("尚无人签署", "nobody has signed for it"), attest, today
        )
    on, by = signed.at.astimezone(zone).date(), signed.by
    if has_run_out(signed, papers):
        assert signed.until is not None
        ended = signed.until.astimezone(zone).date()
        words = Text(
            f"{by}于 {on} 的签署已于 {ended} 到期", f"what {by} signed on {on} ran out on {ended}"
        )
        return DutyState.UNKNOWN, _owed(words, attest, today)
    if not signed.is_whole:
        return DutyState.UNKNOWN, Text(
            f"{by}已于 {on} 签署，尚缺第二人确认或文件。",
            f"{by} signed on {on}; a second person's confirmation or the document is missing.",
        )
    return _said(signed, on)


def _said(signed: Signed, on: date) -> tuple[DutyState, Text]:
    by, why = signed.by, signed.reason.strip()
    if signed.says is Says.FULFILLED:
        return DutyState.ATTESTED, Text(f"{by}于 {on} 签署。", f"{by} signed for it on {on}.")
    if signed.says is Says.NOT_FULFILLED:
        return DutyState.FAIL, Text(
            f"{by}于 {on} 签明没有做到{_colon(why, '：')}。",
            f"{by} declared on {on} that it was not done{_colon(why, ': ')}.",
        )
    if not why:
        return DutyState.UNKNOWN, Text(
            f"{by}于 {on} 签明不适用，但没有写明理由。",
            f"{by} declared on {on} that it does not apply, and did not say why.",
        )
    return DutyState.NOT_APPLICABLE, Text(
        f"{by}于 {on} 签明不适用：{why}。", f"{by} declared on {on} that it does not apply: {why}."
    )


def has_run_out(signed: Signed, papers: Filed) -> bool:
    return signed.until is not None and signed.until <= papers.now


def _freshness(signed: Signed | None, papers: Filed) -> Freshness:
    if signed is None:
        return Freshness.NONE
    return Freshness.STALE if has_run_out(signed, papers) else Freshness.FRESH


def _owed(words: Text, attest: Attest, today: date) -> Text:
    """With since when it is due, or until when, where the duty names a day."""
    en = words.en[0].upper() + words.en[1:]
    if attest.period is Period.EVENT:
        return Text(
            f"{words.zh}；发生时签署，没有发生也请签明不适用。",
            f"{en}. To be signed when it happens; if it did not, sign that it does not apply.",
        )
    if attest.due is None:
        return Text(f"{words.zh}。", f"{en}.")
    day = due_day(attest.due, today.year)
    if day <= today:
        return Text(f"{words.zh}，{day} 起已到期限。", f"{en}; it has been due since {day}.")
    return Text(f"{words.zh}，应在 {day} 前签署。", f"{en}; it is due by {day}.")


def due_day(due: tuple[int, int], year: int) -> date:
    """That day of the year; a 29 February that there is not is the day before."""
    month, day = due
    try:
        return date(year, month, day)
    except ValueError:
        return date(year, 2, 28)


def _colon(text: str, colon: str) -> str:
    return f"{colon}{text.rstrip('。.')}" if text else ""
