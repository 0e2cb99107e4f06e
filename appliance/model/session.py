"""Sessions: where and when a user is signed in."""

from datetime import datetime

import msgspec

from appliance.model.ids import SessionId


class Client(msgspec.Struct, frozen=True):
    """Where a request comes from: the peer's address and what the program calls itself."""

    address: str
    user_agent: str


class Session(msgspec.Struct, frozen=True):
    """A session that has not ended, as its user sees it."""

    id: SessionId
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    address: str
    user_agent: str
