"""What every application looks like to its listener (ASGI 3)."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

import msgspec

from appliance.errors import CarbonseedError
from appliance.model.problem import Problem

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

Header: TypeAlias = tuple[bytes, bytes]


def header(scope: Scope, name: bytes) -> str:
    """The value of a request header, empty if there is none."""
    values: Iterable[Header] = scope["headers"]
    return next((value.decode("latin-1") for key, value in values if key == name), "")


def address(scope: Scope) -> str:
    """Where a request comes from."""
    client: tuple[str, int] | None = scope.get("client")
    return client[0] if client else "unknown"


async def answer(send: Send, status: int, headers: Iterable[Header], body: bytes = b"") -> None:
    """Send a whole response."""
    length = (b"content-length", str(len(body)).encode())
    start = {"type": "http.response.start", "status": status, "headers": [*headers, length]}
    await send(start)
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, error: CarbonseedError) -> None:
    """Send an error as a problem object (RFC 9457)."""
    title = (error.__doc__ or error.code).splitlines()[0]
    told = msgspec.json.encode(Problem(error.status, title, error.code, str(error)))
    await answer(send, error.status, [(b"content-type", b"application/problem+json")], told)
