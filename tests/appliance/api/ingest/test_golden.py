"""The golden messages, on the real application and a real database."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.appliance.api.ingest.conftest import Answer, Ingest, Node, body_of

VECTORS = Path(__file__).parents[3] / "vectors"
FROM = {"received": 0, "base": 0, "bounded": 1}
"""The stored quality by where a row's time comes from."""


def cases(name: str) -> Any:
    found = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))["cases"]
    return pytest.mark.parametrize("case", found, ids=[case["name"] for case in found])


@cases("accepted")
async def test_is_accepted_and_stored(ingest: Ingest, case: dict[str, Any]) -> None:
    node = await ingest.node()
    await post(ingest, node, case)
    assert await set_aside(ingest, node) == case["expect"].get("quarantined", 0)
    await expect_rows(ingest, node, case["expect"]["rows"])
    if "repeat_rows" not in case:
        assert len(await stored(ingest, node)) == len(case["expect"]["rows"])


@cases("refused")
async def test_is_refused_and_not_stored(ingest: Ingest, case: dict[str, Any]) -> None:
    node = await ingest.node()
    answer = await post(ingest, node, case)
    assert answer.headers["content-type"] == "application/problem+json"
    assert not await stored(ingest, node)
    assert await set_aside(ingest, node) == 0


@cases("sequences")
async def test_is_stored_once(ingest: Ingest, case: dict[str, Any]) -> None:
    node = await ingest.node()
    for each in case["posts"]:
        await post(ingest, node, each)
        await expect_rows(ingest, node, each["expect"].get("rows", []))
    if "rows" in case:
        await expect_rows(ingest, node, case["rows"])
        assert len(await stored(ingest, node)) == len(case["rows"])


async def post(ingest: Ingest, node: Node, case: dict[str, Any]) -> Answer:
    """Post a message at the time it was received, and check the answer."""
    ingest.clock.now = datetime.fromtimestamp(case["received"] / 1000, UTC)
    answer = await ingest.post(node, body_of(case), case.get("content_type", "application/json"))
    expected = case["expect"]
    assert answer.status == expected["status"], answer.body
    for member in {"ack", "stored", "duplicate"} & expected.keys():
        assert answer.body[member] == expected[member]
    assert expected.get("problem", "") in answer.body.get("detail", "") + answer.body.get(
        "title", ""
    )
    return answer


async def expect_rows(ingest: Ingest, node: Node, expected: list[dict[str, Any]]) -> None:
    found = await stored(ingest, node)
    for row in expected:
        at_ms, quality, values = found[row["row"]]
        low, high = row.get("at_between", (row.get("at"), row.get("at")))
        assert (low is None or low <= at_ms) and at_ms <= high
        assert quality == FROM[row["time"]]
        assert values == row["values"]


async def stored(ingest: Ingest, node: Node) -> dict[int, tuple[int, int, dict[str, float | None]]]:
    """Time, quality and values by row number, of the last epoch that has the number."""
    rows = await ingest.pool.fetch(
        """
        select row_number, (extract(epoch from time) * 1000)::bigint as at_ms, quality,
               jsonb_object_agg(metric, value) as values
          from sensor_readings
         where device_id = $1
         group by epoch, row_number, time, quality
         order by max(received_at)""",
        node.id,
    )
    return {row["row_number"]: (row["at_ms"], row["quality"], row["values"]) for row in rows}


async def set_aside(ingest: Ingest, node: Node) -> int:
    count: int = await ingest.pool.fetchval(
        "select count(*) from quarantine where device_id = $1", node.id
    )
    return count
