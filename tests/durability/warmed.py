"""What a collector loads late, loaded early: imported only by the process that children fork from,
because it changes what the catalog holds."""

from __future__ import annotations

import importlib

from config.calendar_file import load_calendar
from probes.catalog import discover
from tests.durability.programs import add_instruments

add_instruments()
discover()
load_calendar()
importlib.import_module("holidays.countries")
