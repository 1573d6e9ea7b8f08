"""`banjun-agent`, also `python -m agent`: reads the command line and calls one command."""

from __future__ import annotations

import logging
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path

from agent.arguments import build_parser
from agent.commands.terminal import BUSY, USAGE, Terminal
from agent.lock import StateInUseError
from config.agent_settings import AgentSettings, LogLevel
from config.load import load_settings
from probes.text import BanjunError, Language, choose_language


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 ok, 1 what was asked for failed, 2 usage or configuration, 3 busy."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _let_every_word_through()
    language = _language(given)
    try:
        if not given:
            build_parser(language).print_help(sys.stderr)
            return USAGE
        options = build_parser(language).parse_args(given)
        code = _run(options, Terminal(language, options.json))
        sys.stdout.flush()
    except BanjunError as exc:
        print(exc.text(language), file=sys.stderr)
        return BUSY if isinstance(exc, StateInUseError) else USAGE
    except BrokenPipeError:
        # Whoever read our output has enough. Python would complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    except OSError as exc:
        print(_os_error(exc)[language is Language.EN], file=sys.stderr)
        return USAGE
    return code


def _let_every_word_through() -> None:
    """A terminal or pipe that lacks a character, as code page 936 lacks some, gets its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _language(given: Sequence[str]) -> Language:
    """From --lang wherever it stands, because help and usage errors come before parsing ends."""
    for i, word in enumerate(given):
        value = word.removeprefix("--lang=") if word.startswith("--lang=") else ""
        if word == "--lang" and i + 1 < len(given):
            value = given[i + 1]
        if value in list(Language):
            return Language(value)
    return choose_language(None, dict(os.environ))


def _run(options: Namespace, terminal: Terminal) -> int:
    from probes.backup import STATE_DIR

    settings = load_settings(AgentSettings, options.config)
    _set_up_logging(options, settings)
    os.umask(0o077)  # Identity, spool and status are nobody else's to read.
    state_dir = options.state_dir or _default_state_dir()
    os.environ[STATE_DIR] = str(state_dir)  # for posture_backup: manifests lie there
    # Each command loads its own libraries: `probes` and `status` need no HTTP and no scheduler.
    if options.command == "enrol":
        from agent.commands import enrol

        string = sys.stdin.readline() if options.string == "-" else options.string
        return enrol.run(terminal, settings, state_dir, string=string, replace=options.replace)
    if options.command == "run":
        from agent.commands import run

        return run.run(terminal, settings, state_dir)
    if options.command == "once":
        from agent.commands import once

        return once.run(terminal, settings, state_dir, jitter=options.jitter)
    return _run_here(options, terminal, state_dir)


def _run_here(options: Namespace, terminal: Terminal, state_dir: Path) -> int:
    """The commands that speak to nobody."""
    if options.command == "install-service":
        from agent.commands import install_service

        wish = install_service.Wish(
            show=options.print,
            user=options.user,
            run_as=options.run_as or "",
            allow=tuple(options.allow),
            config=options.config,
            state_dir=options.state_dir,
        )
        return install_service.run(terminal, wish, state_dir)
    if options.command == "backup-done":
        from agent.commands import backup_done

        return backup_done.run(
            terminal, state_dir, job=options.job, file=options.file, place=options.place
        )
    if options.command == "status":
        from agent.commands import status

        return status.run(terminal, state_dir)
    if options.command == "probe":
        from agent.commands import probe

        return probe.run(
            terminal, state_dir, name=options.name, target=options.target, given=options.set
        )
    from agent.commands import probes

    return probes.run(terminal)


def _default_state_dir() -> Path:
    """systemd names the directory of a service, or several; else one beside the user's work.

    On Windows where programs keep what belongs to the machine.
    """
    if sys.platform == "win32":
        return Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "Banjun"
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return Path(given) if given else Path("var/agent")


def _set_up_logging(options: Namespace, settings: AgentSettings) -> None:
    quiet = options.command not in ("run", "once")
    level = LogLevel.WARNING if quiet else settings.log_level
    logging.basicConfig(
        handlers=[_log_handler(getattr(options, "log_file", None))],
        level=logging.DEBUG if options.verbose else level.value.upper(),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )


def _log_handler(path: Path | None) -> logging.Handler:
    """To stderr, or to at most three files of a mebibyte. Raises OSError."""
    if path is None:
        return logging.StreamHandler(sys.stderr)
    from logging.handlers import RotatingFileHandler

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return RotatingFileHandler(path, maxBytes=2**20, backupCount=2, encoding="utf-8")


def _os_error(exc: OSError) -> tuple[str, str]:
    name = exc.filename or "-"
    return f"无法访问 {name}：{exc.strerror}。", f"Cannot use {name}: {exc.strerror}."


if __name__ == "__main__":
    sys.exit(main())
