"""The commands that ask a running collector, against a server that really listens."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from collector.commands.parser import columns
from collector.judge.state_rows import flip_row, state_rows

from .test_commands_schools import EXAMPLE, Command
from .test_states_shown import shown
from .web_scene import BIG, POOR

KEY = "secret-key"
WORDS = {"zh": "没有容量测量。", "en": "No capacity reading."}
VERDICT: dict[str, Any] = {
    "kind": "target",
    "school": "9934000001",
    "school_name": "示例实验学校",
    "area": "urban",
    "target_value": "hefei.2018.urban",
    "title": {"zh": "班均出口带宽", "en": "Egress bandwidth per class"},
    "required": 10_000_000.0,
    "required_text": {"zh": "≥ 10 Mbit/s", "en": "≥ 10 Mbit/s"},
    "value": 10_000_000.0,
    "value_text": {"zh": "合同下行 10 Mbit/s", "en": "contracted down 10 Mbit/s"},
    "verdict": "undetermined",
    "verdict_text": {"zh": "无法判定", "en": "undetermined"},
    "due": "2018-12-31",
    "evidence_n": 0,
    "coverage": 0.975,
    "reason": WORDS,
    "something_new": [1, 2],
}
AREA: dict[str, Any] = {
    "kind": "area",
    "region": "3401",
    "area_title": {"zh": "市区", "en": "urban districts"},
    "title": VERDICT["title"],
    "required_text": VERDICT["required_text"],
    "due": "2018-12-31",
    "share": "1/3",
    "share_operator": ">=",
    "met": 0,
    "undetermined": 2,
    "n": 2,
    "verdict": "undetermined",
    "verdict_text": VERDICT["verdict_text"],
    "reason": WORDS,
}


class Collector(ThreadingHTTPServer):
    """Answers what `answers` says for a path, and remembers the questions."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, tuple[int, Any]] = {}
        self.asked: list[tuple[str, dict[str, list[str]]]] = []
        self.told: list[Any] = []


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        self.server.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.do_GET()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.server.asked.append((parts.path, parse_qs(parts.query)))
        status, body = self.server.answers[parts.path]
        if self.headers["Authorization"] != f"Bearer {KEY}":
            status, body = 401, {"error": "no", "error_zh": "不"}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    server = Collector()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], collector: Collector) -> Command:
    command = Command(tmp_path, capsys)
    url = f"http://127.0.0.1:{collector.server_address[1]}"
    (tmp_path / "serving.json").write_text(json.dumps({"url": url, "pid": 1}))
    (tmp_path / "admin.key").write_text(KEY + "\n")
    return command


def test_verdicts_show_value_requirement_evidence_and_reason(
    run: Command, collector: Collector
) -> None:
    collector.answers["/v1/verdicts"] = 200, {"schools": [VERDICT], "areas": [AREA], "as_of": "x"}
    assert run("verdicts", lang="zh") == 0
    for words in (
        "示例实验学校",
        "班均出口带宽",
        "2018-12-31",
        "≥ 10 Mbit/s",
        "合同下行 10 Mbit/s",
        "98%",
        "无法判定",
        "没有容量测量。",
        "0/2/2",
        ">= 1/3",
    ):
        assert words in run.out


def test_verdicts_count_duties_and_list_each_only_when_asked_for(
    run: Command, collector: Collector
) -> None:
    duties = [
        {"kind": "duty", "school": "9934000001", "school_name": "示例实验学校", "verdict": state,
         "title": {"zh": "防火墙", "en": "firewall"}, "advice": advice}
        for state, advice in (("pass", False), ("fail", False), ("unknown", False), ("fail", True))
    ]  # fmt: skip
    collector.answers["/v1/verdicts"] = 200, {"schools": [VERDICT, *duties], "areas": []}
    assert run("verdicts", lang="zh") == 0
    assert "示例实验学校: 安全职责 1/3 (符合 1, 不符合 1, 未知 1)" in run.out
    assert "防火墙" not in run.out
    assert "banjun-collector duties" in run.err
    run("verdicts", "--verdict", "fail", lang="zh")
    assert run.out.count("防火墙") == 2


