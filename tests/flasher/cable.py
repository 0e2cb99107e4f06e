"""A bad cable: a way to a board on which bits fall over when it is used too fast."""

import socket
import struct
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress


@contextmanager
def cable(board: int, too_fast: Collection[int]) -> Iterator[str]:
    """A port for the board at this TCP port; bits fall over at these rates, or (none) at any."""
    orders = [struct.pack("<I", rate) for rate in too_fast]
    ends: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(target: Callable[..., None], *given: object) -> None:
        threads.append(threading.Thread(target=target, args=given, daemon=True))
        threads[-1].start()

    def serve() -> None:
        while True:
            try:
                near = listener.accept()[0]
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", board))
            ends.extend((near, far))
            start(_carry, near, far, orders)
            start(_carry, far, near, orders)

    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        start(serve)
        try:
            yield f"socket://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            _hang_up(listener)
            threads[0].join(10)  # from here on nobody else comes
            for end in ends:
                stack.enter_context(end)
                _hang_up(end)
            for thread in threads:
                thread.join(10)


def _carry(source: socket.socket, sink: socket.socket, orders: list[bytes]) -> None:
    noisy = not orders
    with suppress(OSError):
        while data := source.recv(4096):
            if noisy and len(data) > 1000:
                data = data[:500] + bytes([data[500] ^ 1]) + data[501:]
            sink.sendall(data)
            noisy = noisy or any(order in data for order in orders)
    _hang_up(source)
    _hang_up(sink)


def _hang_up(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
