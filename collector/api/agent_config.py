"""GET /v1/config: what an agent is to run. Fetching it is what makes the agent owe it."""

from __future__ import annotations

import asyncio

from aiohttp import web

from collector.api.enrol import problem
from collector.fleet.fleet import Fleet
from collector.register.directory import AgentDirectory
from probes.text import Text
from probes.wire import JSON, MSGPACK, encode


class ConfigDoor:
    """Authenticates, and answers from memory."""

    def __init__(self, directory: AgentDirectory, fleet: Fleet) -> None:
        self._directory = directory
        self._fleet = fleet

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/v1/config", self.handle)]

    async def handle(self, request: web.Request) -> web.Response:
        kind = MSGPACK if MSGPACK in request.headers.get("Accept", "") else JSON
        agent = self._directory.verify(request.headers.get("Authorization", ""))
        if agent is None:
            return problem(401, _UNKNOWN, kind)
        if agent.revoked:
            return problem(403, _REVOKED, kind)
        config = self._fleet.config(agent)
        # Written down also for a 304: the agent may have it from before a restore of the register.
        await asyncio.to_thread(self._fleet.given, agent, config)
        headers = {"ETag": f'"{config.revision}"', "Cache-Control": "no-cache"}
        if config.revision in _revisions(request.headers.get("If-None-Match", "")):
            return web.Response(status=304, headers=headers)
        return web.Response(body=encode(config, kind), content_type=kind, headers=headers)


def _revisions(header: str) -> set[str]:
    """The entity tags of an If-None-Match header; a bare revision counts as one."""
    return {tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")}


_UNKNOWN = Text(
    "未知的代理程序或密钥错误；请用新的注册串重新注册。",
    "Unknown agent or wrong key; enrol again with a new enrolment string.",
)
_REVOKED = Text("此代理程序已被停用。", "This agent was revoked.")
