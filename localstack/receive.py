#!/usr/bin/env python3
"""A receiver for experiments: prints what it gets, and answers.

    receive.py 8080          listen on port 8080, and answer 200
    receive.py 8080 400      and answer 400

It listens on 127.0.0.1, or on the stack.env's RECEIVER_LISTEN, since functions in containers cannot reach loopback.
Standard library only, Python 3.10 or later.
"""

from __future__ import annotations

import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Receiver(BaseHTTPRequestHandler):
    status = 200

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode(errors="replace")
        print(f"\n{self.requestline}\n{self.headers}{body}\n-> {self.status}", flush=True)
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_) -> None:
        """Print nothing but the requests."""


if __name__ == "__main__":
    if not all(argument.isdecimal() for argument in sys.argv[1:]) or len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    if len(sys.argv) == 3:
        Receiver.status = int(sys.argv[2])
    try:
        HTTPServer((os.environ.get("RECEIVER_LISTEN") or "127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
    except KeyboardInterrupt:
        pass
    except OSError as error:
        sys.exit(f"receive.py: port {sys.argv[1]}: {error.strerror}. Choose another one")
