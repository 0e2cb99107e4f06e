"""What a node tells of itself: which firmware it runs, what it has done, what has happened."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from appliance.model.bundle import Version

Whole = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
What = Annotated[str, msgspec.Meta(pattern=r"\A[a-z][a-z-]{1,23}\Z")]
Detail = Annotated[str, msgspec.Meta(max_length=200, pattern=r"\A[^\x00]*\Z")]
MOST_EVENTS = 50


class NodeEvent(msgspec.Struct, frozen=True):
    """Something that happened at an uptime in ms: `what` of docs/wire.md, and details in words."""

    up: Whole
    what: What
    detail: Detail = ""


class NodeLog(msgspec.Struct, frozen=True):
    """The body of POST /node/log; members of a later version are ignored.

    rollback: the version that the node has come back from; done: commands it has done.
    """

    v: int
    epoch: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{16}\Z")]
    boot: Whole
    version: Version
    slot: Literal["a", "b"] | None = None
    config: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] | None = None
    rollback: Version | None = None
    done: Annotated[list[Whole], msgspec.Meta(max_length=MOST_EVENTS)] = []
    events: Annotated[list[NodeEvent], msgspec.Meta(max_length=MOST_EVENTS)] = []


class LogEntry(msgspec.Struct, frozen=True):
    """An event as kept: of which start of the node, and at which uptime."""

    id: int
    received_at: datetime
    boot: int
    up_ms: int
    what: str
    detail: str
