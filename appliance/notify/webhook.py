"""Posts a message as signed JSON to an address that an administrator gave.

No redirect is followed, no proxy of the environment is used, and nothing of the answer is read but
its status: what the other side says reaches nobody.
"""

import hashlib
import hmac
from datetime import datetime
from urllib.parse import urlsplit

import httpx
import msgspec

from appliance.model.notification import Message
from appliance.notify.failure import NotSent

TIMEOUT_SECONDS = 10.0
LEAST_SECRET = 16


def webhook_client() -> httpx.AsyncClient:
    """What posts; reads the certificates that are trusted from disk."""
    return httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=TIMEOUT_SECONDS)


def refused_address(address: str) -> str | None:
    """What is wrong with a webhook's address, None if nothing is."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        return "A webhook's address is a URL that begins with http:// or https://."
    if parts.username is not None or parts.password is not None:
        return "A webhook's address holds no user or password; the secret signs what is sent."
    return None


async def post(
    client: httpx.AsyncClient, address: str, secret: str, message: Message, now: datetime
) -> None:
    """Post a message; NotSent unless the answer is 2xx."""
    content = msgspec.json.encode(
        {
            "key": message.key,
            "occasion": message.occasion,
            "text": message.subject,
            "alert": message.alert,
            "sent_at": now,
        }
    )
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": str(message.key),
        "Carbonseed-Signature": signature(secret, int(now.timestamp()), content),
    }
    try:
        async with client.stream("POST", address, content=content, headers=headers) as answer:
            status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotSent(f"No answer: {error or type(error).__name__}") from error
    if not 200 <= status < 300:
        raise NotSent(f"Answered {status}.")


def signature(secret: str, seconds: int, content: bytes) -> str:
    """The header's value: HMAC-SHA256 under the secret of the time, a dot and the body."""
    signed = hmac.new(secret.encode(), f"{seconds}.".encode() + content, hashlib.sha256)
    return f"t={seconds},v1={signed.hexdigest()}"
