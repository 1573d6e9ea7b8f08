"""Which detectors there are, what policy says of them, and what is true of names."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset
import pytest

from collector.lan import truth
from collector.lan.detector import check_policy, discover
from collector.lan.facts import QUESTIONS, gather
from collector.lan.truth import Truth
from collector.store.memory import MemoryStore
from config.canary_file import Canaries, KnownName
from config.lan_file import LanPolicy, Lookups, load_lan_policy
from config.policy_folder import POLICY_FOLDER
from config.reporting_file import load_reporting
from config.strict import PolicyError
from probes import catalog
from tests.collector.lan.net import CODE, EVIL, START, Net


def edited(folder: Path, old: str, new: str) -> LanPolicy:
    text = (POLICY_FOLDER / "lan-attacks.toml").read_text("utf-8")
    assert old in text
    shutil.copytree(POLICY_FOLDER, folder, dirs_exist_ok=True)
    (folder / "lan-attacks.toml").write_text(text.replace(old, new, 1), "utf-8")
    return load_lan_policy(folder)


def test_shipped_policy_and_detectors_agree() -> None:
    check_policy(load_lan_policy(), discover())


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("agents = 2", "agnets = 2", r"rogue_dhcp.limits.agents"),
        ('id = "lan_loop"', 'id = "lan_lop"', "lan_loop"),
        ('lan_watch = "10 min"\n', "", "window.lan_watch"),
        ('hold = "30 min"', 'hold = "soon"', "hold: 'soon' is not like"),
        ('state = "down"', 'state = "worse"', "state"),
        ('kind = "default", note', 'kind = "plan", document = "x", note', "verified"),
    ],
)
def test_mistake_in_policy_names_what_is_wrong(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    with pytest.raises(PolicyError, match=complaint):
        check_policy(edited(tmp_path, old, new), discover())


def test_every_question_has_the_window_of_its_probe_and_names_what_is_there() -> None:
    windows = load_lan_policy().windows
    for question in QUESTIONS:
        probe = catalog.discover()[question.metric.probe]
        assert question.metric.probe in windows
        assert question.metric.metric in {metric.name for metric in probe.measures}
        assert {*question.labels, *question.where} <= probe.labels.keys()


def test_every_kind_that_may_be_reported_has_its_detector_or_is_still_to_come() -> None:
    kinds = load_reporting().detected.keys() & {"rogue_dhcp", "gateway_impersonated",
                                                "resolver_altered"}  # fmt: skip
    assert kinds <= discover().keys()
    assert len(kinds) == 3


def test_detector_that_fails_keeps_no_other_from_looking(
    net: Net, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: object, look: object) -> list[object]:
        raise RuntimeError("broken")

    monkeypatch.setattr(type(discover()["lan_loop"]), "find", fail)
    net.minutes(3, net.normal)
    net.minutes(1, net.normal, lambda: net.offers(("10.1.0.9", EVIL)))
    assert list(net.open) == ["rogue_dhcp"]
    assert f"lan_loop failed at school {CODE}" in caplog.text


def test_flood_of_made_up_servers_does_not_fill_the_register(net: Net) -> None:
    net.minutes(3, net.normal)
    servers = [(f"10.9.{n}.1", f"02:00:00:00:00:{n:02x}") for n in range(60)]
    net.minutes(2, net.normal, lambda: net.offers(*servers))
    assert len(net.detection._book.findings()) == 20


def test_probes_that_this_program_does_not_have_are_not_asked_for(net: Net) -> None:
    few = catalog.Catalog([catalog.discover()["tcp_connect"]])
    assert gather(MemoryStore(few), few, load_lan_policy().windows, START) == {}


# What is true of names

TRUE = "192.0.2.7"
LOOKUPS = Lookups(every=timedelta(minutes=10), remember=timedelta(hours=24))
CANARIES = Canaries(
    "invalid",
    (KnownName("given.example", ("192.0.2.0/24",), "x"), KnownName("asked.example", (), "x")),
    (),
)


def test_only_names_without_a_given_answer_are_looked_up_and_answers_add_up_for_a_day() -> None:
    now, asked = [START], []
    turns = iter([["198.51.100.1"], ["198.51.100.2"], [], []])

    def resolve(name: str) -> list[str]:
        asked.append(name)
        return next(turns)

    known = Truth(CANARIES, LOOKUPS, lambda: now[0], resolve)
    assert known.answers.names == {"given.example": (ip_network("192.0.2.0/24"),)}
    known.look()
    known.look()
    assert known.answers.names["asked.example"] == (
        ip_network("198.51.100.1"), ip_network("198.51.100.2"),
    )  # fmt: skip
    now[0] += timedelta(hours=25)
    known.look()
    assert "asked.example" not in known.answers.names
    assert set(asked) == {"asked.example"}


@contextmanager
def name_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine's resolver is one on loopback that knows a.example alone."""
    given = dns.resolver.Resolver
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        door.bind(("127.0.0.1", 0))

        def ours() -> dns.resolver.Resolver:
            made = given(configure=False)
            made.nameservers, made.port = ["127.0.0.1"], door.getsockname()[1]
            return made

        def serve() -> None:
            with suppress(OSError):
                while True:
                    body, sender = door.recvfrom(4096)
                    question = dns.message.from_wire(body)
                    answer = dns.message.make_response(question)
                    asked = question.question[0]
                    if str(asked.name) != "a.example.":
                        answer.set_rcode(dns.rcode.NXDOMAIN)
                    elif asked.rdtype == dns.rdatatype.A:
                        answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", "A", TRUE))
                    door.sendto(answer.to_wire(), sender)

        monkeypatch.setattr(dns.resolver, "Resolver", ours)
        threading.Thread(target=serve, daemon=True).start()
        yield


def test_names_are_looked_up_by_the_resolver_of_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with name_server(monkeypatch):
        assert truth.resolve("a.example") == [TRUE]
        assert truth.resolve("b.example") == []


def test_resolver_that_is_silent_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    given = dns.resolver.Resolver
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))

        def ours() -> dns.resolver.Resolver:
            made = given(configure=False)
            made.nameservers, made.port = ["127.0.0.1"], silent.getsockname()[1]
            return made

        monkeypatch.setattr(dns.resolver, "Resolver", ours)
        monkeypatch.setattr(truth, "SECONDS", 0.2)
        assert truth.resolve("a.example") == []
