"""The console's only way to the appliance: its API over verified TLS. Knows no widget."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, suppress
from typing import Any, TypeVar

import httpx
import msgspec

from appliance.errors import (
    CarbonseedError,
    Conflict,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooMany,
    Unavailable,
    Unprocessable,
)
from appliance.model.alert import Alert
from appliance.model.ids import AlertId, DeviceId
from appliance.model.live import Event
from appliance.model.metric import Metric
from appliance.model.problem import Problem
from appliance.model.rule import Rule
from appliance.model.user import Caller, Tokens

TIMEOUT_SECONDS = 10.0
SILENCE_SECONDS = 25.0
"""The server beats every ten seconds; a line silent for longer is dead."""
RETRY_SECONDS = (1.0, 30.0)
"""The first and the longest wait before the server is tried again."""
BLINK_SECONDS = 0.2
"""A line that did work is taken up again after this time, before anybody is alarmed."""

GOODBYE_SECONDS = 2.0

_ERRORS: Mapping[int, type[CarbonseedError]] = {
    kind.status: kind
    for kind in (NotSignedIn, NotAllowed, NotFound, Conflict, Unprocessable, TooMany)
}
_EVENTS = msgspec.json.Decoder(Event)
_KNOWN = {b"snapshot", b"device", b"alert", b"beat"}
T = TypeVar("T")


class Trend(msgspec.Struct, frozen=True, rename={"from_ms": "from", "to_ms": "to"}):
    """One metric over a stretch of time; docs/api.md, "One series"."""

    device_id: DeviceId
    metric: str
    unit_label: str
    digits: int
    from_ms: int
    to_ms: int
    bucket_ms: int | None
    times: list[int]
    columns: dict[str, list[float]]


class Lost(msgspec.Struct, frozen=True):
    """The server cannot be heard; it is tried again."""

    why: str


class Client:
    """One person's session with one appliance. Every method raises a CarbonseedError in words."""

    def __init__(
        self,
        url: str,
        trust: ssl.SSLContext,
        *,
        retry_seconds: tuple[float, float] = RETRY_SECONDS,
    ) -> None:
        self.url = url
        self._retry_seconds = retry_seconds
        self._http = httpx.AsyncClient(
            base_url=url, verify=trust, timeout=TIMEOUT_SECONDS, trust_env=False, http2=True
        )
        self._tokens: Tokens | None = None
        self._renewing = asyncio.Lock()

    async def sign_in(self, email: str, password: str) -> Caller:
        """Begin a session; the password is sent and forgotten."""
        credentials = {"email": email, "password": password}
        answer = await self._send("POST", "/auth/login", json=credentials)
        self._tokens = _read(answer, Tokens)
        return await self._ask("GET", "/auth/me", Caller)

    async def sign_out(self) -> None:
        """End the session, if the server can be told without waiting for it."""
        if self._tokens is not None:
            with suppress(CarbonseedError, TimeoutError):
                async with asyncio.timeout(GOODBYE_SECONDS):
                    await self._signed("POST", "/auth/logout")
        self._tokens = None

    async def metrics(self) -> list[Metric]:
        """The catalogue of what can be measured."""
        return (await self._ask("GET", "/metrics", dict[str, list[Metric]]))["metrics"]

    async def rules(self, device_id: DeviceId) -> list[Rule]:
        """The alarm rules of a device."""
        params = {"device_id": device_id}
        return (await self._ask("GET", "/rules", dict[str, list[Rule]], params=params))["rules"]

    async def trend(
        self, device_id: DeviceId, metric: str, from_ms: int, to_ms: int, points: int
    ) -> Trend:
        """One metric from_ms <= t < to_ms (UTC milliseconds), in about as many points."""
        asked = {"device_id": device_id, "metric": metric, "from": from_ms, "to": to_ms}
        return await self._ask("GET", "/data/series", Trend, params={**asked, "points": points})

    async def acknowledge(self, alert_id: AlertId) -> Alert:
        """Take an alert on oneself; Conflict names who was first."""
        return await self._ask("POST", f"/alerts/{alert_id}/acknowledge", Alert)

    async def watch(self) -> AsyncGenerator[Event | Lost, None]:
        """A snapshot, then every change, for ever: a broken line is told and taken up again.

        NotSignedIn once the session is over.
        """
        first, longest = self._retry_seconds
        wait = first
        while True:
            try:
                async with aclosing(self._events()) as events:
                    async for event in events:
                        wait = 0.0
                        yield event
                why = "The server has ended the live view."
            except NotSignedIn:
                raise
            except CarbonseedError as error:
                why = str(error)
            if wait:
                yield Lost(why)
            await asyncio.sleep(wait or BLINK_SECONDS)
            wait = min(2 * wait, longest) or first

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def _events(self) -> AsyncGenerator[Event, None]:
        timeout = httpx.Timeout(TIMEOUT_SECONDS, read=SILENCE_SECONDS)
        request = self._http.build_request("GET", "/live", timeout=timeout)
        response = await self._authorized(request, stream=True)
        try:
            async for name, data in _split(response.aiter_bytes()):
                if name in _KNOWN:
                    yield _EVENTS.decode(data)
        except httpx.HTTPError as error:
            raise self._unheard(error) from error
        except msgspec.DecodeError as error:
            raise Unavailable(f"{self.url} tells what this console cannot read: {error}") from error
        finally:
            await response.aclose()

    async def _ask(self, verb: str, path: str, kind: type[T], **options: Any) -> T:
        return _read(await self._signed(verb, path, **options), kind)

    async def _signed(self, verb: str, path: str, **options: Any) -> httpx.Response:
        return await self._authorized(self._http.build_request(verb, path, **options))

    async def _send(self, verb: str, path: str, **options: Any) -> httpx.Response:
        return await self._answer(self._http.build_request(verb, path, **options))

    async def _authorized(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        """Send with the access token; once more with a new one if the old one has run out."""
        used = self._tokens
        if used is None:
            raise NotSignedIn
        request.headers["Authorization"] = f"Bearer {used.access}"
        try:
            return await self._answer(request, stream=stream)
        except NotSignedIn:
            request.headers["Authorization"] = f"Bearer {(await self._renewed(used)).access}"
            return await self._answer(request, stream=stream)

    async def _renewed(self, used: Tokens) -> Tokens:
        """Tokens newer than those used; a refresh token is good once, so one renewal serves all."""
        async with self._renewing:
            if self._tokens is None:
                raise NotSignedIn
            if self._tokens is used:
                answer = await self._send("POST", "/auth/refresh", json={"refresh": used.refresh})
                self._tokens = _read(answer, Tokens)
            return self._tokens

    async def _answer(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        try:
            response = await self._http.send(request, stream=stream)
            if response.is_success:
                return response
            await response.aread()
        except httpx.HTTPError as error:
            raise self._unheard(error) from error
        await response.aclose()
        raise _problem(response)

    def _unheard(self, error: httpx.HTTPError) -> Unavailable:
        words = str(error) or type(error).__name__
        return Unavailable(f"{self.url} does not answer: {words}")


async def _split(chunks: AsyncIterator[bytes]) -> AsyncGenerator[tuple[bytes, bytes], None]:
    """The name and the data of each server-sent event, as the appliance writes them."""
    waiting = b""
    async for chunk in chunks:
        *events, waiting = (waiting + chunk).split(b"\n\n")
        for event in events:
            fields = dict(line.partition(b": ")[::2] for line in event.split(b"\n"))
            yield fields.get(b"event", b""), fields.get(b"data", b"")


def _read(answer: httpx.Response, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.content, type=kind)
    except msgspec.DecodeError as error:
        raise Unavailable(f"{answer.url} answers, but not as an appliance does.") from error


def _problem(answer: httpx.Response) -> CarbonseedError:
    try:
        words = msgspec.json.decode(answer.content, type=Problem).detail
    except msgspec.DecodeError:
        words = f"{answer.url} answers {answer.status_code}."
    return _ERRORS.get(answer.status_code, Unavailable)(words)
