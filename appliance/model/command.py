"""Commands: what people ask a node to do once."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from appliance.model.ids import DeviceId

Action = Literal["locate", "restart", "read-config", "rotate-key"]


class NewCommand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do. seconds: how long a device makes itself seen; of `locate` alone."""

    do: Action
    seconds: Annotated[int, msgspec.Meta(ge=1, le=3600)] | None = None


class Command(msgspec.Struct, frozen=True):
    """A command as kept; done_at is null while it waits for the device."""

    id: int
    device_id: DeviceId
    do: Action
    seconds: int | None
    asked_at: datetime
    asked_by: str
    done_at: datetime | None


class NodeCommand(msgspec.Struct, frozen=True, omit_defaults=True):
    """A command as a node fetches it."""

    id: int
    do: Action
    seconds: int | None = None
