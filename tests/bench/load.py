"""Load over HTTPS, in a process of its own: keep-alive connections that post batch after batch.

Reads its orders as one JSON line, tells what happened as another. As little Python per request as
possible, so that one core of load fills one core of server.
"""

import asyncio
import json
import random
import resource
import ssl
import sys
import time
from dataclasses import dataclass, field

import uvloop

ROWS = 20
METRICS = ("temperature", "gas", "vibration", "pressure")
FIRST = 1_000_000
"""Row numbers start here, so that all have as many digits and bodies as many bytes."""
STEP_MS = 1000


@dataclass
class Told:
    """What came of the requests."""

    latencies: list[float] = field(default_factory=list)
    failures: int = 0


class Connection(asyncio.Protocol):
    """Posts the next batch as soon as the last one is answered, or `pause` seconds later."""

    def __init__(self, order: dict, key: str, told: Told) -> None:
        self._told = told
        self._pause = order["pause"]
        self._epoch = random.getrandbits(64)
        self._row = FIRST
        self._waits_for = b""
        self._sent_at = 0.0
        self._loop = asyncio.get_running_loop()
        rows = [[round(random.uniform(0, 1000), 2) for _ in METRICS] for _ in range(ROWS)]
        body = self._body(rows)
        head = (
            f"POST {order['path']} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(body % self._numbers())}\r\n\r\n"
        )
        self._request = head.replace("%", "%%").encode() + body

    def _body(self, rows: list[list[float]]) -> bytes:
        """A batch in which the row number and all uptimes are still open."""
        told = ",".join("[%d," + ",".join(map(str, values)) + "]" for values in rows)
        return (
            '{"v":1,"epoch":"' + f"{self._epoch:016x}" + '","first":%d,"sent_up":%d,"base":null,'
            '"metrics":' + json.dumps(METRICS) + ',"rows":[' + told + '],"dropped":0,'
            '"health":{"rssi":-61,"heap":81234}}'
        ).encode()

    def _numbers(self) -> tuple[int, ...]:
        uptimes = range(STEP_MS * self._row, STEP_MS * (self._row + ROWS), STEP_MS)
        return (self._row, uptimes[-1], *uptimes)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        if self._pause:
            self._loop.call_later(random.uniform(0, self._pause), self._post)
        else:
            self._post()

    def _post(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._request % self._numbers())
        self._row += ROWS

    def data_received(self, data: bytes) -> None:
        if self._waits_for:
            data, self._waits_for = self._waits_for + data, b""
        head, ends, body = data.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if not ends or len(body) < int(length):
            self._waits_for = data
            return
        if data.startswith(b"HTTP/1.1 200"):
            self._told.latencies.append(time.perf_counter() - self._sent_at)
        else:
            self._told.failures += 1
        if self._pause:
            self._loop.call_later(random.expovariate(1 / self._pause), self._post)
        else:
            self._post()

    def connection_lost(self, exc: Exception | None) -> None:
        self._told.failures += exc is not None


async def main() -> None:
    order = json.loads(sys.stdin.readline())
    trust = ssl.create_default_context(cafile=order["ca"])
    told = Told()
    loop = asyncio.get_running_loop()
    transports = [
        (
            await loop.create_connection(
                lambda key=key: Connection(order, key, told),
                "127.0.0.1",
                order["port"],
                ssl=trust,
                server_hostname="127.0.0.1",
            )
        )[0]
        for key in order["keys"]
    ]
    await asyncio.sleep(order["warm_up_seconds"])
    told.latencies.clear()
    print("started", flush=True)
    begun, used = time.perf_counter(), _cpu()
    await asyncio.sleep(order["seconds"])
    latencies, seconds = sorted(told.latencies), time.perf_counter() - begun
    print(
        json.dumps(
            {
                "requests": len(latencies),
                "seconds": seconds,
                "failures": told.failures,
                "p50_ms": latencies[len(latencies) // 2] * 1e3 if latencies else None,
                "p99_ms": latencies[len(latencies) * 99 // 100] * 1e3 if latencies else None,
                "cpu_seconds": _cpu() - used,
            }
        ),
        flush=True,
    )
    for transport in transports:
        transport.abort()


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
