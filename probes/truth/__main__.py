"""Answers one question of `resolver_truth`."""

from __future__ import annotations

import asyncio
from typing import Any

from probes import apart
from probes.truth.ask import ask_servers


def work(question: Any) -> object:
    return asyncio.run(ask_servers(**question))


if __name__ == "__main__":
    apart.serve(work)
