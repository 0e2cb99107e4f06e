"""The record of what people and programs did."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from appliance.model.ids import FactoryId


class Actor(msgspec.Struct, frozen=True):
    """Who acts, and from where: an e-mail address and a network address, or `console:<user>`."""

    name: str
    address: str


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One deed: `action` such as "user.create" on an `object` such as "user 7".

    `old` and `new` hold the values before and after, without any secret. `factory_ids` are the
    factories it concerns, none if it concerns the appliance as a whole.
    """

    at: datetime
    actor: Actor
    action: str
    object: str
    factory_ids: Sequence[FactoryId] = ()
    old: dict[str, Any] | None = None
    new: dict[str, Any] | None = None
    reason: str | None = None


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as stored. `hash` (hex) covers every field and the hash of the row before."""

    id: int
    at: datetime
    actor: str
    address: str
    action: str
    object: str
    factory_ids: list[FactoryId]
    old: dict[str, Any] | None
    new: dict[str, Any] | None
    reason: str | None
    hash: str
