"""Notifications: whom an alarm is told to, when, by which way, and what became of it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec

from appliance.model.ids import AlertId, FactoryId, GivenFactoryId, UserId
from appliance.model.rule import Priority
from appliance.model.text import Name

Given = msgspec.Meta(ge=1, le=2**31 - 1)
Address = Annotated[str, msgspec.Meta(max_length=500, pattern=r"\A[!-~]+\Z")]
"""A mail address or a URL, as the channel wants."""
Secret = Annotated[str, msgspec.Meta(min_length=1, max_length=2000, pattern=r"\A[ -~]+\Z")]
Clock = Annotated[str, msgspec.Meta(pattern=r"\A([01]\d|2[0-3]):[0-5]\d\Z")]
"""Hours and minutes, such as 06:30."""
Weekday = Annotated[int, msgspec.Meta(ge=1, le=7)]
"""1 is Monday."""


class Channel(StrEnum):
    """By which way a contact is reached."""

    MAIL = "mail"
    WEBHOOK = "webhook"
    APPRISE = "apprise"


class DeliveryState(StrEnum):
    """queued: waits for its next attempt. dropped: there was no need any more."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """A way to reach somebody. quiet_from, quiet_to: by the factory's clock."""

    id: int
    factory_id: FactoryId
    name: str
    channel: Channel
    user_id: UserId | None
    address: str | None
    has_secret: bool
    quiet_from: str | None
    quiet_to: str | None
    tell_cleared: bool


class ContactGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A contact as an administrator gives it; without `id` it is new."""

    name: Name
    channel: Channel
    id: Annotated[int, Given] | None = None
    user_id: Annotated[UserId, Given] | None = None
    address: Address | None = None
    secret: Secret | None = None
    quiet_from: Clock | None = None
    quiet_to: Clock | None = None
    tell_cleared: bool = False


class Roster(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told, when by the factory's clock, and after how long without acknowledgement."""

    id: int
    factory_id: FactoryId
    name: str
    weekdays: list[int]
    begins: str
    ends: str
    lowest_priority: int
    after_minutes: int
    contact_ids: list[int]


class RosterGiven(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A roster as an administrator gives it; without `id` it is new."""

    name: Name
    contact_ids: Annotated[list[Annotated[int, Given]], msgspec.Meta(min_length=1, max_length=100)]
    id: Annotated[int, Given] | None = None
    weekdays: Annotated[list[Weekday], msgspec.Meta(min_length=1, max_length=7)] = msgspec.field(
        default_factory=lambda: [1, 2, 3, 4, 5, 6, 7]
    )
    begins: Clock = "00:00"
    ends: Clock = "00:00"
    lowest_priority: Priority = 4
    after_minutes: Annotated[int, msgspec.Meta(ge=0, le=10_080)] = 0


class Contacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole list of one factory."""

    factory_id: GivenFactoryId
    contacts: Annotated[list[ContactGiven], msgspec.Meta(max_length=200)]


class Rosters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole list of one factory."""

    factory_id: GivenFactoryId
    rosters: Annotated[list[RosterGiven], msgspec.Meta(max_length=200)]


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one contact. alert_id: null for a test."""

    id: int
    factory_id: FactoryId
    alert_id: AlertId | None
    contact_id: int | None
    contact: str
    channel: Channel
    occasion: str
    state: DeliveryState
    reason: str | None
    attempts: int
    created_at: datetime
    next_try_at: datetime | None
    sent_at: datetime | None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent: `key` is the same however often it is tried."""

    key: UUID
    occasion: str
    subject: str
    text: str
    alert: dict[str, object] | None
