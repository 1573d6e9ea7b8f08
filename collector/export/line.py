"""One line of the InfluxDB line protocol, as VictoriaMetrics and every InfluxDB read it alike.

Where they differ we keep clear: every field is a float, since text becomes a series of zeros and an
integer would fix a column's type; no tag holds a backslash, since only some take it for an escape.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import isfinite

from collector.store.timetable import milliseconds
from config.measurement import Measurement

_UNSAFE = "\\\n\r\t\v\f\0"
_SAFE = "/      "
"""What takes the places of _UNSAFE in a tag: a slash, and spaces."""
_SEPARATORS = " ,="


def tag_value(text: str) -> str:
    """`text` as the value of a tag."""
    text = text.translate(str.maketrans(_UNSAFE, _SAFE))
    return "".join("\\" + c if c in _SEPARATORS else c for c in text)


def line(
    measurement: Measurement,
    tags: Mapping[str, str],
    fields: Mapping[str, float | None],
    at: datetime,
) -> str:
    """A line of a declared measurement; "" if no field has a value.

    An empty tag and a field that is None or not finite are left out. Raises KeyError for a tag or
    field that is not declared.
    """
    if unknown := (tags.keys() - set(measurement.tags)) | (fields.keys() - _names(measurement)):
        raise KeyError(f"{measurement.name} declares no {sorted(unknown)}")
    given = [(name, fields.get(name)) for name in sorted(_names(measurement))]
    written = [f"{name}={float(v)!r}" for name, v in given if v is not None and isfinite(v)]
    if not written:
        return ""
    tagged = [f",{name}={tag_value(tags[name])}" for name in measurement.tags if tags.get(name)]
    return f"{measurement.name}{''.join(tagged)} {','.join(written)} {milliseconds(at)}"


def _names(measurement: Measurement) -> set[str]:
    return {field.name for field in measurement.fields}


def tag_value_sql(column: str) -> str:
    """SQL for `tag_value` of a column."""
    unsafe = " || ".join(f"chr({ord(c)})" for c in _UNSAFE)
    sql = f"translate({column}, {unsafe}, '{_SAFE}')"
    for character in _SEPARATORS:
        sql = f"replace({sql}, '{character}', '\\{character}')"
    return sql
