"""python -m probes: list the probes, run one by hand, write or check their pages."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from probes import docs
from probes.by_hand import choose_target, given_settings, lines, record, run_once
from probes.catalog import AnyProbe, discover
from probes.model import Outcome, ProbeError, Reading, parse_settings
from probes.text import BanjunError, Language, choose_language

EXIT_TARGET_FAILED, EXIT_NOT_RUN = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, 1 for a target that failed, 2 when nothing was learned."""
    options = _parser().parse_args(arguments)
    language = choose_language(options.lang, dict(os.environ))
    try:
        return int(options.command(options, language))
    except BanjunError as exc:
        print(exc.text(language), file=sys.stderr)
        return EXIT_NOT_RUN


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m probes", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="what can be measured")
    listing.add_argument("--json", action="store_true")
    listing.set_defaults(command=_list)

    run = commands.add_parser(
        "run",
        help="run one probe now",
        description="Run one probe and print what it measured. Exit code: 0 measured, 1 the target "
        "failed, 2 nothing was learned.",
        epilog="example: python -m probes run tcp_connect 127.0.0.1:8080 --set handshakes=5",
    )
    run.add_argument("name", metavar="NAME")
    run.add_argument("target", metavar="TARGET", nargs="?", help="host, host:port or [IPv6]:port")
    run.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], dest="settings")
    run.add_argument("--json", action="store_true")
    run.set_defaults(command=_run)

    pages = commands.add_parser("docs", help="write docs/probes/, or check that it is current")
    pages.add_argument("--check", action="store_true")
    pages.add_argument("--folder", type=Path, default=docs.FOLDER, help=argparse.SUPPRESS)
    pages.set_defaults(command=_docs)

    for command in (listing, run, pages):
        command.add_argument("--lang", choices=list(Language), help="default: from LANG")
    return parser


def _list(options: argparse.Namespace, language: Language) -> int:
    catalog = discover()
    if options.json:
        print(json.dumps([_described(p, language) for p in catalog.values()], ensure_ascii=False))
        return 0
    for probe in catalog.values():
        print(f"{probe.name:18} {probe.title(language)}")
        for metric in probe.measures:
            print(f"    {metric.name:30} {metric.title(language)}")
    return 0


def _described(probe: AnyProbe, language: Language) -> dict[str, Any]:
    return {
        "name": probe.name,
        "version": probe.version,
        "title": probe.title(language),
        "roles": sorted(probe.roles),
        "aimed": probe.aimed,
        "labels": sorted(probe.labels),
        "settings": {f.name: f.default for f in dataclasses.fields(probe.Settings)},
        "metrics": [
            {"name": m.name, "unit": m.unit, "better": m.better, "title": m.title(language)}
            for m in probe.measures
        ],
    }


def _run(options: argparse.Namespace, language: Language) -> int:
    probe = discover()[options.name]
    target = choose_target(probe, options.target)
    settings = parse_settings(probe.Settings, given_settings(probe, options.settings), probe.name)
    try:
        readings = asyncio.run(run_once(probe, settings, target))
    except ProbeError as exc:
        if options.json:
            print(json.dumps([record(probe, target, _not_run(exc))], ensure_ascii=False))
        raise
    if options.json:
        print(json.dumps([record(probe, target, r) for r in readings], ensure_ascii=False))
    else:
        for reading in readings:
            print(*lines(probe, reading, language), sep="\n")
    failed = any(r.outcome is Outcome.FAILED for r in readings)
    return EXIT_TARGET_FAILED if failed else 0


def _not_run(exc: ProbeError) -> Reading:
    return Reading(Outcome.NOT_RUN, {}, {}, exc.reason)


def _docs(options: argparse.Namespace, language: Language) -> int:
    if options.check:
        docs.check(discover(), options.folder)
        return 0
    for path in docs.write(discover(), options.folder):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
