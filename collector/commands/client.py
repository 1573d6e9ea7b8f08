"""Asks the collector that runs on this data directory, with the key that lies in it."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from collector.commands.register_access import actor
from probes.text import BanjunError, Text

USER_HEADER = "Banjun-User"
"""Tells the collector's access log for whom the command asks."""
TIMEOUT_SECONDS = 60.0
Given = str | list[str] | None


class NotRunningError(BanjunError):
    """No collector answers for this data directory."""


class AdminError(BanjunError):
    """The collector is there and does not answer the question."""


def public_url(data_dir: Path) -> str | None:
    """Where agents reach the collector of `data_dir`; None if it never ran."""
    serving = _serving(data_dir)
    return serving.get("public_url") or serving.get("url")


def pin_of(data_dir: Path, url: str) -> str:
    """The pin for agents that reach the collector at `url`; "" if they need none.

    Raises TlsError.
    """
    serving = _serving(data_dir)
    if not url.startswith("https:"):
        return ""
    if serving.get("url", "").startswith("https:") and not serving.get("pin"):
        return ""  # a certificate of another authority is served
    from collector.tls.folder import TlsFolder

    # Not what was served at the start: a new authority is served without a restart.
    folder = TlsFolder(data_dir)
    return folder.facts().pin if folder.is_made else ""


def _serving(data_dir: Path) -> Mapping[str, str]:
    """What the collector wrote about itself when it began to listen; empty if it never did."""
    try:
        serving = json.loads((data_dir / "serving.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(serving, dict):
        return {}
    return {key: str(value).rstrip("/") for key, value in serving.items()}


def ask(data_dir: Path, path: str, given: Mapping[str, Given] | None = None) -> Any:
    """The JSON answer to GET `path`. Raises NotRunningError or AdminError.

    Of `given`, a list is a name that is given several times, and None one that is not.
    """
    query = urlencode({k: v for k, v in (given or {}).items() if v is not None}, doseq=True)
    return _answer(data_dir, f"{path}?{query}".rstrip("?"), None)


def tell(data_dir: Path, path: str, given: Mapping[str, Any]) -> Any:
    """The JSON answer to POST `path` of `given` as JSON. Raises as `ask` does."""
    return _answer(data_dir, path, json.dumps(given).encode())


def _answer(data_dir: Path, path: str, body: bytes | None) -> Any:
    serving = _serving(data_dir)
    url = serving.get("url")
    if url is None:
        raise _not_running(data_dir, Text("没有 serving.json", "there is no serving.json"))
    url, context = _whom_to_trust(serving, data_dir)
    headers = {
        "Authorization": f"Bearer {_admin_key(data_dir)}",
        "Accept": "application/json",
        USER_HEADER: actor().encode("ascii", "replace").decode(),  # for the access log
    }
    request = Request(f"{url}{path}", body, headers)  # noqa: S310
    # The collector is on this machine or its own network; a proxy for the web is not on the way.
    opener = build_opener(ProxyHandler({}), HTTPSHandler(context=context))
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            return json.load(response)
    except HTTPError as exc:
        with exc:
            raise _refused(exc, data_dir) from exc
    except (URLError, TimeoutError, ConnectionError, HTTPException) as exc:
        why = getattr(exc, "reason", exc)
        raise _not_running(data_dir, Text(f"{url} 没有应答：{why}", f"{url}: {why}")) from exc
    except ValueError as exc:
        raise AdminError(
            Text(f"{url}{path} 的回答不是 JSON。", f"What {url}{path} answers is not JSON.")
        ) from exc


def _whom_to_trust(serving: Mapping[str, str], data_dir: Path) -> tuple[str, ssl.SSLContext | None]:
    """Where to ask, and the context for it; None = as the system has it."""
    url = serving["url"]
    if not serving.get("pin"):
        # A certificate is for the name by which agents know the collector.
        return (serving.get("public_url", url) if url.startswith("https:") else url), None
    # Our own authority signs for this collector alone, so the name says nothing more.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    try:
        context.load_verify_locations(data_dir / "tls" / "authority.pem")
    except (OSError, ssl.SSLError) as exc:
        raise AdminError(
            Text(
                f"读不到 {data_dir / 'tls' / 'authority.pem'}：{exc}。请以运行采集器的用户执行。",
                f"Cannot read {data_dir / 'tls' / 'authority.pem'}: {exc}. "
                "Run this as the user that the collector runs as.",
            )
        ) from exc
    return url, context


def _admin_key(data_dir: Path) -> str:
    path = data_dir / "admin.key"
    try:
        return path.read_text("ascii").strip()
    except (OSError, ValueError) as exc:
        raise AdminError(
            Text(
                f"读不到管理密钥 {path}：{exc}。请以运行采集器的用户执行，例如 sudo -u banjun。",
                f"Cannot read the admin key {path}: {exc}. "
                "Run this as the user that the collector runs as, such as sudo -u banjun.",
            )
        ) from exc


def _not_running(data_dir: Path, why: Text) -> NotRunningError:
    return NotRunningError(
        Text(
            f"数据目录 {data_dir} 上没有运行中的采集器（{why.zh}）。"
            f"请先启动：banjun-collector serve --data-dir {data_dir}",
            f"No collector runs on the data directory {data_dir} ({why.en}). "
            f"Start it first: banjun-collector serve --data-dir {data_dir}",
        )
    )


def _refused(answer: HTTPError, data_dir: Path) -> AdminError:
    if answer.code == 401:
        return AdminError(
            Text(
                f"采集器不接受 {data_dir / 'admin.key'}；它可能运行在另一个数据目录上。",
                f"The collector does not accept {data_dir / 'admin.key'}; "
                "it may run on another data directory.",
            )
        )
    try:
        problem = json.loads(answer.read(65_536))
        return AdminError(Text(str(problem["error_zh"]), str(problem["error"])))
    except (ValueError, KeyError, TypeError):
        return AdminError(
            Text(
                f"采集器以 {answer.code} {answer.reason} 拒绝；详情见它的日志。",
                f"The collector answered {answer.code} {answer.reason}; its log has the details.",
            )
        )
