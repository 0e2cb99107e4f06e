"""Whatever is sent, in whatever order and however often: every row is there exactly once."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.appliance.api.ingest.conftest import Ingest, Node
from tests.appliance.plant import NOON_MS

DAY_MS = 86_400_000
STEP_MS = 10_000
EPOCHS = ("00000000000000a1", "ffffffffffffffff", "8000000000000000")


@dataclass(frozen=True)
class Post:
    """Some rows of an epoch, and what is thought of the time when they are sent."""

    epoch: str
    first: int
    rows: int
    clock: str
    """living, based or unknown: what the node knows of the time."""
    off_ms: int
    """By how much the appliance's clock or the node's base is wrong just now."""

    @property
    def body(self) -> dict[str, Any]:
        rows = [
            [STEP_MS * row, *values(self.epoch, row)]
            for row in range(self.first, self.first + self.rows)
        ]
        return {
            "v": 1,
            "epoch": self.epoch,
            "boot": EPOCHS.index(self.epoch),
            "first": self.first,
            "sent_up": STEP_MS * 100 if self.clock == "living" else None,
            "base": NOON_MS - DAY_MS + self.off_ms if self.clock == "based" else None,
            "metrics": ["temperature", "gas"],
            "rows": rows,
        }


def values(epoch: str, row: int) -> tuple[float, float | None]:
    return EPOCHS.index(epoch) + row / 8, None if row % 3 else row


posts = st.builds(
    Post,
    epoch=st.sampled_from(EPOCHS),
    first=st.integers(0, 60),
    rows=st.integers(1, 30),
    clock=st.sampled_from(["living", "based", "unknown"]),
    off_ms=st.sampled_from([0, 0, 0, 1500, -DAY_MS // 3, DAY_MS // 2, 3 * DAY_MS, -500 * DAY_MS]),
)
rounds = st.lists(st.lists(posts, min_size=1, max_size=5), min_size=1, max_size=6)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(rounds)
async def test_every_row_is_there_exactly_once(ingest: Ingest, sent: list[list[Post]]) -> None:
    node = await ingest.node()
    noon = ingest.clock()
    stored = duplicate = 0
    for together in sent:
        ingest.clock.now = noon + timedelta(milliseconds=together[0].off_ms)
        answers = await asyncio.gather(*(ingest.post(node, post.body) for post in together))
        for post, answer in zip(together, answers, strict=True):
            assert answer.status == 200, answer.body
            assert answer.body["ack"] == [[post.epoch, post.first, post.first + post.rows - 1]]
            stored += answer.body["stored"]
            duplicate += answer.body["duplicate"]
    ingest.clock.now = noon
    every = Counter(
        (post.epoch, row)
        for together in sent
        for post in together
        for row in range(post.first, post.first + post.rows)
    )
    await check(ingest, node, set(every), stored, every.total() - duplicate)


async def check(
    ingest: Ingest, node: Node, every: set[tuple[str, int]], stored: int, fresh: int
) -> None:
    rows = await ingest.pool.fetch(
        "select epoch, row_number, metric, value from sensor_readings where device_id = $1", node.id
    )
    found = Counter((row["epoch"], row["row_number"], row["metric"]) for row in rows)
    assert set(found.values()) <= {1}
    aside = await ingest.pool.fetch(
        """
        select lpad(to_hex(epoch), 16, '0') as epoch, row_number
          from quarantine where device_id = $1""",
        node.id,
    )
    set_aside = {(row["epoch"], row["row_number"]) for row in aside}
    placed = every - set_aside
    assert set_aside <= every
    assert set(found) == {(*row, metric) for row in placed for metric in ("temperature", "gas")}
    for row in rows:
        expected = values(row["epoch"], row["row_number"])
        assert row["value"] == expected[row["metric"] == "gas"]
    assert (stored, fresh) == (len(placed), len(every))
    ledger = await ingest.pool.fetch(
        """
        select lpad(to_hex(epoch), 16, '0') as epoch, generate_series(lower(part), upper(part) - 1)
          from streams, unnest(received) as part where device_id = $1""",
        node.id,
    )
    assert {tuple(row) for row in ledger} == every
