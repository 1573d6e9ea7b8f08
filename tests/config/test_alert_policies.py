"""incidents.toml, routes.toml and runbook.toml: what ships is in order, and mistakes are named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from config.incident_file import Uplink, load_incident_rules
from config.lan_file import load_lan_policy
from config.policy_folder import POLICY_FOLDER
from config.route_file import Route, channels_for, load_routes
from config.runbook_file import load_runbook
from config.strict import PolicyError
from config.threshold_file import load_thresholds
from probes.catalog import discover
from probes.model import Role
from probes.text import Language

THRESHOLDS = {"site_contact", *(row.id for row in load_thresholds(discover()).rows)}
CAUSES = {"line", "disk_free"}
ROUTE = '[[route]]\nid = "a"\nchannels = ["duty"]\n'
Edit = Callable[[str], str]


def edited(folder: Path, name: str, edit: Edit) -> Path:
    shutil.copy(POLICY_FOLDER / name, folder)
    path = folder / name
    path.write_text(edit(path.read_text("utf-8")), "utf-8")
    return folder


def test_shipped_rules_join_what_is_one_line() -> None:
    rules = load_incident_rules(THRESHOLDS)
    assert rules.cause("site_contact") == rules.cause("gateway_path_loss") == "line"
    assert rules.cause("disk_free") == "disk_free"
    assert rules.contact_roles == {Role.GATEWAY, Role.SENTINEL}
    assert rules.settle == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("silent", "expected", "is_one"),
    [(4, 4, False), (5, 5, True), (5, 10, True), (5, 11, False), (50, 100, True)],
)
def test_many_and_half_of_all_is_one_cause(silent: int, expected: int, is_one: bool) -> None:
    assert Uplink(5, Fraction(1, 2), timedelta(0)).suspects(silent, expected) is is_one


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('settle = "5 min"', 'settle = "soon"', "settle: 'soon' is not like"),
        (
            'roles = ["gateway", "sentinel"]',
            'roles = ["router"]',
            "contact.roles: 'router' is not one of",
        ),
        ("least = 5", "least = 1", "uplink.least: 1 should be 2 or more"),
        ('share = "1/2"', 'share = "3/2"', "uplink.share: 3/2 is not in"),
        ('"site_contact", ', '"site_contakt", ', "no threshold 'site_contakt'"),
        ('"site_contact", ', '"site_contact", "site_contact", ', "belongs to two causes"),
        ('id = "line"', 'id = "disk_free"', "there is another 'disk_free'"),
        ("[uplink]", "[uplink]\nmost = 3", "uplink.most: there is no such key"),
    ],
)
def test_mistake_in_the_rules_is_named(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    folder = edited(tmp_path, "incidents.toml", lambda text: text.replace(old, new))
    with pytest.raises(PolicyError, match=complaint):
        load_incident_rules(THRESHOLDS, folder)


def test_shipped_routes_tell_nobody() -> None:
    assert load_routes(CAUSES) == ()


def test_sample_in_the_routes_file_is_a_good_route(tmp_path: Path) -> None:
    def uncomment(text: str) -> str:
        lines = [line.removeprefix("#   ") for line in text.splitlines() if line.startswith("#   ")]
        return "\n".join(lines)

    (route,) = load_routes(CAUSES, edited(tmp_path, "routes.toml", uncomment))
    assert route.channels == ("county_wecom", "duty_mail")
    assert route.severities == {"down", "unknown"}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('channels = []\nid = "b"', "at least one channel"),
        ('severity = ["bad"]', "severity: 'bad' is not one of degraded, down, unknown"),
        ('causes = ["weather"]', "causes: 'weather' is not one of attest_due, disk_free, line"),
        ('areas = ["hefei"]', "areas: 'hefei' is not like 3401"),
        ('schools = ["123"]', "schools: '123' is not like 9934000001"),
        ('language = "fr"', "language: 'fr' is not one of"),
        ('chanels = ["x"]', "there is no such key"),
    ],
)
def test_mistake_in_a_route_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    route = ROUTE if "channels" not in line else "[[route]]\n"
    folder = edited(tmp_path, "routes.toml", lambda text: f"{text}\n{route}{line}\n")
    with pytest.raises(PolicyError, match=rf"routes\.toml: route\[1\]\.?.*{complaint}"):
        load_routes(CAUSES, folder)


def test_route_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    folder = edited(tmp_path, "routes.toml", lambda text: text + ROUTE + ROUTE)
    with pytest.raises(PolicyError, match="the route a is there twice"):
        load_routes(CAUSES, folder)


def test_channel_of_two_routes_is_told_once_in_the_language_of_the_first() -> None:
    routes = [
        Route("a", ("x", "y"), Language.EN),
        Route("b", ("y", "z"), Language.ZH, areas=("3401", "3402")),
    ]
    both = channels_for(routes, "down", "line", "9934000001", "340299")
    assert both == {"x": Language.EN, "y": Language.EN, "z": Language.ZH}
    # an incident of the collector itself lies in no area
    assert channels_for(routes, "unknown", "collector_uplink", "", "").keys() == {"x", "y"}


def test_every_alert_has_a_page_and_every_page_an_alert(tmp_path: Path) -> None:
    alerts = {*THRESHOLDS, *load_lan_policy().attacks, "collector_uplink"}
    assert load_runbook(alerts).keys() == alerts
    with pytest.raises(PolicyError, match="weather should have one page"):
        load_runbook({*alerts, "weather"})
    with pytest.raises(PolicyError, match="disk_free should have one page"):
        load_runbook(alerts - {"disk_free"})


def test_page_has_three_first_steps(tmp_path: Path) -> None:
    def without_last(text: str) -> str:
        lines = text.splitlines()
        end = lines.index("]")
        return "\n".join([*lines[: end - 1], *lines[end:]])

    folder = edited(tmp_path, "runbook.toml", without_last)
    with pytest.raises(PolicyError, match=r"page\[1\]\.steps: 2 steps, not 3"):
        load_runbook({*THRESHOLDS, "collector_uplink"}, folder)


def test_who_is_missed_when_silent_is_heard_by_some_threshold() -> None:
    """Contact is made of what thresholds hear; a role without one would be unknown for ever."""
    thresholds = load_thresholds(discover()).rows
    heard = {role for row in thresholds if row.period is None for role in row.roles}
    assert load_incident_rules(THRESHOLDS).contact_roles <= heard
