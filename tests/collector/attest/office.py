"""A county's office: a register with two schools, duties that are signed for, and a clock that
stands still."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from collector.attest.clerk import Clerk
from collector.attest.entry import Attestation
from collector.attest.owed import Owed
from collector.attest.signing import Wish
from collector.judge.judge import read_policies
from collector.register.model import School
from collector.register.register import Register
from config.duty import Duty
from config.policy_folder import policies_of

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""A Monday, 10:00 in Shanghai."""
A, B = "9934000001", "9934000002"
LI, WANG = "李四", "王五"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n"

DUTY = """
id = "test.drill"
kind = "law"
title = { zh = "应急演练", en = "Emergency drill" }
levels = [2, 3]
role = { zh = "安全员", en = "security officer" }
cadence = { zh = "每年", en = "each year" }
why = { zh = "不练不会。", en = "Nobody can do it untried." }
remedy = { zh = "演练一次。", en = "Hold a drill." }

[applies]
adcodes = []
include_teaching_points = true

[[citation]]
document = "测试法"
article = "第一条"
levels = [2, 3]
verified = "primary"

[[attest]]
id = "held"
title = { zh = "演练记录", en = "record of the drill" }
asks = { zh = "本年度已演练。", en = "A drill was held this year." }
role = { zh = "校长", en = "head teacher" }
period = "year"
due = "11-30"
needs_file = true
two_persons = true
remind_days = [30, 7, 0]

[[attest]]
id = "plan"
title = { zh = "应急预案", en = "emergency plan" }
asks = { zh = "预案已修订。", en = "The plan was revised." }
role = { zh = "安全员", en = "security officer" }
period = "quarter"
remind_days = [7]

[[attest]]
id = "named"
title = { zh = "负责人任命", en = "appointment" }
asks = { zh = "已任命负责人。", en = "The officer is named." }
role = { zh = "校长", en = "head teacher" }
period = "once"
levels = [3]
remind_days = [30]

[[attest]]
id = "leak"
title = { zh = "泄露告知", en = "notice of a leak" }
asks = { zh = "已告知。", en = "Those concerned were told." }
role = { zh = "校长", en = "head teacher" }
period = "event"
"""


MEASURED = "duty.host_firewall"


def own_policies(folder: Path, duty: str = DUTY) -> None:
    (folder / "policies" / "duties").mkdir(parents=True, exist_ok=True)
    (folder / "policies" / "duties" / "drill.toml").write_text(duty, "utf-8")


@cache
def _empty_register() -> bytes:
    """Migrated once; each test begins with a copy."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "register.sqlite3")
        Register.open(path).close()
        return path.read_bytes()


def put_empty_register(folder: Path) -> None:
    """Unless there is one."""
    path = folder / "register.sqlite3"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(_empty_register())


@cache
def duties_of(duty: str) -> tuple[Duty, ...]:
    """This one, and one of the program's that only machines answer."""
    shipped = {each.id for each in read_policies().duties} - {MEASURED}
    with TemporaryDirectory() as folder:
        own_policies(Path(folder), duty)
        found = read_policies(policies_of(Path(folder))).duties
    return tuple(each for each in found if each.id not in shipped)


class Office:
    """`clerk` works as commands and pages do."""

    def __init__(self, folder: Path, duty: str = DUTY) -> None:
        self.now = NOW
        self.folder = folder
        put_empty_register(folder)
        self.register = Register.open(folder / "register.sqlite3", lambda: self.now)
        tags = frozenset({"protection-level-3"})
        self.register.put_schools(
            [
                School(code=A, name="示范一小", adcode="340199", tags=tags),
                School(code=B, name="示范二小", adcode="340199"),
            ],
            actor="test",
        )
        self.duties = duties_of(duty)
        self.start()

    def start(self) -> None:
        """A new process over the same data."""
        self.clerk = Clerk(self.register, self.folder, self.duties, lambda: self.now)

    def days(self, number: float) -> None:
        self.now += timedelta(days=number)

    def sign(
        self, attest: str, school: str = A, *, says: str = "fulfilled", person: str = LI,
        period: str = "", note: str = "", document: bytes | None = None, name: str = "演练.pdf",
    ) -> Attestation:  # fmt: skip
        return self.clerk.sign(
            school,
            self.clerk.find("test.drill", attest),
            Wish(says=says, person=person, period=period, note=note),
            None if document is None else (document, name),
            "test",
        )

    def owed(self, attest: str, school: str = A) -> Owed:
        found = [o for o in self.clerk.owed(school) if o.duty.id == "test.drill"]
        return next(one for one in found if one.attest.id == attest)

    def sql(self, statement: str) -> None:
        """As somebody with a database tool would, who drops what is in the way."""
        with closing(sqlite3.connect(self.folder / "register.sqlite3")) as database, database:
            names = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in names.fetchall():
                database.execute(f"DROP TRIGGER {name}")
            database.execute(statement)


def archive(*names: str) -> bytes:
    """A zip with parts of these names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name in names:
            packed.writestr(name, "<x/>")
    return out.getvalue()
