"""The appliance to a technician's program: signs in, claims a board, waits for its reading."""

import ssl
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import msgspec

from appliance.errors import (
    BadRequest,
    CarbonseedError,
    Conflict,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TooMany,
    Unavailable,
    Unprocessable,
)
from appliance.model.device import Device, DeviceKey, DeviceStatus, Value
from appliance.model.factory import Factory, Machine
from appliance.model.ids import DeviceId, FactoryId, KeyId, MachineId
from appliance.model.user import Tokens
from flasher.errors import NoAnswer
from flasher.node import Home

TIMEOUT_SECONDS = 10.0
POLL_SECONDS = 1.0
REFRESH = "/auth/refresh"

T = TypeVar("T")

_REFUSALS = {
    kind.status: kind
    for kind in (BadRequest, NotSignedIn, NotAllowed, NotFound, Conflict, Unprocessable, TooMany)
}


class Claim(msgspec.Struct, frozen=True, omit_defaults=True):
    """The device a board is to be."""

    factory_id: FactoryId
    name: str
    mac: str
    machine_id: MachineId | None = None
    expected_interval_ms: int = 10_000
    replace: bool = False


class Claimed(msgspec.Struct, frozen=True):
    """A board's identity. `key` is nowhere else: keep it out of every file and line."""

    device: Device
    key_id: KeyId
    key: str
    home: Home


class NewBatch(msgspec.Struct, frozen=True, omit_defaults=True):
    """Devices to be made before their boards are known."""

    factory_id: FactoryId
    names: list[str]
    machine_id: MachineId | None = None
    expected_interval_ms: int = 10_000


class Identity(msgspec.Struct, frozen=True):
    """A device without a board yet, and its key."""

    device: Device
    key_id: KeyId
    key: str


class NewIdentities(msgspec.Struct, frozen=True):
    """A batch as the appliance answers it; statement: the signed JSON."""

    identities: list[Identity]
    statement: str
    signature: str
    public_key: str


class Refused(msgspec.Struct, frozen=True):
    """A device that cannot run on the board it was reported with, and why."""

    device_id: DeviceId
    mac: str
    detail: str


class Reported(msgspec.Struct, frozen=True):
    """How the appliance took the report of a batch."""

    taken: int
    refused: list[Refused]


