"""Takes the body of a post, as long as it is neither too large nor too slow; unpacks it."""

import asyncio
import zlib
from collections.abc import Mapping

from appliance.errors import BadRequest, TooLarge
from appliance.listeners.asgi import Receive

BODY_SECONDS = 10.0
LARGEST_BATCH = 64 * 1024
LARGEST_POINTS = 256 * 1024
"""Unpacked. Telegraf sends a thousand lines at once, and counts lines, not bytes."""
GZIP = 16 + zlib.MAX_WBITS
"""The format that zlib is to expect."""


class TooSlow(BadRequest):
    """The body did not arrive in time."""

    status = 408
    code = "too-slow"


class Gone(Exception):
    """The client has closed the connection."""


async def read_body(receive: Receive, headers: Mapping[bytes, bytes], largest: int) -> bytes:
    """The body as it was sent."""
    length = int(headers.get(b"content-length", b"0"))
    body = bytearray()
    more = True
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while more and max(length, len(body)) <= largest:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                body += message.get("body", b"")
                more = message.get("more_body", False)
    except TimeoutError as error:
        raise TooSlow(f"The body did not arrive within {BODY_SECONDS:g} seconds.") from error
    if max(length, len(body)) > largest:
        raise _too_large(largest)
    return bytes(body)


def unzip(body: bytes, largest: int) -> bytes:
    """What a gzip body holds; no more is unpacked than may be in it."""
    unpacking = zlib.decompressobj(GZIP)
    try:
        unpacked = unpacking.decompress(body, largest + 1)
    except zlib.error as error:
        raise BadRequest("The body is not gzip, though its Content-Encoding says so.") from error
    if len(unpacked) > largest:
        raise _too_large(largest)
    if not unpacking.eof or unpacking.unused_data:
        raise BadRequest("The gzip body is cut short, or something comes after it.")
    return unpacked


def _too_large(largest: int) -> TooLarge:
    return TooLarge(f"A body may have {largest} bytes; send fewer rows at once.")
