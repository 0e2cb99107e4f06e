"""A simulated node with a journal: what it was told is stored, it holds against the appliance."""

import asyncio
import json
import random
import ssl
from contextlib import suppress
from dataclasses import dataclass, field

ANSWER_SECONDS = 30.0
STEP_MS = 1000
LARGEST_BATCH = 60


@dataclass
class Life:
    """One start of the node: its rows, numbered from 0, and those not yet acknowledged."""

    epoch: str
    base: int | None = None
    rows: int = 0
    kept: list[int] = field(default_factory=list)


@dataclass
class Node:
    """Takes readings and sends them again and again until they are acknowledged."""

    device_id: int
    key: str
    port: int
    trust: ssl.SSLContext
    choose: random.Random
    journal: set[tuple[str, int]] = field(default_factory=set)
    """The rows acknowledged, by epoch and number: what must never be lost."""
    taken: set[tuple[str, int]] = field(default_factory=set)
    """All rows ever taken."""
    statuses: dict[int, int] = field(default_factory=dict)
    failures: int = 0

    def __post_init__(self) -> None:
        self._lives = [self._start()]
        self._stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.progress = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Take and send readings; after `stop`, send what is left and end."""
        while True:
            if not stop.is_set():
                self._take()
            elif not any(life.kept for life in self._lives):
                break
            if not await self._send(self._lives[0]):
                self.failures += 1
                await asyncio.sleep(self.choose.uniform(0.02, 0.2))
            if len(self._lives) > 1 and not self._lives[0].kept:
                del self._lives[0]
        self._hang_up()

    def _start(self) -> Life:
        return Life(f"{self.choose.getrandbits(64):016x}")

    def _take(self) -> None:
        """Take some readings, and now and then start again with those of before still kept."""
        if len(self._lives) == 1 and self.choose.random() < 0.02:
            self._lives.append(self._start())
        life = self._lives[-1]
        if len(life.kept) < 200:
            new = range(life.rows, life.rows + self.choose.randint(1, 20))
            life.rows = new.stop
            life.kept += new
            self.taken |= {(life.epoch, row) for row in new}

    async def _send(self, life: Life) -> bool:
        if not life.kept:
            return True
        again = self.choose.randint(0, 5)  # rows that are acknowledged are sent once more
        first = max(0, life.kept[0] - again)
        last = min(life.kept[-1], first + self.choose.randint(0, LARGEST_BATCH))
        living = life is self._lives[-1]
        # The node's clock is wrong by some: a reading sent again would get another time.
        sent_up = life.rows * STEP_MS + self.choose.randint(0, 5000)
        body = {
            "v": 1,
            "epoch": life.epoch,
            "first": first,
            "sent_up": sent_up if living else None,
            "base": life.base,
            "metrics": ["temperature", "gas"],
            "rows": [
                [row * STEP_MS, value(life.epoch, row), None] for row in range(first, last + 1)
            ],
        }
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                status, answer = await self._post(json.dumps(body).encode())
        except (OSError, EOFError, TimeoutError):
            self._hang_up()
            return False
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status != 200:
            return False
        for epoch, lowest, highest in answer["ack"]:
            self.journal |= {(epoch, row) for row in range(lowest, highest + 1)}
        life.kept = [row for row in life.kept if (life.epoch, row) not in self.journal]
        if living:
            life.base = answer["now"] - sent_up
        self.progress.set()
        return True

    async def _post(self, body: bytes) -> tuple[int, dict]:
        if self._stream is None:
            self._stream = await asyncio.open_connection(
                "127.0.0.1", self.port, ssl=self.trust, ssl_handshake_timeout=10
            )
        reader, writer = self._stream
        writer.write(
            b"POST /ingest HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer %b\r\nContent-Length: %d\r\n\r\n%b"
            % (self.key.encode(), len(body), body)
        )
        head = await reader.readuntil(b"\r\n\r\n")
        headers = dict(
            line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:] if line
        )
        answer = json.loads(await reader.readexactly(int(headers["content-length"])))
        if headers.get("connection") == "close":
            self._hang_up()
        return int(head.split(b" ")[1]), answer

    def _hang_up(self) -> None:
        if self._stream is not None:
            with suppress(OSError, RuntimeError):
                self._stream[1].transport.abort()
            self._stream = None


def value(epoch: str, row: int) -> float:
    """The only value that this row of this epoch may have."""
    return int(epoch[:4], 16) + row / 8
