"""Pages to sign on: what is owed, the form, a signature with its document, and its second person.

Who looks at one signature, or changes anything, needs the admin key, also where pages are open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from aiohttp import hdrs, web

from collector.access.recording import ROWS, SCHOOL
from collector.attest.clerk import Clerk
from collector.attest.document import TYPES
from collector.attest.entry import SAYS, Attestation, AttestError
from collector.attest.evidence import EvidenceError, NoEvidenceError
from collector.attest.owed import STANDINGS, Owed, Standing
from collector.attest.signing import Wish
from collector.attest.span import SpanError, span_of
from collector.register.model import School
from collector.register.register import HOME
from collector.web.access import Access
from collector.web.admin_key import AdminKey
from collector.web.form import FormError, Forms
from collector.web.marks import Mark
from collector.web.pages import Pages
from collector.web.school import find
from collector.web.showing import Showing
from config.duty import PERIODS, Attest, Duty
from probes.text import BanjunError

SOON_DAYS = 30
_KINDS = {"holds": ("✎", "good"), "waits": ("…", "unknown"), "on_event": ("–", "none")}
MARKS = {
    standing: Mark(*_KINDS.get(standing.value, ("✗", "bad")), title)
    for standing, title in STANDINGS.items()
}
_WRONG = (AttestError, SpanError, EvidenceError)
_Handler = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class SchoolLine:
    """How many of the things that one school signs for are overdue, due soon, in order, and all."""

    school: School
    overdue: int
    soon: int
    holds: int
    all: int


class AttestPages(Pages):
    """Everything that reads or writes is done in threads."""

    def __init__(self, showing: Showing, access: Access, key: AdminKey, clerk: Clerk) -> None:
        super().__init__(showing, access)
        self._keyed = Access(key, open_pages=False)
        self._forms = Forms(key)
        self._clerk = clerk

    def routes(self) -> list[web.RouteDef]:
        sign = "/schools/{code}/attest/{duty}/{attest}"
        return [
            web.get("/attest", self._guarded(self._county_list)),
            web.get("/schools/{code}/attest", self._guarded(self._school_list)),
            web.get(sign, self._locked(self._form)),
            web.post(sign, self._locked(self._sign)),
            web.get(r"/attest/{number:\d{1,9}}", self._locked(self._one)),
            web.get(r"/attest/{number:\d{1,9}}/file", self._locked(self._file)),
            web.post(r"/attest/{number:\d{1,9}}/confirm", self._locked(self._confirm)),
            web.post(r"/attest/{number:\d{1,9}}/revoke", self._locked(self._revoke)),
        ]

    def _locked(self, handler: _Handler) -> _Handler:
        async def locked(request: web.Request) -> web.Response:
            await self._keyed.check(request)
            try:
                return await handler(request)
            except (FormError, *_WRONG) as exc:
                return self._problem(request, exc)

        return self._guarded(locked)

    async def _county_list(self, request: web.Request) -> web.Response:
        owed = await asyncio.to_thread(self._clerk.owed)
        today = self._showing.now().astimezone(HOME).date()
        schools: dict[str, list[Owed]] = {}
        for one in owed:
            schools.setdefault(one.school.code, []).append(one)
        request[ROWS] = len(schools)
        lines = [_line(found, today) for found in schools.values()]
        lines.sort(key=lambda line: (-line.overdue, -line.soon, line.school.code))
        given = {"lines": lines, "soon_days": SOON_DAYS}
        return self._page("attest_county.html", request, self._reader(request), given)

    async def _school_list(self, request: web.Request) -> web.Response:
        school = await asyncio.to_thread(self._school_of, request)
        owed = await asyncio.to_thread(self._clerk.owed, school.code)
        request[ROWS] = len(owed)
        today = self._showing.now().astimezone(HOME).date()
        given = {"school": school, "owed": owed, "today": today, "standing_marks": MARKS}
        return self._page("attest_school.html", request, self._reader(request), given)

    async def _form(self, request: web.Request) -> web.Response:
        return await self._form_page(request, {}, None)

    async def _form_page(
        self, request: web.Request, filled: Mapping[str, str], fault: BanjunError | None
    ) -> web.Response:
        school = await asyncio.to_thread(self._school_of, request)
        duty, attest = self._asked(request)
        signed = await asyncio.to_thread(self._clerk.book.attestations, school.code)
        earlier = [one for one in signed if one.key == (school.code, duty.id, attest.id)]
        request[ROWS] = len(earlier)
        now = self._showing.now()
        given = {
            "school": school,
            "duty": duty,
            "attest": attest,
            "earlier": earlier[::-1],
            "says": SAYS,
            "periods": PERIODS,
            "span": span_of(attest.period, now.astimezone(HOME).date()),
            "largest": self._clerk.shelf.largest,
            "filled": filled,
            "fault": fault and fault.text,
            "token": self._forms.token(request.path, now),
        }
        status = 200 if fault is None else 400
        return self._page("attest_form.html", request, self._reader(request), given, status)

    async def _sign(self, request: web.Request) -> web.Response:
        school = await asyncio.to_thread(self._school_of, request)
        asked = self._asked(request)
        try:
            largest = self._clerk.shelf.largest
            posted = await self._forms.take(request, self._showing.now(), largest)
        except EvidenceError as exc:  # the fields after the file are not read any more
            return await self._form_page(request, {}, exc)
        wish = Wish(
            says=posted.get("says"),
            person=posted.get("person"),
            period=posted.get("period"),
            role=posted.get("role"),
            note=posted.get("note"),
        )
        document, actor = posted.document, _actor(request)
        try:
            made = await asyncio.to_thread(
                self._clerk.sign, school.code, asked, wish, document, actor
            )
        except _WRONG as exc:
            return await self._form_page(request, posted.fields, exc)
        return self._see(request, made)

    async def _one(self, request: web.Request) -> web.Response:
        found = await asyncio.to_thread(self._found, request)
        now = self._showing.now()
        duty, attest = self._clerk.known(found)
        school = find(self._showing, found.entry.school)
        request[ROWS], request[SCHOOL] = 1, found.entry.school
        here = request.path
        given = {
            "it": found,
            "duty": duty,
            "attest": attest,
            "school": school,
            "says": SAYS[found.says],
            "confirm_token": self._forms.token(f"{here}/confirm", now),
            "revoke_token": self._forms.token(f"{here}/revoke", now),
        }
        return self._page("attest_one.html", request, self._reader(request), given)

    async def _file(self, request: web.Request) -> web.Response:
        found = await asyncio.to_thread(self._found, request)
        evidence = found.evidence
        if evidence is None:
            raise web.HTTPNotFound
        request[ROWS], request[SCHOOL] = 1, found.entry.school
        try:
            content = await asyncio.to_thread(self._clerk.shelf.read, evidence)
        except NoEvidenceError as exc:
            return self._problem(request, exc, 404)
        # Never shown in the browser, whatever it holds.
        plain = f"evidence-{found.number}.{evidence.type}"
        named = quote(evidence.name, safe="")
        headers = {
            hdrs.CONTENT_TYPE: TYPES.get(evidence.type, "application/octet-stream"),
            hdrs.CONTENT_DISPOSITION: f"attachment; filename=\"{plain}\"; filename*=UTF-8''{named}",
            hdrs.CACHE_CONTROL: "private, no-store",
        }
        return web.Response(body=content, headers=headers)

    async def _confirm(self, request: web.Request) -> web.Response:
        posted = await self._forms.take(request, self._showing.now())
        number, person = _number(request), posted.get("person")
        actor = _actor(request)
        made = await asyncio.to_thread(self._clerk.book.confirm, number, person, actor)
        return self._see(request, made)

    async def _revoke(self, request: web.Request) -> web.Response:
        posted = await self._forms.take(request, self._showing.now())
        number, why, person = _number(request), posted.get("why"), posted.get("person")
        actor = _actor(request)
        made = await asyncio.to_thread(self._clerk.book.revoke, number, why, person, actor)
        return self._see(request, made)

    def _see(self, request: web.Request, made: Attestation) -> web.Response:
        """So that loading the page again does not post again."""
        where = self._reader(request).link(f"/attest/{made.number}")
        return web.Response(status=303, headers={hdrs.LOCATION: where})

    def _problem(self, request: web.Request, fault: BanjunError, status: int = 400) -> web.Response:
        status = 403 if isinstance(fault, FormError) else status
        given = {"status": status, "fault": fault.text}
        return self._page("fault.html", request, self._reader(request), given, status)

    def _school_of(self, request: web.Request) -> School:
        school = find(self._showing, request.match_info["code"])
        if school is None:
            raise web.HTTPNotFound
        return school

    def _asked(self, request: web.Request) -> tuple[Duty, Attest]:
        duty, attest = request.match_info["duty"], request.match_info["attest"]
        try:
            return self._clerk.find(duty, attest)
        except AttestError as exc:
            raise web.HTTPNotFound from exc

    def _found(self, request: web.Request) -> Attestation:
        try:
            return self._clerk.book.one(_number(request))
        except AttestError as exc:
            raise web.HTTPNotFound from exc


def _is_due(one: Owed) -> bool:
    return one.is_owed and not one.advice


def _line(found: Sequence[Owed], today: date) -> SchoolLine:
    left = [one.days_left(today) or 0 for one in found if _is_due(one)]
    return SchoolLine(
        school=found[0].school,
        overdue=sum(1 for days in left if days < 0),
        soon=sum(1 for days in left if 0 <= days <= SOON_DAYS),
        holds=sum(1 for one in found if one.standing is Standing.HOLDS),
        all=len(found),
    )


def _number(request: web.Request) -> int:
    return int(request.match_info["number"])


def _actor(request: web.Request) -> str:
    """All who use the pages share one key; where they sat is what is known."""
    return f"web:{request.remote or ''}"[:64]
