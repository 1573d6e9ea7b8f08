"""`python -m tests.durability.survivor run|once …`: the agent as shipped, with the instrument that
counts, and with its patience shortened: what takes half an hour in a school takes seconds here."""

from __future__ import annotations

import sys

import agent.app
import agent.backoff
import agent.clock_watch
import agent.first_round
import agent.runner
from agent.__main__ import main
from tests.durability.programs import add_instruments

agent.app.LOOK = 0.2
agent.backoff.LONGEST = 2.0
agent.clock_watch.AWAY = 3.0  # more than a busy machine keeps a process waiting
agent.first_round.SPREAD = 0.5
agent.runner.RARE = 100_000.0
agent.runner.SLACK = 0.5

if __name__ == "__main__":
    add_instruments()
    sys.exit(main())
