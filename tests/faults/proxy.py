"""TCP proxies: one loses answers, so that what was received is not told; one is a cable to cut."""

import asyncio
import random
from contextlib import suppress

HANDSHAKE_CHUNKS = 4
"""What the server says first is TLS being set up, and is let through."""


class LosingProxy:
    """Passes everything on to a port, and cuts connections where an answer would come."""

    def __init__(self, target: int, loss: float, choose: random.Random) -> None:
        self._target = target
        self._loss = loss
        self._choose = choose
        self._serving: list[asyncio.Task[None] | None] = []
        self.lost = 0
        self.port = 0

    async def __aenter__(self) -> "LosingProxy":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for serving in self._serving:
            serving.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving.append(asyncio.current_task())
        with suppress(OSError, asyncio.CancelledError):
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target)
            there = asyncio.create_task(_pass(reader, up_writer))
            try:
                await self._pass_answers(up_reader, writer)
            finally:
                there.cancel()
                await asyncio.wait({there})
                up_writer.transport.abort()
        writer.transport.abort()

    async def _pass_answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        chunks = 0
        with suppress(OSError):
            while data := await reader.read(65536):
                chunks += 1
                if chunks > HANDSHAKE_CHUNKS and self._choose.random() < self._loss:
                    self.lost += 1
                    return
                writer.write(data)


class Cable:
    """Passes everything on to a port until it is cut, and again once it is mended."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def mend(self) -> None:
        """Let everything through."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """End all connections, and take no other."""
        if self._server:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pair = {writer}
        try:
            with suppress(OSError):
                up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target)
                pair.add(up_writer)
                self._writers |= pair
                both = _pass(reader, up_writer), _pass(up_reader, writer)
                ways = [asyncio.create_task(way) for way in both]
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in ways:
                    way.cancel()
                await asyncio.wait(ways)
        finally:
            self._writers -= pair
            for each in pair:
                each.transport.abort()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
