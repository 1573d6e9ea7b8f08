"""Joins a school: exchanges an enrolment string for an identity.

The token goes to nobody but a collector whose authority has the pin of the string.

A nonce is on the disk before the request goes out, so an answer that is lost costs nothing: the
same string tried again gets the same agent.
"""

from __future__ import annotations

import json
import secrets
import socket
import sys
from pathlib import Path

from agent.answer import Answer
from agent.identity import Identity, is_enrolled
from agent.link import Link
from agent.trust import AUTHORITY_FILE, Trust
from config.durable import replace_file
from config.enrolment import Enrolment
from probes import wire
from probes.text import BanjunError, Text

FILE = "enrol.json"


class AlreadyEnrolledError(BanjunError):
    """There is an identity, and nobody asked to replace it."""


class RefusedError(BanjunError):
    """The collector did not take the token."""


async def enrol(
    enrolment: Enrolment, state_dir: Path, *, version: str, ca_file: Path | None, replace: bool
) -> Identity:
    """The new identity, stored in `state_dir`.

    Raises AlreadyEnrolledError, RefusedError, UnreachableError, TrustError, or LinkError for an
    address that must not be used.
    """
    if is_enrolled(state_dir) and not replace:
        raise _already(Identity.load(state_dir), state_dir)
    # The authority is kept once there is an identity: until then another one may be in use.
    trust = Trust(pin=enrolment.pin, ca_file=ca_file)
    async with Link(enrolment.url, version=version, trust=trust) as link:
        request = wire.EnrolRequest(
            v=wire.VERSION,
            token=enrolment.token,
            nonce=_nonce(state_dir, enrolment.token_id),
            hostname=socket.gethostname()[:256],
            system=sys.platform,
            version=version,
        )
        answer = await link.post("/v1/enrol", wire.encode(request))
    identity = _identity(_reply(answer), enrolment)
    trust.keep(state_dir / AUTHORITY_FILE)
    identity.save(state_dir)
    (state_dir / FILE).unlink(missing_ok=True)
    return identity


def _nonce(state_dir: Path, token_id: str) -> str:
    """The nonce of an earlier try of this token, else a new one that is durable before use."""
    path = state_dir / FILE
    try:
        kept = json.loads(path.read_text("utf-8"))
        if kept["token"] == token_id:
            return str(kept["nonce"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # None was kept, or not whole: a new one only costs one use of the token.
    nonce = secrets.token_hex(16)
    replace_file(path, json.dumps({"token": token_id, "nonce": nonce}).encode())
    return nonce


def _reply(answer: Answer) -> wire.EnrolReply:
    if answer.status == 200:
        try:
            return wire.decode(answer.body, wire.EnrolReply)
        except wire.WireError as exc:
            raise _not_a_collector(answer.status) from exc
    try:
        problem = wire.decode(answer.body, wire.Problem)
    except wire.WireError as exc:
        raise _not_a_collector(answer.status) from exc
    if answer.status == 401:
        raise RefusedError(
            Text(
                "采集器不接受此注册串：可能已过期、已撤销、次数已用完，或属于另一个采集器。"
                "请在采集器上用 token create 生成新的。",
                "The collector does not accept this enrolment string: it may have expired, been "
                "revoked or used up, or belong to another collector. "
                "Make a new one there with `token create`.",
            )
        )
    again = f" Retry-After: {answer.retry_after} s." if answer.retry_after else ""
    raise RefusedError(
        Text(f"采集器拒绝注册：{problem.error_zh}{again}", f"Not enrolled: {problem.error}{again}")
    )


def _identity(reply: wire.EnrolReply, enrolment: Enrolment) -> Identity:
    return Identity(
        agent=reply.agent,
        key=reply.key,
        school=reply.school,
        school_name=reply.school_name,
        role=reply.role,
        url=enrolment.url.rstrip("/"),
        pin=enrolment.pin,
    )


def _already(identity: Identity, state_dir: Path) -> AlreadyEnrolledError:
    return AlreadyEnrolledError(
        Text(
            f"本机已注册为 {identity.school_name}（{identity.school}）的代理 {identity.agent}，"
            f"身份在 {state_dir}。要改为新的身份，请加 --replace。",
            f"This machine is enrolled as agent {identity.agent} of {identity.school_name} "
            f"({identity.school}), in {state_dir}. To get a new identity, add --replace.",
        )
    )


def _not_a_collector(status: int) -> RefusedError:
    return RefusedError(
        Text(
            f"该地址的应答（HTTP {status}）不像班均采集器。"
            "请检查地址，或是否被上网认证、代理服务器截获。",
            f"What answers there (HTTP {status}) is not a Banjun collector. "
            "Check the address, and whether a captive portal or a proxy stands in between.",
        )
    )
