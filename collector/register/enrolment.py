"""Tokens and enrolment: how an agent gets its identity. Works inside the caller's transaction.

A token is checked completely before anything is said about it, and every refusal reads the same.
An agent that lost the answer repeats its request: the same token and nonce give the same identity,
with a fresh key, until that identity was used for the first time.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from collector.register.model import NewToken, Token
from collector.register.tables import agent, token
from probes.model import Role
from probes.text import BanjunError, Text
from probes.wire import EnrolRequest

REPEAT_WITHIN = timedelta(hours=24)
MAX_LIFE = timedelta(days=90)
MAX_USES = 10_000
_NOBODY = bytes(32)
"""Compared with when there is no such token, so that it takes as long as with one."""


class TokenError(BanjunError):
    """A token that cannot be made or found."""


class EnrolRefusedError(BanjunError):
    """The token does not admit; the text never says why. `reason` is for the audit trail."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            Text(
                "注册被拒绝：令牌无效、过期、已用完或已撤销。请在采集器上用 token create 新建。",
                "Enrolment refused: the token is wrong, expired, used up or revoked. "
                "Make a new one on the collector with `token create`.",
            )
        )
        self.reason = reason


class EnrolLimitedError(BanjunError):
    """Too many failed enrolments; the next failure is answered after `wait`."""

    def __init__(self, wait: timedelta) -> None:
        seconds = max(1, round(wait.total_seconds()))
        super().__init__(
            Text(
                f"失败的注册次数过多，请在 {seconds} 秒后再试。",
                f"Too many failed enrolments; try again in {seconds} s.",
            )
        )
        self.seconds = seconds


def create_token(
    connection: sa.Connection,
    *,
    school: str,
    role: Role,
    expires_in: timedelta,
    max_uses: int,
    note: str,
    actor: str,
    now: datetime,
) -> NewToken:
    if not timedelta() < expires_in <= MAX_LIFE:
        raise TokenError(
            Text(
                f"令牌有效期应大于 0、不超过 {MAX_LIFE.days} 天，而不是 {expires_in}。",
                f"A token lives longer than 0 and at most {MAX_LIFE.days} days, not {expires_in}.",
            )
        )
    if not 1 <= max_uses <= MAX_USES:
        raise TokenError(
            Text(
                f"令牌可用次数应为 1 至 {MAX_USES}，而不是 {max_uses}。",
                f"A token is good for 1 to {MAX_USES} uses, not {max_uses}.",
            )
        )
    made = NewToken(secrets.token_hex(6), secrets.token_urlsafe(32))
    connection.execute(
        sa.insert(token).values(
            id=made.id,
            secret_sha256=_sha256(made.secret),
            school=school,
            role=role.value,
            note=note[:256],
            max_uses=max_uses,
            uses=0,
            created_at=now,
            created_by=actor,
            expires_at=now + expires_in,
        )
    )
    return made


def tokens(connection: sa.Connection) -> list[Token]:
    """All tokens, newest first."""
    rows = connection.execute(sa.select(token).order_by(token.c.created_at.desc(), token.c.id))
    return [_token(row) for row in rows]


def revoke_token(connection: sa.Connection, token_id: str, now: datetime) -> None:
    """Raises TokenError for an unknown one; a second revocation changes nothing."""
    if connection.scalar(sa.select(token.c.id).where(token.c.id == token_id)) is None:
        raise TokenError(
            Text(
                f"没有令牌“{token_id}”；用 token list 查看。",
                f"There is no token {token_id!r}; `token list` shows them.",
            )
        )
    connection.execute(
        sa.update(token)
        .where(token.c.id == token_id, token.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def admit(connection: sa.Connection, request: EnrolRequest, now: datetime) -> tuple[str, str, str]:
    """(agent id, its key, its school). Raises EnrolRefusedError, then nothing is changed."""
    token_id, _, secret = request.token.partition(".")
    query = sa.select(token).where(token.c.id == token_id).with_for_update()
    row = connection.execute(query).one_or_none()
    wanted = row.secret_sha256 if row else _NOBODY
    if not hmac.compare_digest(_sha256(secret), wanted) or row is None:
        raise EnrolRefusedError("wrong_secret" if row else "unknown_token")
    if row.revoked_at is not None:
        raise EnrolRefusedError("revoked")
    key = secrets.token_hex(32)
    earlier = _earlier(connection, row.id, request.nonce)
    if earlier is not None:
        _repeat(connection, earlier, key, now)
        return earlier.id, key, earlier.school
    _use(connection, row, now)
    return _insert(connection, row, request, key, now), key, row.school


def _earlier(connection: sa.Connection, token_id: str, nonce: str) -> Any:
    """The agent that this token and nonce already made, or None."""
    query = sa.select(agent).where(agent.c.token == token_id, agent.c.enrol_nonce == nonce)
    return connection.execute(query).one_or_none()


def _repeat(connection: sa.Connection, earlier: Any, key: str, now: datetime) -> None:
    if earlier.confirmed_at is not None or earlier.revoked_at is not None:
        raise EnrolRefusedError("repeated_after_first_use")
    if now - earlier.enrolled_at > REPEAT_WITHIN:
        raise EnrolRefusedError("repeated_too_late")
    connection.execute(
        sa.update(agent)
        .where(agent.c.id == earlier.id)
        .values(key_sha256=_sha256(key), key_generation=earlier.key_generation + 1)
    )


def _use(connection: sa.Connection, row: Any, now: datetime) -> None:
    """Take one use; the database counts, so that two requests never take the last one."""
    if row.expires_at <= now:
        raise EnrolRefusedError("expired")
    taken = connection.execute(
        sa.update(token)
        .where(token.c.id == row.id, token.c.uses < token.c.max_uses)
        .values(uses=token.c.uses + 1)
    )
    if taken.rowcount != 1:
        raise EnrolRefusedError("used_up")


def _insert(
    connection: sa.Connection, row: Any, request: EnrolRequest, key: str, now: datetime
) -> str:
    agent_id = secrets.token_hex(16)
    connection.execute(
        sa.insert(agent).values(
            id=agent_id,
            school=row.school,
            role=row.role,
            site="",
            key_sha256=_sha256(key),
            key_generation=1,
            hostname=_printable(request.hostname, 128),
            system=_printable(request.system, 128),
            version=_printable(request.version, 64),
            token=row.id,
            enrol_nonce=request.nonce,
            enrolled_at=now,
        )
    )
    return agent_id


def _token(row: Any) -> Token:
    return Token(
        id=row.id,
        school=row.school,
        role=Role(row.role),
        note=row.note,
        max_uses=row.max_uses,
        uses=row.uses,
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        revoked=row.revoked_at is not None,
    )


def _sha256(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _printable(text: str, most: int) -> str:
    """What a machine says about itself reaches terminals and pages; control characters do not."""
    return "".join(c for c in text if c.isprintable())[:most]
