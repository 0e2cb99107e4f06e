"""A batch as an appliance makes one, and boards that start by themselves once they are written."""

import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.model.device import Device
from appliance.model.ids import DeviceId, FactoryId, KeyId
from flasher.batch import PURPOSE, Content, Entry, Signed, Statement
from flasher.node import Home, Wifi
from tests.flasher.conftest import Board
from tests.flasher.plant import HERE, MICROPYTHON, NODE

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
CA = "-----BEGIN CERTIFICATE-----\nno node gets as far as reading this\n"


def content(*names: str, ca: str = CA) -> Content:
    """What the appliance at https://box:8443 has made and signed, with keys that it would know."""
    entries = [
        Entry(
            Device(DeviceId(n), FactoryId(1), name, None, None, None, 1000, NOON),
            KeyId(f"abcdefgh{n:02d}".translate(str.maketrans("01", "ab"))),
            f"csk_abcdefgh{n:02d}_{'S3cret' * 7}x".translate(str.maketrans("01", "ab")),
        )
        for n, name in enumerate(names, 1)
    ]
    told = [(int(one.device.id), one.device.name, str(one.key_id)) for one in entries]
    home = Home(8444, "carbonseed-devices", ca)
    statement = msgspec.json.encode(Statement(PURPOSE, "b" * 36, NOON, "tess@x", home, told))
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw().hex()
    signed = Signed(statement.decode(), key.sign(statement).hex(), public)
    wifi = Wifi("plant", "ladle, kiln and press")
    return Content("https://box:8443", "127.0.0.1", NODE, wifi, signed, entries)


@contextmanager
def starting(board: Board, folder: Path) -> Iterator[str]:
    """A port for the board on which, as soon as somebody only listens, it starts and speaks."""
    lines = _Lines(board, folder)
    listener = socket.create_server(("127.0.0.1", 0))
    accepting = threading.Thread(target=lines.accept, args=(listener,), daemon=True)
    accepting.start()
    try:
        yield f"socket://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        with listener, suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        accepting.join(10)  # from here on nobody else comes
        lines.end()


class _Lines:
    def __init__(self, board: Board, folder: Path) -> None:
        self._board = board
        self._folder = folder
        self._running: subprocess.Popen[bytes] | None = None
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._over = False

    def accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near = listener.accept()[0]
            except OSError:
                return
            self._ends.append(near)
            self._thread(self._serve, near)

    def end(self) -> None:
        self._over = True
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for end in self._ends:
            end.close()
        if self._running is not None:
            self._running.kill()
            self._running.wait()

    def _thread(self, target, *given: object) -> None:
        self._threads.append(threading.Thread(target=target, args=given, daemon=True))
        self._threads[-1].start()

    def _serve(self, near: socket.socket) -> None:
        with suppress(OSError):
            near.settimeout(1.0)
            try:
                begun = near.recv(4096)
            except TimeoutError:
                self._speak(near)
                return
            near.settimeout(None)
            far = socket.create_connection(("127.0.0.1", self._board.number))
            self._ends.append(far)
            far.sendall(begun)
            self._thread(_carry, far, near)
            _carry(near, far)

    def _speak(self, near: socket.socket) -> None:
        console = self._folder / "console"
        if self._running is None:
            flash = self._folder / "flash.bin"
            flash.write_bytes(self._board.flash())
            with console.open("wb") as out:
                self._running = subprocess.Popen(
                    [MICROPYTHON, "-X", "heapsize=16M", HERE / "board" / "power_on.py", flash],
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, "TZ": "UTC"},
                )
        with console.open("rb") as said:
            while not self._over:
                near.sendall(said.read())
                time.sleep(0.05)


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(4096):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
