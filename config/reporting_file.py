"""Reads policies/reporting.toml; a wrong key, fact, kind or authority is a PolicyError."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from config.answer import Answer
from config.incident_fact import FACTS, FactKind, IncidentClass
from config.policy import Verification
from config.policy_folder import POLICY_FOLDER, PolicyFolder, name_of
from config.reporting import (
    CLASS,
    KIND,
    SENT,
    SHOWN,
    Assumption,
    Authority,
    Condition,
    Criterion,
    IncidentKind,
    Part,
    ReportingClock,
    ReportingRules,
    ReportItem,
    Source,
    Start,
    Test,
)
from config.strict import Table, read_toml, refuse_twins, revision_of
from config.threshold_file import read_duration
from probes.text import Text

FILE = "reporting.toml"
ORIGINS = ("law", "default")
_CLASSES = tuple(IncidentClass)
_SETTLED = (Answer.YES.value, Answer.NO.value)
_NUMBERS = (FactKind.COUNT, FactKind.YUAN)

T = TypeVar("T")


def load_reporting(folder: PolicyFolder = POLICY_FOLDER) -> ReportingRules:
    path = folder / FILE
    data = read_toml(path)
    with Table(data, name_of(path)) as top:
        kinds = _named(top, "kind", _kind, lambda kind: kind.id)
        authorities = _named(top, "authority", _authority, lambda one: one.id)
        clock_ids = [str(row.get("id")) for row in top.items("clock") if isinstance(row, dict)]
        reader = _Reader(kinds, authorities, clock_ids)
        return ReportingRules(
            kinds=kinds,
            assumed=_assumed(top),
            criteria=tuple(reader.criterion(table) for table in top.tables("criterion")),
            authorities=authorities,
            clocks=tuple(_named(top, "clock", reader.clock, lambda clock: clock.id).values()),
            items=tuple(_named(top, "item", _item, lambda item: item.id).values()),
            detected=reader.detected(top),
            revision=revision_of(data),
        )


def _named(
    top: Table, key: str, read: Callable[[Table], T], id_of: Callable[[T], str]
) -> dict[str, T]:
    found = [read(table) for table in top.tables(key)]
    refuse_twins(
        (id_of(each) for each in found),
        lambda twin: Text(
            f"{FILE}：{key} {twin} 出现两次。", f"{FILE}: the {key} {twin} is there twice."
        ),
    )
    return {id_of(each): each for each in found}


class _Reader:
    """What refers to kinds, authorities and clocks that are read already."""

    def __init__(
        self, kinds: Collection[str], authorities: Collection[str], clocks: Collection[str]
    ) -> None:
        self._kinds = kinds
        self._authorities = authorities
        self._clocks = clocks

    def criterion(self, top: Table) -> Criterion:
        with top as table:
            klass = IncidentClass(table.choice("class", _CLASSES))
            return Criterion(klass, self._condition(table.table("when")), _source(table))

    def clock(self, top: Table) -> ReportingClock:
        with top as table:
            limit = read_duration(table, "limit", least=1)
            warn = read_duration(table, "warn", least=1)
            if warn >= limit:
                raise table.error("warn", "应短于 limit", "should be shorter than limit")
            return ReportingClock(
                id=table.text("id"),
                title=table.bilingual("title"),
                when=tuple(self._condition(each) for each in table.tables("when")),
                may_be=table.boolean("may_be", False),
                starts=Start(table.choice("starts", tuple(Start))),
                limit=limit,
                limit_is_law=table.choice("limit_origin", ORIGINS) == "law",
                warn=warn,
                to=tuple(_one_of(table, "to", word, self._authorities) for word in _some(table)),
                note=table.bilingual("note") if table.has("note") else None,
                sources=tuple(_citation(each) for each in table.tables("source")),
            )

    def detected(self, top: Table) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for one in top.tables("detected", optional=True):
            with one as table:
                kind = _one_of(table, "kind", table.text("kind"), self._kinds)
                for finding in table.words("findings"):
                    if finding in found:
                        raise table.error(
                            "findings",
                            f"“{finding}”属于两种事件",
                            f"{finding!r} belongs to two kinds",
                        )
                    found[finding] = kind
        return found

    def _condition(self, top: Table) -> Condition:
        with top as table:
            return tuple(self._test(table, name) for name in sorted(table.names()))

    def _test(self, table: Table, name: str) -> Test:
        if name == KIND:
            words = table.words(name)
            return Test(name, frozenset(_one_of(table, name, w, self._kinds) for w in words))
        if name == CLASS:
            return Test(name, frozenset({table.choice(name, _CLASSES)}))
        if name == SENT:
            return Test(name, frozenset({table.choice(name, self._clocks)}))
        if name == SHOWN:
            with table.table(name) as bound:
                return Test(name, at_least=read_duration(bound, "at_least", least=1))
        return _fact_test(table, name)


def _fact_test(table: Table, name: str) -> Test:
    fact = FACTS.get(name)
    if fact is None or fact.kind in (FactKind.WORDS, FactKind.INSTANT):
        known = ", ".join(n for n, f in FACTS.items() if f.kind in (FactKind.ANSWER, *_NUMBERS))
        raise table.error(
            name, f"不能作条件；可用的有：{known}", f"is no condition; known: {known}"
        )
    if fact.kind is FactKind.ANSWER:  # never "no": what is not known must not end a clock
        return Test(name, frozenset({table.choice(name, (Answer.YES.value,))}))
    if fact.kind is FactKind.CHOICE:
        return Test(name, frozenset({table.choice(name, [choice for choice, _ in fact.choices])}))
    with table.table(name) as bound:
        return Test(name, at_least=bound.integer("at_least"))


def _kind(top: Table) -> IncidentKind:
    with top as table:
        with table.table("presumes") as inner:
            presumes = {name: _presumed(inner, name) for name in sorted(inner.names())}
        facts = tuple(_one_of(table, "facts", w, FACTS) for w in table.words("facts", ()))
        return IncidentKind(table.text("id"), table.bilingual("title"), presumes, facts)


def _presumed(table: Table, name: str) -> Answer:
    _one_of(table, name, name, [n for n, fact in FACTS.items() if fact.kind is FactKind.ANSWER])
    return Answer(table.choice(name, _SETTLED))


def _assumed(top: Table) -> Mapping[str, Assumption]:
    found = {}
    for name, one in top.named_tables("assumed").items():
        with one as table:
            value = Answer(table.choice("value", _SETTLED))
            found[name] = Assumption(name, value, table.bilingual("why"))
    return found


def _authority(top: Table) -> Authority:
    with top as table:
        ways = []
        for one in table.tables("ways", optional=True):
            with one as way:
                ways.append(Text(way.text("zh"), way.text("en")))
        source = _source(table) if table.has("source") else None
        return Authority(table.text("id"), table.bilingual("title"), tuple(ways), source)


def _item(top: Table) -> ReportItem:
    with top as table:
        return ReportItem(
            id=table.text("id"),
            part=Part(table.choice("part", tuple(Part))),
            title=table.bilingual("title"),
            needs=tuple(_one_of(table, "needs", w, FACTS) for w in table.words("needs", ())),
            facts=tuple(_one_of(table, "facts", w, FACTS) for w in table.words("facts", ())),
        )


def _source(table: Table) -> Source:
    return _citation(table.table("source"))


def _citation(top: Table) -> Source:
    with top as table:
        verified = Verification(table.choice("verified", tuple(Verification)))
        must_read = table.boolean("must_read", False)
        if verified is not Verification.PRIMARY and not must_read:
            raise table.error(
                "must_read",
                "未核对原文的出处须写 must_read = true",
                "a source that was not read in full takes must_read = true",
            )
        return Source(
            document=table.text("document"),
            article=table.text("article", ""),
            verified=verified,
            must_read=must_read,
            note=table.bilingual("note") if table.has("note") else None,
        )


def _some(table: Table) -> tuple[str, ...]:
    words = table.words("to")
    if not words:
        raise table.error("to", "至少要有一个", "at least one is wanted")
    return words


def _one_of(table: Table, key: str, word: str, known: Collection[str]) -> str:
    if word not in known:
        there = ", ".join(sorted(known))
        raise table.error(
            key, f"“{word}”不在可用值 {there} 之中", f"{word!r} is not one of {there}"
        )
    return word
