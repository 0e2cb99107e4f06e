"""Device keys: made, shown once, and recognised again in every post a device makes."""

import base64
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from datetime import datetime

from appliance.errors import Conflict, NotFound
from appliance.model.device import KeyHolder
from appliance.model.ids import DeviceId, KeyId
from appliance.model.scope import Scope
from appliance.store import device_keys
from appliance.store.notifications import Notifications, listen
from appliance.store.outage import Outage
from appliance.store.pool import TROUBLE, Connection, Db, Pool

LIVE_KEYS = 2
"""Two, so that a device can be handed from its old key to its new one."""
CACHE_SECONDS = 30.0
USED_SECONDS = 60.0

_SHAPE = re.compile(r"csk_([a-z2-7]{10})_([A-Za-z0-9_-]{43})")
_NOBODY = bytes(32)


def make() -> tuple[KeyId, str, bytes]:
    """Return a new key's id, the key itself, and the SHA-256 to keep; 256 random bits."""
    key_id = base64.b32encode(secrets.token_bytes(7))[:10].decode().lower()
    secret = secrets.token_urlsafe(32)
    return KeyId(key_id), f"csk_{key_id}_{secret}", _sha256(secret)


def parse(text: str) -> tuple[KeyId, str] | None:
    """Split a key into its id and its secret; None if it is not shaped like one."""
    shaped = _SHAPE.fullmatch(text)
    return (KeyId(shaped[1]), shaped[2]) if shaped else None


def matches(secret: str, sha256: bytes | None) -> bool:
    """Whether the secret is the one kept; takes the same time for a key that does not exist."""
    same = hmac.compare_digest(_sha256(secret), sha256 or _NOBODY)
    return same and sha256 is not None


async def issue(db: Db, scope: Scope, device_id: DeviceId, now: datetime) -> tuple[KeyId, str]:
    """Give a device a key, to be shown once; call it in a transaction, which holds the device."""
    live = await device_keys.select_live_count_for_update(db, scope, device_id)
    if live is None:
        raise NotFound("There is no such device.")
    if live >= LIVE_KEYS:
        raise Conflict(f"A device has at most {LIVE_KEYS} live keys. Revoke one of them first.")
    key_id, key, sha256 = make()
    await device_keys.insert_device_key(db, scope, device_id, key_id, sha256, now)
    return key_id, key


class KeyRing:
    """Recognises keys: from memory for half a minute, and a revoked one no longer at all.

    Memory is trusted only while `run` listens for keys that are revoked, in whatever process.
    """

    def __init__(self, pool: Pool, clock: Callable[[], datetime]) -> None:
        self._pool = pool
        self._clock = clock
        self._known: dict[KeyId, tuple[KeyHolder, float]] = {}
        self._used: dict[KeyId, datetime] = {}
        self._listening = False
        self._revocations = 0

    async def recognise(self, key: str) -> KeyHolder | None:
        """The device whose live key this is, or None."""
        parsed = parse(key)
        if parsed is None:
            return None
        key_id, secret = parsed
        holder = await self._holder(key_id)
        if not matches(secret, holder.sha256 if holder else None):
            return None
        self._used[key_id] = self._clock()
        return holder

    async def _holder(self, key_id: KeyId) -> KeyHolder | None:
        now = time.monotonic()
        if self._listening:
            holder, until = self._known.get(key_id, (None, 0.0))
            if now < until:
                return holder
        before = self._revocations
        holder = await device_keys.select_key_holder(self._pool, key_id)
        if holder and self._listening and before == self._revocations:
            self._known[key_id] = holder, now + CACHE_SECONDS
        return holder

    async def run(self) -> None:
        """Listen for revoked keys and note, once a minute, which were used; for ever."""
        outage = Outage("The listener for revoked keys")
        while True:
            try:
                async with self._pool.acquire() as db, listen(db, device_keys.CHANNEL) as told:
                    outage.over()
                    await self._follow(db, told)
            except TROUBLE as error:
                await outage.wait(error)

    async def _follow(self, db: Connection, told: Notifications) -> None:
        self._listening = True
        try:
            while True:
                await told.wait(USED_SECONDS)
                for key_id in told.take().get(device_keys.CHANNEL, ()):
                    self._forget(KeyId(key_id))
                used, self._used = self._used, {}
                await device_keys.update_last_used(db, used)  # fails if the connection has ended
        finally:
            self._listening = False
            self._known.clear()

    def _forget(self, key_id: KeyId) -> None:
        self._revocations += 1
        self._known.pop(key_id, None)


def _sha256(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
