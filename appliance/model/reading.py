"""The native batch as it comes over the wire, and the answer to it.

A reading is identified by (device, epoch, row number); docs/wire.md is the whole story.
"""

from typing import Annotated

import msgspec

Row = list[float | None]


class Health(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """What a node says of itself: signal in dBm, free heap in bytes, why it last started."""

    rssi: int | None = None
    heap: int | None = None
    reset: str | None = None
    queue: int | None = None


class WireBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of POST /ingest in the native format."""

    v: int
    epoch: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$")]
    first: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    metrics: Annotated[list[str], msgspec.Meta(min_length=1, max_length=64)]
    rows: list[Row]
    sent_up: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None
    base: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None
    dropped: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 0
    boot: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None
    health: Health | None = None


class Ack(msgspec.Struct, frozen=True):
    """The answer to a batch that is committed. `ack`: [epoch, first row, last row], inclusive."""

    ack: list[tuple[str, int, int]]
    stored: int
    duplicate: int
    now: int
    config: int
    firmware: str | None = None
