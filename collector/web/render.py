"""Templates filled in. What comes from outside is escaped; nothing is marked safe here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from collector.judge.bound import bound_of
from collector.judge.cheapest import STEP_TITLES, plan_words
from collector.judge.line import DIRECTION_TITLES
from collector.judge.model import FRESHNESS_TITLES, LEG_TITLES
from collector.register.register import ALWAYS
from collector.web.duties import counted, segments
from collector.web.marks import LINE_MARKS, MARKS
from collector.web.reader import Reader
from config.policy import VERIFICATIONS
from config.quantity import ABSENT

_FOLDER = Path(__file__).parent
_TYPES = {".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """`mark` changes when the content does."""

    content: bytes
    content_type: str
    mark: str


class Renderer:
    """Reads templates and static files once, at start."""

    def __init__(self) -> None:
        self.static = {path.name: _static(path) for path in (_FOLDER / "static").iterdir()}
        self._templates = Environment(
            loader=FileSystemLoader(_FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.globals |= {
            "absent": ABSENT,
            "always": ALWAYS,
            "bound_of": bound_of,
            "counted": counted,
            "direction_titles": DIRECTION_TITLES,
            "freshness_titles": FRESHNESS_TITLES,
            "leg_titles": LEG_TITLES,
            "line_marks": LINE_MARKS,
            "marks_of": MARKS,
            "plan_words": plan_words,
            "segments": segments,
            "step_titles": STEP_TITLES,
            "verifications": VERIFICATIONS,
        }

    def page(self, template: str, reader: Reader, given: Mapping[str, object]) -> str:
        """In a template `t(zh, en)` are words of the template, `w(text)` those of a Text."""
        return self._templates.get_template(template).render(
            **given,
            r=reader,
            t=reader.either,
            w=reader.words,
            marks={name: file.mark for name, file in self.static.items()},
        )


def _static(path: Path) -> StaticFile:
    content = path.read_bytes()
    return StaticFile(content, _TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:12])
