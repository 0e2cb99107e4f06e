"""Users, their roles, and the caller of a request."""

from datetime import datetime
from enum import StrEnum

import msgspec

from appliance.model.factory import Factory
from appliance.model.ids import FactoryId, SessionId, UserId
from appliance.model.scope import Scope


class Role(StrEnum):
    """What a user may do; one role a user, in every factory of theirs."""

    ADMINISTRATOR = "administrator"
    TECHNICIAN = "technician"
    OPERATOR = "operator"
    MANAGER = "manager"
    COMPLIANCE = "compliance"


class User(msgspec.Struct, frozen=True):
    """A person who signs in. The password's hash never leaves the store."""

    id: UserId
    email: str
    name: str
    role: Role
    factory_ids: list[FactoryId]
    created_at: datetime
    disabled_at: datetime | None = None
    last_login_at: datetime | None = None


class Caller(msgspec.Struct, frozen=True):
    """Who makes a request: read from the database for each one, never from the token alone."""

    user_id: UserId
    session_id: SessionId
    email: str
    name: str
    role: Role
    factories: list[Factory]

    @property
    def scope(self) -> Scope:
        """The factories this caller may see."""
        return Scope(tuple(factory.id for factory in self.factories))


class Tokens(msgspec.Struct, frozen=True):
    """An access token and the refresh token that renews it once."""

    access: str
    refresh: str
    expires_in_seconds: int
