"""Columns of numbers as bytes that a browser looks at without reading them: docs/api.md."""

import struct
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray
from quart import Response, request

MEDIA_TYPE = "application/vnd.carbonseed.columns"
MAGIC = b"CSCOLS1\n"
_LENGTH = struct.Struct("<II")

Column = NDArray[np.float64] | NDArray[np.int64]
Width = Literal["float32", "float64"]


def are_asked_for(form: Literal["json", "columns"] | None) -> bool:
    """Whether the request wants columns: by its `format`, else by what it accepts."""
    if form is not None:
        return form == "columns"
    best = request.accept_mimetypes.best_match(["application/json", MEDIA_TYPE])
    return best == MEDIA_TYPE


def reply(
    head: Mapping[str, Any],
    times_ms: NDArray[np.int64],
    tables: Iterable[Mapping[str, Column]],
    width: Width,
) -> Response:
    """`head` and the columns: times as float64, then those of each table."""
    return Response(encode(head, times_ms, tables, width), content_type=MEDIA_TYPE)


def encode(
    head: Mapping[str, Any],
    times_ms: NDArray[np.int64],
    tables: Iterable[Mapping[str, Column]],
    width: Width,
) -> bytes:
    """Magic, the head's length (uint32), the places' base (uint32), the head, the columns.

    The head says of each column its table (null: the times of all), name, type, length and place:
    its first byte, counted from the base, a multiple of eight like the base itself.
    """
    told: list[dict[str, Any]] = []
    parts: list[bytes] = []
    place = 0

    def add(table: int | None, name: str, column: Column, kind: str) -> None:
        nonlocal place
        data = column.astype(np.dtype(kind).newbyteorder("<")).tobytes()
        told.append(
            {"table": table, "name": name, "type": kind, "length": column.size, "place": place}
        )
        padding = -len(data) % 8
        parts.append(data + bytes(padding))
        place += len(data) + padding

    add(None, "time", times_ms, "float64")
    for number, table in enumerate(tables):
        for name, column in table.items():
            add(number, name, column, "float64" if name == "count" else width)
    text = msgspec.json.encode({**head, "columns": told})
    start = len(MAGIC) + _LENGTH.size
    base = start + len(text) + -(start + len(text)) % 8
    return b"".join(
        [MAGIC, _LENGTH.pack(len(text), base), text, bytes(base - start - len(text)), *parts]
    )
