"""One-time codes: easy to read out and type, good once, stored as a hash."""

import hashlib
import secrets
from datetime import datetime, timedelta

from appliance.errors import NotAllowed
from appliance.model.ids import UserId
from appliance.store import one_time_codes
from appliance.store.one_time_codes import FIRST_ADMINISTRATOR, RESET_PASSWORD
from appliance.store.pool import Connection, Db

LIFETIME = timedelta(hours=24)

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans("OIL", "011")
_CHARACTERS = 12
"""60 bits: out of reach for guessing within the day a code lives."""


async def issue_first_administrator(db: Connection, now: datetime) -> str:
    """A code for the first administrator; an older one stops working."""
    await one_time_codes.delete_first_administrator_codes(db)
    code = _make()
    await one_time_codes.insert_code(db, _hash(code), FIRST_ADMINISTRATOR, None, now + LIFETIME)
    return code


async def issue_reset(db: Connection, user_id: UserId, now: datetime) -> str:
    """A code with which this user sets a password; an older one stops working."""
    await one_time_codes.delete_reset_codes(db, user_id)
    code = _make()
    await one_time_codes.insert_code(db, _hash(code), RESET_PASSWORD, user_id, now + LIFETIME)
    return code


async def find_first_administrator(db: Db, code: str, now: datetime) -> None:
    """Refuse a code that is not the first administrator's, or no longer; it stays unused."""
    if await one_time_codes.select_code(db, _hash(code), FIRST_ADMINISTRATOR, now) is None:
        raise _refusal()


async def find_reset(db: Db, code: str, now: datetime) -> UserId:
    """Whose password this code resets; it stays unused."""
    found = await one_time_codes.select_code(db, _hash(code), RESET_PASSWORD, now)
    if found is None or found.user_id is None:
        raise _refusal()
    return found.user_id


async def use(db: Connection, code: str, now: datetime) -> None:
    """Use a code up; of two at the same time one is refused."""
    if not await one_time_codes.update_code_used(db, _hash(code), now):
        raise _refusal()


def _make() -> str:
    text = "".join(secrets.choice(_ALPHABET) for _ in range(_CHARACTERS))
    return "-".join(text[i : i + 4] for i in range(0, _CHARACTERS, 4))


def _hash(code: str) -> bytes:
    typed = "".join(code.split()).replace("-", "").upper().translate(_MISREAD)
    return hashlib.sha256(typed.encode("utf-8", "surrogatepass")).digest()


def _refusal() -> NotAllowed:
    return NotAllowed("This code is not valid, or no longer. Ask for a new one.")
