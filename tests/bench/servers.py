"""The devices' server against Hypercorn: CPU a post, how long slow clients are borne, and how long
it takes to stop with a request that never ends."""

import asyncio
import os
import signal
import ssl
import statistics
import time
from contextlib import suppress
from pathlib import Path

from tests.bench.m2_ingest import CONNECTIONS, Server, load, started
from tests.bench.result import Result
from tests.box import Box

PATIENCE_SECONDS = 45.0
NAMES = ("own", "uvicorn", "hypercorn")
HEAD = b"POST /ingest HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
REQUEST = b"POST /ingest/hang HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n"


async def measure(folder: Path, *, quick: bool) -> list[Result]:
    box = Box(folder / "data")
    await box.start()
    try:
        keys = [key for _, key in await box.devices(CONNECTIONS)]
        told = {name: await _one(box, name, keys, 2.0 if quick else 5.0) for name in NAMES}
    finally:
        await box.stop()
    return [
        Result(
            "server",
            "CPU a bare post over TLS, Hypercorn / own",
            told["hypercorn"]["CPU"] / told["own"]["CPU"],
            "×",
            3,
            detail=_all(told, "CPU", "µs"),
        ),
        *(
            Result(
                "server",
                what,
                told["own"][what],
                "s",
                35 if what != "stop with a request that hangs" else 5,
                at_most=True,
                detail=_all(told, what, "s"),
            )
            for what in told["own"]
            if what != "CPU"
        ),
    ]


def _all(told: dict[str, dict[str, float]], what: str, unit: str) -> str:
    def shown(value: float) -> str:
        never = unit == "s" and value >= PATIENCE_SECONDS
        return f"> {PATIENCE_SECONDS:.0f} s" if never else f"{value:.0f} {unit}"

    return ", ".join(f"{name} {shown(each[what])}" for name, each in told.items())


async def _one(box: Box, name: str, keys: list[str], seconds: float) -> dict[str, float]:
    async with started(box, "bare", keys, server=name) as server:
        rounds = [await load(box, server, keys, seconds) for _ in range(3)]
        cuts = await asyncio.gather(
            _cut(server, None, b""),
            _cut(server, box.trust, b""),
            _cut(server, box.trust, HEAD, drip=b"X: y\r\n"),
            _cut(server, box.trust, HEAD + b"\r\n", drip=b" "),
        )
        stop = await _stop(server, box.trust)
    names = ("no handshake", "no request", "header drips", "body drips")
    return {
        "CPU": statistics.median(each.cpu_us for each in rounds),
        **{f"cut off: {what}": seconds for what, seconds in zip(names, cuts, strict=True)},
        "stop with a request that hangs": stop,
    }


async def _cut(
    server: Server, trust: ssl.SSLContext | None, begin: bytes, drip: bytes = b""
) -> float:
    """After how long the server ends a connection that sends this, then more twice a second."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trust)
    begun = time.monotonic()
    writer.write(begin)
    ended = asyncio.create_task(reader.read())
    while not ended.done() and time.monotonic() - begun < PATIENCE_SECONDS:
        await asyncio.wait({ended}, timeout=0.5)
        writer.write(drip)
    ended.cancel()
    await asyncio.wait({ended})
    writer.transport.abort()
    return time.monotonic() - begun


async def _stop(server: Server, trust: ssl.SSLContext) -> float:
    """How long the server takes to end after SIGTERM while a request hangs."""
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=trust)
    writer.write(REQUEST)
    await asyncio.sleep(0.5)
    begun = time.monotonic()
    os.kill(server.pid, signal.SIGTERM)
    assert server.ended is not None
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_SECONDS):
            await server.ended()
    writer.transport.abort()
    return time.monotonic() - begun
