"""Holds what nodes were told against what is in the database, by SQL of its own."""

from collections import Counter
from collections.abc import Sequence

import asyncpg

from tests.faults.node import Node, value


async def check(db: "asyncpg.Connection[asyncpg.Record]", nodes: Sequence[Node]) -> int:
    """Every row acknowledged is there, once, as it was taken; return how many rows are there."""
    return sum([await _check_node(db, node) for node in nodes])


async def _check_node(db: "asyncpg.Connection[asyncpg.Record]", node: Node) -> int:
    rows = await db.fetch(
        """
        select lpad(to_hex(b.epoch), 16, '0') as epoch, b.first_row + i - 1 as row_number,
               b.readings[array_position(b.metric_ids, 1::int2)][i] as value
          from batches b, generate_series(1, cardinality(b.offsets_ms)) as i
         where b.device_id = $1""",
        node.device_id,
    )
    found = Counter((row["epoch"], row["row_number"]) for row in rows)
    lost = node.journal - found.keys()
    twice = {row: times for row, times in found.items() if times > 1}
    invented = found.keys() - node.taken
    assert not lost, f"acknowledged and not there: {sorted(lost)}"
    assert not twice, f"there more than once: {twice}"
    assert not invented, f"never sent: {sorted(invented)}"
    assert all(row["value"] == value(row["epoch"], row["row_number"]) for row in rows)
    ledger = await db.fetch(
        """
        select lpad(to_hex(epoch), 16, '0') as epoch, generate_series(lower(r), upper(r) - 1) as row
          from streams, unnest(received) as r where device_id = $1""",
        node.device_id,
    )
    counted = {(row["epoch"], row["row"]) for row in ledger}
    assert counted == found.keys(), f"ledger and readings differ: {counted ^ found.keys()}"
    return len(rows)
