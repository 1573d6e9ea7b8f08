"""`python -m tests.lab.portal PORT`: a captive portal, as a hotel's, in the namespace of a line.

Every request is answered with a redirect to its own page; a GET of /accept lets its sender through
from then on, by adding the address to the set that the packet filter asks.
"""

from __future__ import annotations

import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Portal(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/accept":
            element = f"{{ {self.client_address[0]} }}"
            add = ["nft", "add", "element", "ip", "portal", "accepted", element]
            subprocess.run(add, check=True, timeout=10)
            return self._answer(200, "You are online.")
        self.send_response(302)
        self.send_header("Location", "http://portal.example/welcome")
        self.send_header("Content-Length", "0")
        self.end_headers()
        return None

    do_POST = do_HEAD = do_GET

    def _answer(self, status: int, words: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(words)))
        self.end_headers()
        self.wfile.write(words.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("", int(sys.argv[1])), Portal).serve_forever()
