"""However points are sent, each is there exactly once, and of two values the first one stays."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.listeners.asgi import App
from appliance.store.points import SLOT_MS
from appliance.store.pool import open_pool
from appliance.workers.writer import Writer
from tests.appliance.api.ingest.conftest import Answer, Ingest, Node
from tests.appliance.plant import DAY_MS, NOON_MS

METRICS = ("temperature", "gas")
TIMES = [
    NOON_MS - 500 * DAY_MS,
    NOON_MS - 3 * DAY_MS,
    NOON_MS - DAY_MS,
    *range(NOON_MS - 2 * SLOT_MS, NOON_MS - SLOT_MS + 3001, 1000 * 60),
    *range(NOON_MS - SLOT_MS - 2, NOON_MS - SLOT_MS + 3),
    NOON_MS,
    NOON_MS + DAY_MS,
]
ROOTS = {"/write": 204, "/ingest": 200, "/api/v1/telemetry": 200}

Told = tuple[str, int, float]


@dataclass(frozen=True)
class Post:
    """Some points in one post to one of two writers, whatever each of them is now said to be."""

    path: str
    metrics: tuple[str, ...]
    times_ms: tuple[int, ...]
    changed: bool
    other_process: bool

    @property
    def points(self) -> list[Told]:
        return [
            (metric, time_ms, value(metric, time_ms) + 1000 * self.changed)
            for time_ms in self.times_ms
            for metric in self.metrics
        ]

    async def into(self, ingest: Ingest, node: Node, app: App) -> Answer:
        if self.path == "/api/v1/telemetry":
            told: Any = [{"ts": at, "values": {metric: v}} for metric, at, v in self.points]
            request = ingest.request(node, told)
            request.path = self.path
        else:
            lines = [f"furnace {metric}={v!r} {at}" for metric, at, v in self.points]
            request = ingest.request(node, "\n".join(lines).encode(), "text/plain")
            request.path = f"{self.path}?precision=ms"
        return await request.into(app)


def value(metric: str, time_ms: int) -> float:
    return METRICS.index(metric) + (time_ms % DAY_MS) / 8


posts = st.builds(
    Post,
    path=st.sampled_from(list(ROOTS)),
    metrics=st.sampled_from([METRICS, METRICS[:1], METRICS[1:]]),
    times_ms=st.lists(st.sampled_from(TIMES), min_size=1, max_size=12, unique=True).map(tuple),
    changed=st.sampled_from([False, False, False, True]),
    other_process=st.booleans(),
)
rounds = st.lists(st.lists(posts, min_size=1, max_size=5), min_size=1, max_size=5)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(rounds)
async def test_every_point_is_there_exactly_once(
    ingest: Ingest, sent: Sequence[Sequence[Post]]
) -> None:
    node = await ingest.node()
    other = Writer(ingest.pool, 100)
    running = asyncio.create_task(other.run())
    apps = {False: ingest.app, True: ingest.application(other.store)}
    told: dict[tuple[str, int], set[float]] = defaultdict(set)
    counted: Counter[str] = Counter()
    for together in sent:
        answers = await asyncio.gather(
            *(post.into(ingest, node, apps[post.other_process]) for post in together)
        )
        for post, answer in zip(together, answers, strict=True):
            assert answer.status == ROOTS[post.path], answer.body
            for metric, at, v in post.points:
                told[metric, at].add(v)
            if answer.status == 200:
                counts = {name: answer.body[name] for name in answer.body.keys() - {"now"}}
                assert sum(counts.values()) == len(post.points)
                counted.update(counts)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    stored = await check(ingest, node, told)
    if all(post.path != "/write" for together in sent for post in together):
        assert counted["stored"] == stored


async def check(ingest: Ingest, node: Node, told: dict[tuple[str, int], set[float]]) -> int:
    """Every believable point is there once, with a value it was told with; the rest is aside."""
    rows = await ingest.pool.fetch(
        """
        select metric, (extract(epoch from time) * 1000)::bigint as at, value, row_number
          from sensor_readings where device_id = $1""",
        node.id,
    )
    found = {(row["metric"], row["at"]): row["value"] for row in rows}
    assert len(found) == len(rows)
    believed = {point for point in told if -400 * DAY_MS <= point[1] - NOON_MS <= DAY_MS // 24}
    assert set(found) == believed
    assert all(v in told[point] for point, v in found.items())
    names = {one.id: one.name for one in ingest.metrics}
    aside = Counter(
        (names[row["metric"]], row["at"], row["value"])
        for row in await ingest.pool.fetch(
            """
            select (reading -> 'metric_ids' -> 0)::int as metric,
                   (reading -> 'time_ms')::bigint as at,
                   (reading -> 'readings' -> 0)::float8 as value
              from quarantine where device_id = $1""",
            node.id,
        )
    )
    assert aside == Counter(
        (*point, v) for point, values in told.items() for v in values if found.get(point) != v
    )
    numbers = sorted({row["row_number"] for row in rows})
    assert numbers == list(range(len(numbers)))
    ledger = await ingest.pool.fetchval(
        "select received from streams where device_id = $1 and epoch = 0", node.id
    )
    assert [(part.lower, part.upper) for part in ledger] == [(0, len(numbers))] * bool(numbers)
    return len(rows)


async def test_the_ledger_of_points_does_not_grow_with_them(ingest: Ingest) -> None:
    node = await ingest.node()
    for n in range(30):
        post = Post("/ingest", METRICS, (NOON_MS - 7 * n,), changed=False, other_process=False)
        assert (await post.into(ingest, node, ingest.app)).body["stored"] == 2
    ledger = await ingest.pool.fetchval("select received::text from streams")
    assert ledger == "{[0,30)}"


async def test_what_became_of_each_point_is_counted(ingest: Ingest) -> None:
    node = await ingest.node()
    first = {"ts": NOON_MS, "values": {"temperature": 1, "gas": 2}}
    again = {"ts": NOON_MS, "values": {"temperature": 1, "gas": 3, "humidity": 4}}
    assert counts(await ingest.post(node, first)) == (2, 0, 0, 0)
    assert counts(await ingest.post(node, first)) == (0, 2, 0, 0)
    for humidity in (1, 0):
        assert counts(await ingest.post(node, again)) == (humidity, 2 - humidity, 1, 0)
    assert counts(await ingest.post(node, [again, again])) == (0, 5, 1, 0)
    duplicates = await ingest.pool.fetchval("select duplicates from streams")
    assert duplicates == 2 + 1 + 2 + 2
    (aside,) = await ingest.pool.fetch("select reason, reading from quarantine")
    assert aside["reason"] == "at a time for which another value is there"
    assert aside["reading"] == {"time_ms": NOON_MS, "metric_ids": [2], "readings": [3.0]}


async def test_a_native_batch_and_points_of_one_device_do_not_meet(ingest: Ingest) -> None:
    node = await ingest.node()
    batch = {"v": 1, "epoch": "9f3c2a7151e0b6d4", "first": 0, "metrics": ["temperature"]}
    batch |= {"sent_up": 0, "rows": [[0, 20.5]]}
    for stored in (1, 0):
        assert (await ingest.post(node, batch)).body["stored"] == stored
        point = {"ts": NOON_MS, "values": {"temperature": 20.5}}
        assert (await ingest.post(node, point)).body["stored"] == stored
    rows = await ingest.pool.fetch("select epoch, row_number from sensor_readings order by epoch")
    assert [tuple(row) for row in rows] == [("0" * 16, 0), ("9f3c2a7151e0b6d4", 0)]


async def test_a_node_may_not_use_the_epoch_of_points(ingest: Ingest) -> None:
    batch = {"v": 1, "epoch": "0" * 16, "first": 0, "metrics": ["gas"], "rows": []}
    answer = await ingest.post(await ingest.node(), batch)
    assert answer.status == 400
    assert "$.epoch" in answer.body["detail"]


async def test_the_latest_value_is_that_of_the_latest_time(ingest: Ingest) -> None:
    node = await ingest.node()
    for told in (
        [{"ts": NOON_MS - n * 1000, "values": {METRICS[n % 2]: n}} for n in range(7)],
        [{"ts": NOON_MS - 3 * SLOT_MS, "values": {"temperature": 99, "gas": 99}}],
    ):
        assert (await ingest.post(node, told)).status == 200
    row = await ingest.pool.fetchrow("select metric_ids, times_ms, readings from latest")
    assert tuple(row) == ([1, 2], [NOON_MS, NOON_MS - 1000], [0.0, 1.0])


@pytest.mark.parametrize("wait", [0.0, 0.02])
async def test_a_sender_that_leaves_and_sends_again_is_stored_once(
    ingest: Ingest, database_url: str, wait: float
) -> None:
    node = await ingest.node()
    told = json.dumps([{"ts": NOON_MS - n, "values": {"gas": n}} for n in range(200)]).encode()
    sending = asyncio.create_task(ingest.post(node, told))
    await asyncio.sleep(wait)
    sending.cancel()
    with suppress(asyncio.CancelledError):
        await sending
    async with open_pool(database_url, size=2) as pool:  # as another process would
        writer = Writer(pool, 10)
        running = asyncio.create_task(writer.run())
        again = await ingest.request(node, told).into(ingest.application(writer.store))
        running.cancel()
        await asyncio.wait([running])
    assert again.body["stored"] + again.body["duplicate"] == 200
    assert await ingest.pool.fetchval("select count(*) from sensor_readings") == 200


def counts(answer: Answer) -> tuple[int, ...]:
    assert answer.status == 200, answer.body
    return tuple(answer.body[name] for name in ("stored", "duplicate", "conflicting", "set_aside"))
