"""A web server on this machine that breaks off, stalls and lies on demand, and keeps the headers of each request."""

import re
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Faults:
    """What the next answer does wrong; the default is nothing."""

    status: int = 200
    after: int | None = None  # bytes of the body before the fault below
    stall: bool = False  # then be silent until released, instead of hanging up
    slow: float = 0.0  # seconds between pieces of a tenth of the body
    headers: dict[str, str | None] = field(default_factory=dict)  # None takes a header away


class FaultyServer(ThreadingHTTPServer):
    """Serves `files`; each answer takes the next of `faults`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.faults: list[Faults] = []
        self.ranges = True
        self.requests: list[dict[str, str]] = []  # the headers of each request
        self.sent: list[int] = []  # bytes of body that each answer began with
        self.release = threading.Event()

    def url(self, name: str = "") -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"


class _Handler(BaseHTTPRequestHandler):
    server: FaultyServer

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        server, body = self.server, self.server.files.get(self.path[1:])
        server.requests.append(dict(self.headers))
        faults = server.faults.pop(0) if server.faults else Faults()
        status = faults.status if body is not None else 404
        headers = {}
        if status == 200:
            start = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")) if server.ranges else None
            if start:
                first, total = int(start[1]), len(body)
                status, body = (206, body[first:]) if first < total else (416, b"")
                headers["Content-Range"] = f"bytes {first}-{total - 1}/{total}" if body else f"bytes */{total}"
        else:
            body = b"no"
        headers |= {"Content-Length": str(len(body))} | faults.headers
        server.sent.append(len(body))
        self.send_response(status)
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        self._send(body, faults)

    def _send(self, body: bytes, faults: Faults) -> None:
        if faults.slow:
            for start in range(0, len(body), len(body) // 10):
                self.wfile.write(body[start : start + len(body) // 10])
                time.sleep(faults.slow)
        elif faults.after is None:
            self.wfile.write(body)
        else:
            self.wfile.write(body[: faults.after])
            self.wfile.flush()
            if faults.stall:
                self.server.release.wait(20)
            self.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def serving():
    """Run a server for a test."""
    server = FaultyServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.release.set()
        server.shutdown()
        server.server_close()
        thread.join()
