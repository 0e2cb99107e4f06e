"""The native batch as it comes over the wire, and the answer to it.

A reading is identified by (device, epoch, row number); docs/wire.md is the whole story.
"""

from typing import Annotated

import msgspec

Row = list[float | None]


Text = Annotated[str, msgspec.Meta(max_length=200, pattern=r"\A[^\0]*\Z")]
Health = dict[Text, int | float | bool | Text | None]
"""What a node says of itself, flat: rssi (dBm), heap (free bytes), reset (why it last started),
queue (rows waiting) and whatever else its firmware tells."""


class WireBatch(msgspec.Struct, frozen=True):
    """The body of POST /ingest in the native format; members of a later version are ignored."""

    v: int
    epoch: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{16}\Z")]
    first: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    metrics: Annotated[list[str], msgspec.Meta(min_length=1, max_length=64)]
    rows: list[Row]
    sent_up: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None
    base: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None
    dropped: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 0
    boot: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None
    health: Annotated[Health, msgspec.Meta(max_length=32)] | None = None


class Ack(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to a batch that is committed. `ack`: [epoch, first row, last row], inclusive.

    What waits for the node, left out where nothing does: the version of its configuration, the
    firmware it is to run, how many commands.
    """

    ack: list[tuple[str, int, int]]
    stored: int
    duplicate: int
    now: int
    config: int | None = None
    firmware: str | None = None
    commands: int = 0


class Kept(msgspec.Struct, frozen=True):
    """The answer to points that are committed: what became of them, and the time now."""

    stored: int
    duplicate: int
    conflicting: int
    set_aside: int
    now: int
