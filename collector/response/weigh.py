"""Whether a condition is met by what is known of an incident: yes, no, or not known.

Pure. What nobody said is presumed only where the kind of incident, or a written assumption, says
so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from collector.register.security_incident import SecurityIncident
from config.answer import ANSWERS, Answer, all_of, answer
from config.incident_fact import CLASSES, FACTS, FactKind, IncidentClass, Value
from config.quantity import show
from config.reporting import CLASS, KIND, SENT, SHOWN, Condition, Criterion, ReportingRules, Test
from probes.model import Unit
from probes.text import Language, Text


@dataclass(frozen=True, slots=True)
class Weighed:
    """A test with its answer and the words for it, such as `minors: not known yet`."""

    answer: Answer
    words: Text


@dataclass(frozen=True, slots=True)
class Met:
    """A criterion that is met, or may be (UNKNOWN), and why."""

    criterion: Criterion
    answer: Answer
    because: Text


@dataclass(frozen=True, slots=True)
class Graded:
    """The class of an incident.

    Attributes:
        certain: at least this.
        possible: at most this, as far as is known; above `certain` while it is undetermined.
        met: the criteria that are met, or may be; they stay when a person has judged.
        said: whether a person has judged it.
    """

    certain: IncidentClass
    possible: IncidentClass
    met: tuple[Met, ...]
    said: bool

    @property
    def is_settled(self) -> bool:
        return self.certain is self.possible

    @property
    def words(self) -> Text:
        low, high = CLASSES[self.certain], CLASSES[self.possible]
        if self.is_settled:
            return low
        return Text(
            f"未定（{low.zh}至{high.zh}）",
            f"undetermined ({low.en} to {high.en})",
        )


class Scale:
    """One incident, weighed at one moment."""

    def __init__(self, incident: SecurityIncident, rules: ReportingRules, now: datetime) -> None:
        self._incident = incident
        self._rules = rules
        self._now = now
        self._special: dict[str, Callable[[Test], Weighed]] = {
            KIND: self._of_kind,
            CLASS: self._of_class,
            SENT: self._is_sent,
            SHOWN: self._is_shown,
        }
        self.graded = self._grade()

    def weigh(self, condition: Condition) -> list[Weighed]:
        return [self._test(test) for test in condition]

    def value(self, name: str) -> Value:
        """Of a fact; None when it is not known."""
        if name in self._incident.facts:
            return self._incident.facts[name]
        kind = self._rules.kinds.get(self._incident.kind)
        presumed = kind.presumes.get(name) if kind else None
        if presumed is None and name in self._rules.assumed:
            presumed = self._rules.assumed[name].value
        return None if presumed is None else presumed.value

    def _grade(self) -> Graded:
        low = high = IncidentClass.GENERAL
        met = []
        said = self._incident.facts.get("class")
        for criterion in self._rules.criteria:
            weighed = self.weigh(criterion.when)
            found = all_of(w.answer for w in weighed)
            if found is Answer.NO:
                continue
            met.append(Met(criterion, found, joined(w.words for w in weighed)))
            high = _higher(high, criterion.klass)
            if found is Answer.YES:
                low = _higher(low, criterion.klass)
        if isinstance(said, str):  # judged by a person, though never below what is certain
            low = _higher(low, IncidentClass(said))
            high = low if self._is_current() else _higher(high, low)
        return Graded(low, high, tuple(met), isinstance(said, str))

    def _is_current(self) -> bool:
        """Whether a person judged the class by the facts as they are; else it is only a floor."""
        learned = self._incident.learned
        judged = max((each.at for each in learned if each.fact == "class"), default=None)
        looked_at = {test.what for criterion in self._rules.criteria for test in criterion.when}
        looked_at |= {"shown_since", "shown_until"} if SHOWN in looked_at else set()
        changed = (each.at for each in learned if each.fact in looked_at)
        return judged is None or all(at <= judged for at in changed)

    def _test(self, test: Test) -> Weighed:
        special = self._special.get(test.what)
        if special is not None:
            return special(test)
        fact = FACTS[test.what]
        value = self.value(test.what)
        told = Text(f"{fact.title.zh}：", f"{fact.title.en}: ")
        if value is None:
            return Weighed(Answer.UNKNOWN, _joined(told, ANSWERS[Answer.UNKNOWN]))
        if fact.kind in (FactKind.COUNT, FactKind.YUAN):
            assert isinstance(test.at_least, int)
            is_met = int(value) >= test.at_least
            sign = "≥" if is_met else "<"
            said = f"{int(value):,} {sign} {test.at_least:,}"
            return Weighed(answer(is_met), _joined(told, Text(said, said)))
        choices = dict(fact.choices) or {each.value: words for each, words in ANSWERS.items()}
        words = choices.get(str(value), Text(str(value), str(value)))
        return Weighed(answer(value in test.wanted), _joined(told, words))

    def _of_kind(self, test: Test) -> Weighed:
        kind = self._rules.kinds.get(self._incident.kind)
        title = kind.title if kind else Text(self._incident.kind, self._incident.kind)
        told = _joined(Text("事件种类：", "kind: "), title)
        return Weighed(answer(self._incident.kind in test.wanted), told)

    def _of_class(self, test: Test) -> Weighed:
        (wanted,) = test.wanted
        rank = IncidentClass(wanted).rank
        told = _joined(Text("级别：", "class: "), self.graded.words)
        if self.graded.certain.rank >= rank:
            return Weighed(Answer.YES, told)
        possible = self.graded.possible.rank >= rank
        return Weighed(Answer.UNKNOWN if possible else Answer.NO, told)

    def _is_sent(self, test: Test) -> Weighed:
        (clock,) = test.wanted
        is_sent = any(sent.clock == clock for sent in self._incident.sent)
        told = Text(
            f"{clock} {'已' if is_sent else '未'}报出",
            f"{clock} {'was' if is_sent else 'was not'} sent",
        )
        return Weighed(answer(is_sent), told)

    def _is_shown(self, test: Test) -> Weighed:
        """An altered page that is still there may be there for any length of time; one that went
        before it came was entered wrongly, and tells nothing."""
        assert isinstance(test.at_least, timedelta)
        wanted = show(test.at_least.total_seconds(), Unit.SECONDS, Language.ZH)
        wanted_en = show(test.at_least.total_seconds(), Unit.SECONDS, Language.EN)
        since, until = self._instant("shown_since"), self._instant("shown_until")
        if since is None or (until is not None and until < since):
            return Weighed(
                Answer.UNKNOWN,
                Text(f"页面显示时长尚不清楚（界限 {wanted}）",
                     f"not known for how long the page was shown (bound {wanted_en})"),
            )  # fmt: skip
        lasted = max((until or self._now) - since, timedelta(0))
        is_met = lasted >= test.at_least
        found = Answer.YES if is_met else Answer.NO if until else Answer.UNKNOWN
        sign = "≥" if is_met else "<"
        still = Text("，仍在显示", ", and still is") if until is None else Text("", "")
        zh = show(lasted.total_seconds(), Unit.SECONDS, Language.ZH)
        en = show(lasted.total_seconds(), Unit.SECONDS, Language.EN)
        return Weighed(
            found,
            Text(f"页面显示 {zh} {sign} {wanted}{still.zh}",
                 f"page shown for {en} {sign} {wanted_en}{still.en}"),
        )  # fmt: skip

    def _instant(self, name: str) -> datetime | None:
        value = self.value(name)
        return datetime.fromisoformat(value) if isinstance(value, str) else None


def joined(words: Iterable[Text]) -> Text:
    """One sentence of several, each once."""
    found = list(dict.fromkeys(words))
    return Text("；".join(w.zh for w in found), "; ".join(w.en for w in found))


def _joined(one: Text, other: Text) -> Text:
    return Text(one.zh + other.zh, one.en + other.en)


def _higher(one: IncidentClass, other: IncidentClass) -> IncidentClass:
    return max(one, other, key=lambda each: each.rank)