def test_verdicts_may_be_a_plain_list_without_ready_words(
    run: Command, collector: Collector
) -> None:
    bare = {"school": "9934000001", "verdict": "not_met", "value": 2.5, "unit": "x", "required": 4}
    collector.answers["/v1/verdicts"] = 200, [bare, {"area": "county", "verdict": "met"}]
    assert run("verdicts") == 0
    lines = run.out.splitlines()
    school, area = lines[1].split(), lines[-1].split()
    assert school == ["9934000001", "—", "—", "4", "x", "2.5", "x", "—", "—", "not", "met", "—"]
    assert area[1] == "county"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_verdicts_fit_a_terminal_and_say_each_reason_once(
    run: Command, collector: Collector, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    other = {**VERDICT, "school": "9934000002", "school_name": "示例第一中学"}
    rows = {"schools": [VERDICT, VERDICT, other], "areas": [AREA, {**AREA, "due": "2019-12-31"}]}
    collector.answers["/v1/verdicts"] = 200, rows
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    assert run("verdicts", lang=lang) == 0
    plain = re.sub(r"\x1b\[[0-9;]*m", "", run.out)
    assert max(columns(line) for line in plain.splitlines()) <= 80
    for said_once in ("示例实验学校", "示例第一中学", WORDS[lang], "3401"):
        assert plain.count(said_once) == 1
    assert plain.count(VERDICT["verdict_text"][lang]) == 5


def test_verdicts_can_be_narrowed_down(run: Command, collector: Collector) -> None:
    other = {**VERDICT, "school": "9934000002", "verdict": "met"}
    collector.answers["/v1/verdicts"] = 200, {"schools": [VERDICT, other], "areas": [AREA]}
    run("verdicts", "--json", "--school", "9934000002")
    assert json.loads(run.out) == {"schools": [other], "areas": []}
    run("verdicts", "--json", "--verdict", "undetermined")
    assert json.loads(run.out) == {"schools": [VERDICT], "areas": [AREA]}


def test_status_shows_facts_inside_facts(run: Command, collector: Collector) -> None:
    collector.answers["/v1/status"] = 200, {"journal": {"rows": 5}, "words": WORDS, "up": None}
    assert run("status") == 0
    lines = [line.split(maxsplit=1) for line in run.out.splitlines()[1:]]
    assert lines == [["journal.rows", "5"], ["words", WORDS["en"]], ["up", "—"]]


def test_figures_have_chinese_names(run: Command, collector: Collector) -> None:
    collector.answers["/v1/status"] = 200, {"journal_batches": 5}
    run("status", lang="zh")
    assert run.out.splitlines()[1].split() == ["日志批次", "5"]


def test_agents_are_a_table_that_no_agent_can_disturb(run: Command, collector: Collector) -> None:
    rows = [
        {"agent": "a1", "school": "9934000001", "hostname": "[red]pc\x1b[2J", "extra": True},
        {"agent": "a2", "school": "9934000002", "heard_seconds_ago": 300.2, "role": "pc",
         "sentinel": True},
    ]  # fmt: skip
    collector.answers["/v1/agents"] = 200, rows
    assert run("agents") == 0
    assert "[red]pc [2J" in run.out
    assert "not since the start" in run.out
    assert "5 min ago" in run.out
    assert "pc (sentinel on duty)" in run.out
    run("agents", "--school", "9934000002", "--json")
    assert json.loads(run.out) == rows[1:]


def test_configuration_that_an_agent_refuses_is_said_with_the_place(
    run: Command, collector: Collector
) -> None:
    why = "task arp_sweep → lan: allow.hosts of this machine does not permit '203.0.113.0/24'"
    row = {"agent": "a1", "role": "gateway", "state": {"config_error": why}}
    collector.answers["/v1/agents"] = 200, [row]
    assert run("agents") == 0
    assert why in run.out


def test_query_passes_on_what_is_asked(run: Command, collector: Collector) -> None:
    collector.answers["/v1/query"] = 200, [{"school": "9934000001", "value": 0.123456789, "n": 7}]
    arguments = ["--statistic", "time_share(>=0.7)", "--by", "school,agent", "--period", "lesson"]
    arguments += ["--since", "2026-03-02T08:00+08:00", "--until", "5m", "--step", "1h"]
    arguments += ["--where", "school:1", "--where", "school:2"]
    assert run("query", "icmp_echo.loss_ratio", *arguments) == 0
    assert run.out.splitlines()[1].split() == ["9934000001", "0.123457", "7"]
    ((path, asked),) = collector.asked
    assert path == "/v1/query"
    assert asked == {
        "metric": ["icmp_echo.loss_ratio"],
        "statistic": ["time_share(>=0.7)"],
        "by": ["school,agent"],
        "since": ["2026-03-02T00:00:00+00:00"],
        "until": ["5m"],
        "period": ["lesson"],
        "step": ["1h"],
        "where": ["school:1", "school:2"],
    }


def test_refusal_of_the_collector_is_shown_in_its_words(run: Command, collector: Collector) -> None:
    collector.answers["/v1/query"] = 400, {"error": "no such metric", "error_zh": "没有这个指标"}
    assert run("query", "x.y", lang="zh") == 2
    assert run.err == "没有这个指标\n"
    collector.answers["/v1/query"] = 500, b"<html>"
    assert run("query", "x.y") == 2
    assert "500" in run.err


def test_key_of_another_collector_is_explained(run: Command, collector: Collector) -> None:
    collector.answers["/v1/status"] = 200, {}
    (run.data_dir / "admin.key").write_text("other")
    assert run("status") == 2
    assert "does not accept" in run.err
    (run.data_dir / "admin.key").unlink()
    assert run("status") == 2
    assert "Cannot read the admin key" in run.err


def test_proxy_for_the_web_is_not_asked(
    run: Command, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    collector.answers["/v1/status"] = 200, {"ok": 1}
    assert run("status") == 0


@pytest.mark.parametrize("serving", [None, "{", '{"url": "http://127.0.0.1:1"}'])
def test_collector_that_does_not_run_is_named_with_the_command_that_starts_it(
    run: Command, serving: str | None
) -> None:
    file = run.data_dir / "serving.json"
    file.unlink() if serving is None else file.write_text(serving)
    for command in (["status"], ["verdicts"], ["agents"], ["query", "x.y"]):
        assert run(*command) == 2
        assert f"banjun-collector serve --data-dir {run.data_dir}" in run.err


def test_check_of_a_new_site_is_in_order(run: Command) -> None:
    assert run("check") == 1
    assert "begin with `schools import`" in run.out
    run("schools", "import", str(EXAMPLE))
    assert run("check") == 0
    assert "7 schools, 0 agents" in run.out
    assert re.search(r"gateway: \d+ tasks", run.out)


def test_check_asks_a_collector_that_runs_whether_it_is_well(
    run: Command, collector: Collector
) -> None:
    run("schools", "import", str(EXAMPLE))
    collector.answers["/readyz"] = 200, {"ready": True, "not_well": []}
    assert run("check") == 0
    assert "ready to receive readings" in run.out
    collector.answers["/readyz"] = 503, {"error": "The disk is full.", "error_zh": "磁盘已满。"}
    assert run("check") == 1
    assert "The disk is full." in run.out


@pytest.mark.parametrize(
    ("file", "words"),
    [("register.sqlite3", "cannot be opened"), ("journal.sqlite3", "cannot be read")],
)
def test_check_finds_a_damaged_file_and_looks_on(run: Command, file: str, words: str) -> None:
    run("schools", "import", str(EXAMPLE))
    (run.data_dir / file).write_bytes(b"not a database" * 500)
    assert run("check", "--json") == 1
    found = json.loads(run.out)
    assert [words in each["detail"]["en"] for each in found if not each["ok"]] == [True]
    assert len(found) >= 6


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("schedule.toml", ["check"]),
        ("incidents.toml", ["check"]),
        ("target-hefei-bandwidth.toml", ["check"]),
        ("calendar.toml", ["schools", "import", str(EXAMPLE)]),
        ("runbook.toml", ["incidents"]),
    ],
)
def test_command_reads_the_policies_of_the_data_directory(
    run: Command, name: str, command: list[str]
) -> None:
    run("schools", "import", str(EXAMPLE))
    file = run.data_dir / "policies" / name
    file.parent.mkdir()
    file.write_text("mistake = 1")
    assert run(*command) != 0
    assert str(file) in run.out + run.err


