"""What a sender is told: the answers and the problems, in the shape that its kind can read."""

import logging
import secrets
from enum import Enum

import msgspec

from appliance.errors import CarbonseedError
from appliance.listeners.asgi import Header, Send, answer
from appliance.model.problem import Problem
from appliance.model.reading import Ack, Kept
from appliance.store.pool import unavailable

JSON: Header = (b"content-type", b"application/json")
INFLUX_CODES = {
    400: "invalid",
    401: "unauthorized",
    404: "not found",
    405: "method not allowed",
    413: "request too large",
    415: "unsupported media type",
    422: "unprocessable entity",
    429: "too many requests",
    503: "unavailable",
}

log = logging.getLogger(__name__)


class Tongue(Enum):
    """How a sender expects to be answered: as the wire says, or as an InfluxDB would."""

    OWN = "own"
    INFLUX_1 = "influx 1"
    INFLUX_2 = "influx 2"


async def accept(send: Send, tongue: Tongue, told: Ack | Kept) -> None:
    """Say that it is stored."""
    if tongue is Tongue.OWN:
        await answer(send, 200, [JSON], msgspec.json.encode(told))
    else:  # a 204 has no body, and no length either
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def refuse(send: Send, tongue: Tongue, error: Exception, *, close: bool) -> None:
    """Say what went wrong; nothing of the inside is told. close: the body was not read."""
    known = error if isinstance(error, CarbonseedError) else unavailable(error)
    headers: list[Header] = [(b"connection", b"close")] if close else []
    if known is None:
        instance = secrets.token_hex(4)
        log.error("Unexpected error %s", instance, exc_info=error)
        told = Problem(
            500,
            "Something went wrong inside the appliance.",
            "internal",
            f"Quote {instance} to whoever keeps the appliance; its log has the rest.",
            instance,
        )
    else:
        title = (type(known).__doc__ or known.code).splitlines()[0]
        told = Problem(known.status, title, known.code, str(known))
        if known.retry_after_seconds is not None:
            headers.append((b"retry-after", str(known.retry_after_seconds).encode()))
        if known.status == 405:
            headers.append((b"allow", getattr(known, "allow", b"POST")))
    media, body = _shaped(tongue, told)
    await answer(send, told.status, [(b"content-type", media), *headers], body)


def _shaped(tongue: Tongue, told: Problem) -> tuple[bytes, bytes]:
    """A problem's content type and body."""
    if tongue is Tongue.OWN:
        return b"application/problem+json", msgspec.json.encode(told)
    if tongue is Tongue.INFLUX_1:
        shaped = {"error": told.detail}
    else:
        shaped = {"code": INFLUX_CODES.get(told.status, "internal error"), "message": told.detail}
    return b"application/json", msgspec.json.encode(shaped)
