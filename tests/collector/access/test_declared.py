"""Every route and every command is declared to show detail, or to be free of it; and what shows
detail is recorded."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator
from pathlib import Path

import aiohttp
from aiohttp import web

import collector.commands
from collector.__main__ import build_parser
from collector.access.detail import COMMANDS, ROUTES, Detail
from collector.app import Collector
from config.collector_settings import CollectorSettings
from probes.catalog import discover
from probes.text import Language


def doors(application: web.Application) -> set[str]:
    return {
        f"{route.method} {route.resource.canonical}"
        for route in application.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }


def leaves(parser: argparse.ArgumentParser, name: str = "") -> Iterator[str]:
    if parser.get_default("run"):
        yield name
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, inner in action.choices.items():
                yield from leaves(inner, f"{name} {word}".strip())


def test_every_route_of_the_collector_is_declared(tmp_path: Path) -> None:
    made = Collector(CollectorSettings(), tmp_path, discover())
    found = doors(made.application())
    made._close(healthy=False)
    assert found - ROUTES.keys() == set(), "declare them in collector/access/detail.py"
    assert ROUTES.keys() - found == set(), "there are no such routes any more"


def test_every_command_is_declared() -> None:
    found = set(leaves(build_parser(Language.EN)))
    assert found - COMMANDS.keys() == set(), "declare them in collector/access/detail.py"
    assert COMMANDS.keys() - found == set(), "there are no such commands any more"


def test_every_command_that_shows_detail_records_that_it_does() -> None:
    folder = Path(collector.commands.__file__).parent
    recorded = {
        node.args[1].value
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "record_read"
        and isinstance(node.args[1], ast.Constant)
    }
    assert recorded == {name for name, shows in COMMANDS.items() if isinstance(shows, Detail)}


async def test_every_declared_route_that_shows_detail_leaves_an_entry(tmp_path: Path) -> None:
    from tests.collector.served import serving

    async with serving(tmp_path) as (collector, url), aiohttp.ClientSession() as client:
        key = (tmp_path / "admin.key").read_text()
        login = {True: f"Bearer {key}", False: aiohttp.encode_basic_auth("banjun", key)}
        for door, shows in ROUTES.items():
            method, path = door.split(" ", 1)
            if method != "GET":
                continue
            before = len(collector.paperwork.access_book.reads())
            path = path.format(
                code="9934000001", duty="d", attest="a", number="1", alert="x", name="y", rest="z"
            )
            headers = {"Authorization": login[path.startswith("/v1/")]}
            async with client.get(url + path, headers=headers) as got:
                await got.read()
            entries = collector.paperwork.access_book.reads()
            assert len(entries) - before == (1 if shows else 0), door
            if shows:
                assert entries[0].read["door"] == door
                assert entries[0].read["detail"] == shows.value
                assert entries[0].read["who"] == "key"
                assert entries[0].read["outcome"] in ("shown", "not_found", "failed")
