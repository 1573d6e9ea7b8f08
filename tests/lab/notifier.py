"""`python -m tests.lab.notifier FILE SMTP_PORT HTTP_PORT`: a mail server and a webhook on loopback.

Each message that either takes is a line of FILE: JSON with `by`, `subject` and `body`. A line is
written before the message is acknowledged, so nothing that was taken is ever missing there.
"""

from __future__ import annotations

import json
import sys
import threading
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller


class Book:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def write(self, by: str, subject: str, body: str) -> None:
        line = json.dumps({"by": by, "subject": subject, "body": body}, ensure_ascii=False)
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


class Mailbox:
    def __init__(self, book: Book) -> None:
        self._book = book

    async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:
        mail = message_from_bytes(envelope.content, policy=policy.default)
        part = mail.get_body(("plain",))
        self._book.write("mail", str(mail["Subject"]), part.get_content() if part else "")
        return "250 OK"


def serve(path: Path, smtp_port: int, http_port: int) -> None:
    book = Book(path)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            book.write("hook", given["title"], given["message"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    controller = Controller(Mailbox(book), "127.0.0.1", smtp_port)
    controller.start()
    HTTPServer(("127.0.0.1", http_port), Handler).serve_forever()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