class Server:
    """One appliance; every failure is a CarbonseedError in words. Leaving the block signs out."""

    def __init__(self, url: str, ca: Path | None) -> None:
        self.url = url.rstrip("/")
        if not self.url.startswith("https://"):
            raise Unprocessable(f"{url} does not begin with https://, so no password goes there.")
        try:
            self.host = httpx.URL(self.url).host
            trust = ssl.create_default_context(cafile=ca)
            self._http = httpx.Client(base_url=self.url, verify=trust, timeout=TIMEOUT_SECONDS)
        except httpx.InvalidURL as error:
            raise Unavailable(f"{url} is not the address of an appliance: {error}.") from error
        except (OSError, ssl.SSLError) as error:
            raise NotFound(f"The certificate authority {ca} cannot be read: {error}.") from error
        self._refresh: str | None = None
        self._one_refreshes = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with (
            closing(self._http),
            suppress(httpx.HTTPError),
        ):  # unreached, the session ends by itself
            if self._refresh is not None:
                self._http.post("/auth/logout")

    def sign_in(self, email: str, password: str) -> None:
        """Begin a session."""
        self._keep(self._ask("POST", "/auth/login", Tokens, {"email": email, "password": password}))

    def factory(self, name: str | None) -> Factory:
        """The factory of that name, or the only one."""
        found = self._ask("GET", "/factories", dict[str, list[Factory]])["factories"]
        return _one(found, name, "factory", "--factory")

    def machine(self, factory: Factory, name: str) -> Machine:
        """The machine of that name in a factory."""
        path = f"/machines?factory_id={factory.id}"
        found = self._ask("GET", path, dict[str, list[Machine]])["machines"]
        return _one(found, name, "machine", "--machine")

    def claim(self, claim: Claim) -> Claimed:
        """Make the board a device, or find the device it is; either way with a new key."""
        return self._ask("POST", "/devices/claims", Claimed, claim)

    def new_batch(self, asked: NewBatch) -> NewIdentities:
        """Make devices with a key each, to be flashed far from here."""
        return self._ask("POST", "/devices/claims/batch", NewIdentities, asked)

    def report_used(self, boards: list[tuple[DeviceId, str]]) -> Reported:
        """Say which boards the devices of a batch have become."""
        told = [{"device_id": device_id, "mac": mac} for device_id, mac in boards]
        return self._ask("POST", "/devices/claims/used", Reported, {"boards": told})

    def received_at(self, device_id: DeviceId) -> datetime | None:
        """When the appliance last heard of a device, by the appliance's clock."""
        return self._status(device_id).received_at

    def wait_for_reading(
        self, device_id: DeviceId, since: datetime | None, wait: Callable[[], None]
    ) -> list[Value]:
        """The newest values of a device once it is heard of after `since`; `wait` may raise.

        An appliance that is away for a moment is waited for as well.
        """
        while True:
            with suppress(Unavailable):
                status = self._status(device_id)
                if status.received_at and (since is None or status.received_at > since):
                    return status.latest
            wait()

    def keep_only(self, device_id: DeviceId, key_id: KeyId) -> int:
        """Revoke every other key of a device; return how many there were."""
        path = f"/devices/{device_id}/keys"
        keys = self._ask("GET", path, dict[str, list[DeviceKey]])["keys"]
        old = [key.id for key in keys if key.revoked_at is None and key.id != key_id]
        for key in old:
            self.revoke(device_id, key)
        return len(old)

    def revoke(self, device_id: DeviceId, key_id: KeyId) -> None:
        """Make a key useless at once."""
        self._send("DELETE", f"/devices/{device_id}/keys/{key_id}")

    def is_live(self, device_id: DeviceId, key_id: KeyId) -> bool:
        """Whether a key still opens its device; an appliance that is away has revoked nothing."""
        try:
            path = f"/devices/{device_id}/keys"
            keys = self._ask("GET", path, dict[str, list[DeviceKey]])["keys"]
        except Unavailable:
            return True
        return any(key.id == key_id and key.revoked_at is None for key in keys)

    def clock(self) -> datetime:
        """The appliance's time; nobody needs to be signed in."""
        response = self._try("GET", "/healthz/live", None)
        try:
            return parsedate_to_datetime(response.headers["Date"])
        except (KeyError, ValueError) as error:
            raise NoAnswer(f"{self.url} answers, but not as an appliance does.") from error

    def _status(self, device_id: DeviceId) -> DeviceStatus:
        return self._ask("GET", f"/devices/{device_id}", DeviceStatus)

    def _ask(self, method: str, path: str, expected: type[T], body: Any = None) -> T:
        content = self._send(method, path, body)
        try:
            return msgspec.json.decode(content, type=expected)
        except msgspec.DecodeError as error:
            raise NoAnswer(f"{self.url} answers, but not as an appliance does.") from error

    def _send(self, method: str, path: str, body: Any = None) -> bytes:
        signed_in = self._http.headers.get("Authorization")
        response = self._try(method, path, body)
        if response.status_code == 401 and signed_in is not None and path != REFRESH:
            with self._one_refreshes:
                if self._http.headers.get("Authorization") == signed_in:
                    asked = {"refresh": self._refresh}
                    self._keep(self._ask("POST", REFRESH, Tokens, asked))
            response = self._try(method, path, body)
        if response.is_success:
            return response.content
        raise _refusal(response)

    def _try(self, method: str, path: str, body: Any) -> httpx.Response:
        content = None if body is None else msgspec.json.encode(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        try:
            return self._http.request(method, path, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise NoAnswer(
                f"{self.url} does not answer: {error}. Is the appliance running, and is --ca its "
                "certificate authority?"
            ) from error

    def _keep(self, tokens: Tokens) -> None:
        self._refresh = tokens.refresh
        self._http.headers["Authorization"] = f"Bearer {tokens.access}"


def patience(seconds: float, words: str) -> Callable[[], None]:
    """A wait of one poll at a time that gives up after so many seconds, saying so."""
    until = time.monotonic() + seconds

    def wait() -> None:
        if time.monotonic() >= until:
            raise NoAnswer(words)
        time.sleep(POLL_SECONDS)

    return wait


def _one(found: list[T], name: str | None, noun: str, option: str) -> T:
    named = [one for one in found if name is None or getattr(one, "name", None) == name]
    if len(named) == 1:
        return named[0]
    known = ", ".join(str(getattr(one, "name", one)) for one in found) or "none"
    asked = f"no {noun} {name}" if name is not None else f"more than one {noun}, or none"
    raise NotFound(f"There is {asked} for you there. Say which with {option}. Known: {known}.")


def _refusal(response: httpx.Response) -> CarbonseedError:
    try:
        problem = msgspec.json.decode(response.content, type=dict[str, Any])
        words = str(problem["detail"])
    except (msgspec.DecodeError, KeyError):
        words = f"The appliance answered {response.status_code}."
    kind = _REFUSALS.get(response.status_code, Unavailable)
    return kind(words)
