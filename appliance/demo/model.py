"""The demo's model: a small HTTP server that says how far a signal is off what it just was.

It shows what a rule of kind `model` asks and reads; docs/model-server has one that learns.
"""

import asyncio
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import fmean, median

import msgspec

ODD = 3.0
"""So far off, in the signal's unit, scores 1."""
LAST_MS = 60_000
MOST_BYTES = 1_000_000
LOOK_SECONDS = 0.2


class Window(msgspec.Struct, frozen=True):
    """What is posted; other members are ignored."""

    times: list[int]
    values: list[float]


class Answer(msgspec.Struct, frozen=True):
    """What is answered."""

    score: float
    note: str


def judge(window: Window) -> Answer:
    """How far the mean of the last minute is off the window's median, as a share of ODD."""
    if not window.values or len(window.times) != len(window.values):
        raise ValueError("a window has a value for each of its times, and at least one")
    latest = [
        value
        for time_ms, value in zip(window.times, window.values, strict=True)
        if time_ms > window.times[-1] - LAST_MS
    ]
    off = abs(fmean(latest) - median(window.values))
    return Answer(min(1.0, off / ODD), f"{off:.1f} off the last minutes")


class Handler(BaseHTTPRequestHandler):
    """Answers a POST of a window."""

    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_POST(self) -> None:
        """Judge what is posted."""
        try:
            length = min(int(self.headers.get("Content-Length", 0)), MOST_BYTES)
            window = msgspec.json.decode(self.rfile.read(length), type=Window)
            status, answer = 200, msgspec.json.encode(judge(window))
        except (ValueError, msgspec.MsgspecError) as error:
            status, answer = 400, f"{error}\n".encode()
        self.send_response(status)
        if status != 200:  # what is left of the body is not read
            self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the demo's terminal is for people."""


def bind(port: int) -> ThreadingHTTPServer:
    """A server on this machine's own port, on another where that is taken; blocks."""
    try:
        return ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError:
        return ThreadingHTTPServer(("127.0.0.1", 0), Handler)


async def serve(server: ThreadingHTTPServer) -> None:
    """Answer until cancelled."""
    try:
        await asyncio.to_thread(server.serve_forever, LOOK_SECONDS)
    finally:
        await asyncio.to_thread(server.shutdown)
        server.server_close()
