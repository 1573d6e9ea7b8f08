"""The pages for people. They only show; there is nothing here that changes anything."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import tzinfo
from zoneinfo import ZoneInfo

from aiohttp import hdrs, web

from collector.api.enrol import problem
from collector.judge.judge import COUNTRY_ZONE
from collector.web.access import Access
from collector.web.county import Wish, county
from collector.web.duties import DutyWish, county_duties
from collector.web.duty import duty_view
from collector.web.line import line_view
from collector.web.reader import Reader, language_of
from collector.web.render import Renderer
from collector.web.school import find, view
from collector.web.showing import Showing
from config.duty import DUTY_KINDS
from probes.text import Text
from probes.wire import JSON

log = logging.getLogger(__name__)

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_PRIVATE = "private, no-cache"
_FOR_GOOD = "private, max-age=31536000, immutable"
FIRST_JUDGEMENT_SECONDS = 5
"""How soon a page that waits for the first judgement is loaded again."""

_API = "/v1/"
_Handler = Callable[[web.Request], Awaitable[web.Response]]


class Pages:
    """Register the routes of `routes` last: the final one answers whatever is not there."""

    def __init__(self, showing: Showing, access: Access) -> None:
        self._showing = showing
        self._access = access
        self._renderer = Renderer()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/healthz", _alive),
            web.get("/", self._guarded(self._county)),
            web.get("/schools/{code}", self._guarded(self._school)),
            web.get("/schools/{code}/line", self._guarded(self._line)),
            web.get("/schools/{code}/duties/{duty}", self._guarded(self._duty)),
            web.get("/duties", self._guarded(self._duties)),
            web.get("/runbook/", self._guarded(self._runbook_list)),
            web.get("/runbook/{alert}", self._guarded(self._runbook)),
            web.get("/static/{name}", self._shown(self._static)),
            web.route(hdrs.METH_ANY, "/{rest:.*}", self._nothing_here),
        ]

    def _guarded(self, handler: _Handler) -> _Handler:
        async def guarded(request: web.Request) -> web.Response:
            await self._access.check(request)
            return await handler(request)

        return self._shown(guarded)

    def _shown(self, handler: _Handler) -> _Handler:
        """With the headers of a page, and a page for whatever goes wrong."""

        async def shown(request: web.Request) -> web.Response:
            try:
                response = await handler(request)
            except web.HTTPException as refusal:
                response = await self._fault_page(request, refusal.status)
                for name in (hdrs.WWW_AUTHENTICATE, hdrs.RETRY_AFTER):
                    if name in refusal.headers:
                        response.headers[name] = refusal.headers[name]
            except Exception:
                log.exception("page %s failed", request.path)
                response = await self._fault_page(request, 500)
            response.headers.update(HEADERS)
            return response

        return shown

    async def _nothing_here(self, request: web.Request) -> web.Response:
        if request.path.startswith(_API):
            return problem(404, _NO_SUCH_DOOR, JSON)
        return await self._guarded(self._not_found)(request)

    async def _not_found(self, request: web.Request) -> web.Response:
        raise web.HTTPNotFound

    async def _county(self, request: web.Request) -> web.Response:
        wish = Wish(request.query.get("area", ""), request.query.get("only") == "open")
        return await asyncio.to_thread(self._county_page, request, wish)

    def _county_page(self, request: web.Request, wish: Wish) -> web.Response:
        judgement = self._showing.judgement()
        given = {
            "judgement": judgement,
            "county": county(self._showing, judgement, wish),
            "wish": wish,
            "provisional": self._showing.provisional(),
        }
        response = self._page("county.html", request, self._reader(request), given)
        if judgement is None:
            response.headers["Refresh"] = str(FIRST_JUDGEMENT_SECONDS)
        return response

    async def _school(self, request: web.Request) -> web.Response:
        return await asyncio.to_thread(self._school_page, request)

    def _school_page(self, request: web.Request) -> web.Response:
        school = find(self._showing, request.match_info["code"])
        if school is None:
            raise web.HTTPNotFound
        judgement = self._showing.judgement()
        reader = self._reader(request, ZoneInfo(school.time_zone))
        given = {
            "judgement": judgement,
            "view": view(self._showing, judgement, school, reader),
            "provisional": self._showing.provisional(),
        }
        return self._page("school.html", request, reader, given)

    async def _line(self, request: web.Request) -> web.Response:
        return await asyncio.to_thread(self._line_page, request)

    def _line_page(self, request: web.Request) -> web.Response:
        school = find(self._showing, request.match_info["code"])
        if school is None:
            raise web.HTTPNotFound
        judgement = self._showing.judgement()
        reader = self._reader(request, ZoneInfo(school.time_zone))
        month = request.query.get("month", "")
        shown = line_view(self._showing, judgement, school, month, reader)
        if shown is None:
            raise web.HTTPNotFound
        given = {"judgement": judgement, "view": shown}
        response = self._page("line.html", request, reader, given)
        if judgement is None and not month:
            response.headers["Refresh"] = str(FIRST_JUDGEMENT_SECONDS)
        return response

    async def _duties(self, request: web.Request) -> web.Response:
        given = request.query
        only_open = given.get("only") == "open"
        wish = DutyWish(given.get("kind", ""), given.get("role", ""), only_open)
        return await asyncio.to_thread(self._duties_page, request, wish)

    def _duties_page(self, request: web.Request, wish: DutyWish) -> web.Response:
        judgement = self._showing.judgement()
        found = county_duties(self._showing, judgement, wish) if judgement else None
        given = {"judgement": judgement, "county": found, "wish": wish, "kinds": DUTY_KINDS}
        response = self._page("duties.html", request, self._reader(request), given)
        if judgement is None:
            response.headers["Refresh"] = str(FIRST_JUDGEMENT_SECONDS)
        return response

    async def _duty(self, request: web.Request) -> web.Response:
        return await asyncio.to_thread(self._duty_page, request)

    def _duty_page(self, request: web.Request) -> web.Response:
        school = find(self._showing, request.match_info["code"])
        judgement = self._showing.judgement()
        shown = school and duty_view(self._showing, judgement, school, request.match_info["duty"])
        if school is None or not shown:
            raise web.HTTPNotFound
        reader = self._reader(request, ZoneInfo(school.time_zone))
        return self._page("duty.html", request, reader, {"judgement": judgement, "view": shown})

    async def _runbook_list(self, request: web.Request) -> web.Response:
        given = {"pages": self._showing.alert_policy.runbook.values()}
        return self._page("runbook_list.html", request, self._reader(request), given)

    async def _runbook(self, request: web.Request) -> web.Response:
        page = self._showing.alert_policy.runbook.get(request.match_info["alert"])
        if page is None:
            raise web.HTTPNotFound
        return self._page("runbook.html", request, self._reader(request), {"it": page})

    async def _static(self, request: web.Request) -> web.Response:
        file = self._renderer.static.get(request.match_info["name"])
        if file is None:
            raise web.HTTPNotFound
        current = request.query.get("v") == file.mark
        headers = {"ETag": f'"{file.mark}"', "Cache-Control": _FOR_GOOD if current else _PRIVATE}
        return web.Response(body=file.content, content_type=file.content_type, headers=headers)

    async def _fault_page(self, request: web.Request, status: int) -> web.Response:
        given = {"status": status, "fault": _FAULTS.get(status, _FAULTS[500])}
        return self._page("fault.html", request, self._reader(request), given, status)

    def _reader(self, request: web.Request, zone: tzinfo = COUNTRY_ZONE) -> Reader:
        accept = request.headers.get(hdrs.ACCEPT_LANGUAGE, "")
        language, chosen = language_of(request.query, accept)
        return Reader(language, chosen, self._showing.now(), zone)

    def _page(
        self,
        template: str,
        request: web.Request,
        reader: Reader,
        given: Mapping[str, object],
        status: int = 200,
    ) -> web.Response:
        here = {key: value for key, value in request.query.items() if key != "lang"}
        text = self._renderer.page(template, reader, {**given, "path": request.path, "here": here})
        headers = {
            "Content-Language": reader.language.value,
            "Cache-Control": _PRIVATE,
            "Vary": "Accept-Language",
        }
        return web.Response(text=text, content_type="text/html", status=status, headers=headers)


async def _alive(request: web.Request) -> web.Response:
    return web.Response(text="ok\n", headers=HEADERS)


_NO_SUCH_DOOR = Text(
    "没有这个接口；接口说明见 docs。", "There is no such interface; docs describes those there are."
)
_FAULTS = {
    401: Text(
        "需要登录：用户名 banjun，密码是采集器数据目录中 admin.key 文件的内容。",
        "Please log in: the user is banjun, the password is what the file admin.key in the "
        "collector's data directory holds.",
    ),
    404: Text(
        "没有这个页面；学校可能已撤销，或代码有误。请从学校总表进入。",
        "There is no such page. The school may be closed, or its code mistyped; start from the "
        "table of schools.",
    ),
    421: Text(
        "这个地址不是本采集器的地址；请用 http://127.0.0.1 加端口访问，或在设置中登记这个名称。",
        "This collector is not known under that name. Use http://127.0.0.1 and its port, or add "
        "the name to its settings.",
    ),
    429: Text("错误的密码太多，请稍后再试。", "Too many wrong passwords; come again later."),
    500: Text(
        "采集器处理这个页面时出错，原因已写入它的日志；测量和判定不受影响。",
        "The collector failed to make this page and its log says why; measuring and judging go on.",
    ),
}
