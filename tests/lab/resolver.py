"""A name server of dnsmasq on loopback, told what to say."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.daemon import accepts, daemon, free_port


@contextmanager
def dnsmasq(*options: str, address: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """Its port. It asks nobody: without an option for it, it refuses to look a name up."""
    port = port or free_port()
    program = [
        "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file", "--no-resolv",
        "--no-hosts", "--bind-interfaces", f"--listen-address={address}", f"--port={port}",
        f"--user={pwd.getpwuid(os.geteuid()).pw_name}", *options,
    ]  # fmt: skip
    with daemon(program, lambda: accepts(port, address)):
        yield port
