"""The shell pusher enrols, and tells nothing to a stranger."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collector.commands.client import ask
from config.enrolment import Enrolment
from tests.agent.shell.router import Authority, County, Gateway, TlsLine

pytestmark = [pytest.mark.long, pytest.mark.server("busybox", "curl")]


def test_enrolment_whose_answer_was_lost_gets_the_same_agent(
    county: County, gateway: Gateway
) -> None:
    county.line.mode = "swallow"
    assert gateway("enrol", county.string).returncode == 2
    nonce = (gateway.state / "nonce").read_text()
    agents = {each["agent"] for each in ask(county.data_dir, "/v1/agents")}
    county.line.mode = "pass"
    assert gateway("enrol", county.string).returncode == 0
    assert gateway.agent in agents
    assert nonce
    assert not (gateway.state / "nonce").exists()
    again = gateway("enrol", county.string)
    assert (again.returncode, "--replace" in again.stderr) == (2, True)


def damaged(string: str) -> str:
    middle = len(string) // 2
    return string[:middle] + ("A" if string[middle] != "A" else "B") + string[middle + 1 :]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (damaged, "not a whole"),
        (lambda string: string[:-9], "not a whole"),
        (lambda string: "hello", "not a whole"),
        (lambda _: Enrolment("http://192.0.2.1:8421", "t", "s").to_text(), "https"),
        (lambda _: Enrolment("http://127.0.0.1.example.org", "t", "s").to_text(), "https"),
        (lambda _: Enrolment("https://127.0.0.1:9", "t", "s", "ab" * 32).to_text(), "--ca"),
    ],
)
def test_string_that_cannot_be_trusted_sends_nothing(
    spoil: Callable[[str], str], said: str, gateway: Gateway
) -> None:
    done = gateway("enrol", spoil(Enrolment("http://127.0.0.1:9", "tok", "secret").to_text()))
    assert (done.returncode, said in done.stderr) == (2, True)
    assert not (gateway.state / "nonce").exists()  # the nonce is written before anything is sent


@pytest.fixture
def tls(county: County, tmp_path: Path) -> Iterator[tuple[TlsLine, Authority]]:
    """A line to the collector over TLS, and the authority that signed for it."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    authority = Authority(tmp_path / "authority", "Banjun")
    line = TlsLine(county.port, authority)
    threading.Thread(target=line.serve_forever, args=(0.02,), daemon=True).start()
    yield line, authority
    line.shutdown()
    line.server_close()


def pinned_string(county: County, url: str, pin: str) -> str:
    known = Enrolment.parse(county.string)
    return Enrolment(url, known.token_id, known.secret, pin).to_text()


def test_pinned_authority_is_found_in_what_the_collector_shows(
    county: County, tls: tuple[TlsLine, Authority], gateway: Gateway
) -> None:
    line, authority = tls
    done = gateway("enrol", pinned_string(county, line.url, authority.pin))
    assert (done.returncode, done.stderr) == (0, "")
    assert (gateway.state / "ca.pem").read_text() == authority.certificate.read_text()
    gateway.push()
    assert line.pushes == 2  # the enrolment, and a push


def test_pinned_authority_may_be_brought_by_any_way(
    county: County, tls: tuple[TlsLine, Authority], gateway: Gateway, tmp_path: Path
) -> None:
    line, authority = tls
    other = Authority(tmp_path / "other", "School filter")
    string = pinned_string(county, line.url, authority.pin)
    done = gateway("enrol", "--ca", str(other.certificate), string)
    assert (done.returncode, line.pushes) == (2, 0)
    both = tmp_path / "both.pem"
    both.write_text(other.certificate.read_text() + authority.certificate.read_text())
    assert gateway("enrol", "--ca", str(both), string).returncode == 0
    assert (gateway.state / "ca.pem").read_text() == authority.certificate.read_text()


def test_filter_that_stands_in_between_is_told_nothing(
    county: County, tls: tuple[TlsLine, Authority], gateway: Gateway, tmp_path: Path
) -> None:
    line, authority = tls
    done = gateway("enrol", pinned_string(county, line.url, "ab" * 32))
    assert (done.returncode, line.pushes) == (2, 0)
    assert "filter" in done.stderr
    assert not (gateway.state / "nonce").exists()
    # One that begins to intercept later: the key does not reach it.
    assert gateway("enrol", pinned_string(county, line.url, authority.pin)).returncode == 0
    filtered = TlsLine(county.port, Authority(tmp_path / "other", "School filter"))
    threading.Thread(target=filtered.serve_forever, args=(0.02,), daemon=True).start()
    identity = gateway.state / "identity"
    identity.write_text(identity.read_text().replace(line.url, filtered.url))
    assert gateway("push").returncode == 1
    assert filtered.pushes == 0
    assert len(gateway.waiting) == 1
    filtered.shutdown()
    filtered.server_close()


def test_key_is_on_no_command_line(county: County, enrolled: Gateway, tmp_path: Path) -> None:
    """A curl in the place of the real one writes down how it was called."""
    seen, curl = tmp_path / "seen", tmp_path / "bin" / "curl"
    curl.unlink()
    curl.write_text(f'#!/bin/sh\necho "$@" >>"{seen}"\nexec {shutil.which("curl")} "$@"\n')
    curl.chmod(0o755)
    enrolled.push()
    key = (enrolled.state / "identity").read_text().partition("Bearer ")[2].split('"')[0]
    assert "/v1/push" in seen.read_text()
    assert key.partition(".")[2] not in seen.read_text()
