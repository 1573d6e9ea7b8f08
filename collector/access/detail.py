"""Which routes and commands show detail about persons or security: the table, held by a test.

Who adds a route or a command says here what it shows; until then the test fails.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from probes.text import Text


class Detail(StrEnum):
    """Of what kind the detail is; what shows several is listed under the first."""

    PERSON = "person"
    """Who signed, confirmed, acknowledged or read."""
    SECURITY = "security"
    """How well a school or a machine is protected, and what is wrong there."""


DETAILS: dict[Detail, Text] = {
    Detail.PERSON: Text("人员", "persons"),
    Detail.SECURITY: Text("安全状况", "security"),
}
FREE = None
"""Shows no such detail, or does not read at all."""

ROUTES: Mapping[str, Detail | None] = {
    "GET /": Detail.PERSON,  # who acknowledged incidents
    "GET /schools/{code}": Detail.PERSON,
    "GET /schools/{code}/line": FREE,
    "GET /schools/{code}/devices": Detail.PERSON,  # who declared them
    "GET /schools/{code}/attest": Detail.SECURITY,
    "GET /schools/{code}/attest/{duty}/{attest}": Detail.SECURITY,
    # A form that comes back with a mistake in it lists the earlier signatures again.
    "POST /schools/{code}/attest/{duty}/{attest}": Detail.SECURITY,
    "GET /attest": Detail.SECURITY,
    "GET /attest/{number}": Detail.PERSON,
    "POST /attest/{number}/confirm": FREE,
    "POST /attest/{number}/revoke": FREE,
    "GET /attest/{number}/file": Detail.PERSON,
    "GET /duties": Detail.PERSON,
    "GET /schools/{code}/duties/{duty}": Detail.PERSON,
    "GET /runbook/": FREE,
    "GET /runbook/{alert}": FREE,
    "GET /static/{name}": FREE,
    "* /{rest}": FREE,
    "GET /healthz": FREE,
    "GET /readyz": FREE,
    "GET /metrics": FREE,
    "GET /v1/status": FREE,
    "GET /v1/verdicts": Detail.SECURITY,
    "GET /v1/lines": FREE,
    "GET /v1/states": Detail.SECURITY,
    "GET /v1/flips": Detail.SECURITY,
    "GET /v1/incidents": Detail.PERSON,
    "GET /v1/duties": Detail.PERSON,
    "GET /v1/posture": Detail.SECURITY,
    "GET /v1/agents": Detail.SECURITY,
    "GET /v1/query": Detail.SECURITY,
    "POST /v1/export": FREE,
    # The agents' own doors: each gets what concerns itself.
    "POST /v1/push": FREE,
    "POST /v1/enrol": FREE,
    "GET /v1/config": FREE,
    "POST /v1/measure": FREE,
    "POST /v1/measure/done": FREE,
}
"""Method and path of a route, as aiohttp writes it -> what it shows."""

ASKS = "asks the running collector, which records it"
COMMANDS: Mapping[str, Detail | str | None] = {
    "access": Detail.PERSON,
    "access verify": FREE,
    "agents": ASKS,
    "agents place": FREE,
    "agents revoke": FREE,
    "alert channels": FREE,
    "alert test": FREE,
    "attest confirm": FREE,
    "attest list": Detail.SECURITY,
    "attest revoke": FREE,
    "attest show": Detail.PERSON,
    "attest sign": FREE,
    "attest verify": FREE,
    "check": FREE,
    "duties": ASKS,
    "duties rectify assign": FREE,
    "duties rectify date": FREE,
    "duties rectify list": Detail.PERSON,
    "duties rectify note": FREE,
    "exam add": FREE,
    "exam cancel": FREE,
    "exam list": FREE,
    "export": FREE,
    "incident": Detail.PERSON,
    "incident close": FREE,
    "incident confirm": FREE,
    "incident dismiss": FREE,
    "incident end": FREE,
    "incident link": FREE,
    "incident open": FREE,
    "incident report": Detail.PERSON,
    "incident rules": FREE,
    "incident sent": FREE,
    "incident set": FREE,
    "incident show": Detail.PERSON,
    "incidents": Detail.PERSON,
    "incidents ack": FREE,
    "init": FREE,
    "install-service": FREE,
    "lan check": FREE,
    "lan list": FREE,
    "lan show": Detail.SECURITY,
    "lan template": ASKS,
    "inventory declare": FREE,
    "inventory diff": Detail.SECURITY,
    "inventory export": Detail.SECURITY,
    "inventory import": FREE,
    "inventory list": Detail.SECURITY,
    "inventory show": Detail.PERSON,
    "lines": ASKS,
    "logs": Detail.SECURITY,
    "logs config": FREE,
    "logs gaps": Detail.SECURITY,
    "logs sources add": FREE,
    "logs sources list": Detail.SECURITY,
    "logs sources remove": FREE,
    "logs verify": Detail.SECURITY,
    "measure": FREE,
    "posture": ASKS,
    "query": ASKS,
    "remote-lessons check": FREE,
    "remote-lessons show": FREE,
    "rooms export": FREE,
    "rooms import": FREE,
    "rooms list": FREE,
    "schools close": FREE,
    "schools import": FREE,
    "schools list": FREE,
    "serve": FREE,
    "states": ASKS,
    "status": ASKS,
    "token create": FREE,
    "token list": Detail.SECURITY,
    "token revoke": FREE,
    "tryout": FREE,
    "verdicts": ASKS,
    "waive add": FREE,
    "waive end": FREE,
    "waive list": Detail.PERSON,
}
"""A command and its action -> what it shows. A kind of detail: it records that itself."""