@pytest.fixture
def standing(collector: Collector) -> Collector:
    """Answers with the states and flips of a county."""
    county = shown()
    rows = state_rows(county.now_states, county.schools, county.agents)
    names = {one.code: one.name for one in county.schools}
    flips = [flip_row(f, names, county.now_states.titles) for f in county.flips]
    collector.answers |= {"/v1/states": (200, rows), "/v1/flips": (200, flips)}
    return collector


@pytest.mark.usefixtures("standing")
def test_states_show_value_bound_and_reason(run: Command) -> None:
    assert run("states", lang="zh") == 0
    for words in ("下降", "40%", "下降 ≥ 10%，中断 ≥ 90%", "没有接入任何设备。"):
        assert words in run.out


def test_states_list_flips_when_asked(run: Command, standing: Collector) -> None:
    assert run("states", "--school", BIG, "--flips", "5", lang="en") == 0
    assert "Contact with the school" in run.out
    assert standing.asked[-1] == ("/v1/flips", {"school": [BIG], "limit": ["5"]})
    assert "示例西岭初级中学" not in run.out


@pytest.mark.usefixtures("standing")
def test_states_are_json_for_programs(run: Command) -> None:
    assert run("states", "--json", "--school", POOR) == 0
    answer = json.loads(run.out)
    assert [row["school"] for row in answer["schools"]] == [POOR]
    assert answer["states"] == []


def test_export_waits_until_all_rows_are_written(run: Command, collector: Collector) -> None:
    collector.answers["/v1/export"] = 200, {"rows": 700}
    collector.answers["/v1/status"] = 200, {"export_owed_rows": 0, "export_trouble": None}
    assert run("export", "--since", "2026-09-01") == 0
    assert collector.told == [{"since": "2026-09-01"}]
    assert "700 rows" in run.err


def test_export_says_why_it_stands_still(run: Command, collector: Collector) -> None:
    trouble = {"zh": "时序库没有应答", "en": "The engine does not answer"}
    collector.answers["/v1/export"] = 200, {"rows": 700}
    collector.answers["/v1/status"] = 200, {"export_owed_rows": 700, "export_trouble": trouble}
    assert run("export", "--since", "2026-09-01") == 1
    assert "The engine does not answer" in run.err


def test_export_need_not_be_waited_for(run: Command, collector: Collector) -> None:
    collector.answers["/v1/export"] = 200, {"rows": 700}
    assert run("export", "--since", "2026-09-01", "--no-wait", "--json") == 0
    assert json.loads(run.out) == {"rows": 700, "done": False}
    assert [path for path, _ in collector.asked] == ["/v1/export"]


def test_export_names_a_day_that_is_none(run: Command) -> None:
    assert run("export", "--since", "yesterday") == 2
    assert "2026-09-01" in run.err
