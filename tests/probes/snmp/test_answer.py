from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from probes.snmp.answer import Answer, Table, answer_as_json, answer_from_json

names = st.text("abc", min_size=1, max_size=3)
oids = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4).map(tuple)
values = st.integers(-(2**31), 2**64 - 1) | st.binary(max_size=9) | oids
rows = st.dictionaries(oids, st.dictionaries(names, values, max_size=3), max_size=4)
tables = rows.map(lambda found: Table(found, dict.fromkeys(found, 12.5), ""))


@given(
    st.builds(
        Answer,
        scalars=st.dictionaries(names, values, max_size=3),
        at=st.floats(0, 1e9),
        tables=st.dictionaries(names, tables, max_size=2),
        seconds=st.none() | st.floats(0, 5),
        boots=st.none() | st.integers(0, 2**31 - 1),
    )
)
def test_answer_survives_the_pipe(answer: Answer) -> None:
    assert answer_from_json(json.loads(json.dumps(answer_as_json(answer)))) == answer


def test_reason_survives_the_pipe() -> None:
    assert answer_from_json(answer_as_json(Answer(reason="no_answer"))).reason == "no_answer"
