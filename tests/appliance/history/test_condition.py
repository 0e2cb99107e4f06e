"""What is told of a device that is, or was, in trouble: from its posts to the list of all."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from appliance.history import latest
from appliance.history.condition import RECENT
from appliance.model.completeness import Cause
from appliance.model.device import ConditionKind, DeviceCondition
from appliance.model.ids import DeviceId
from appliance.store.pool import Pool
from tests.appliance.plant import DAY_MS, NOON, NOON_MS, Plant, at

MINUTE_MS = 60_000
Told = Callable[..., Awaitable[DeviceCondition | None]]


@pytest.fixture
async def node(plant: Plant) -> DeviceId:
    """A node that is expected every ten seconds."""
    return await plant.device("node", interval_ms=10_000)


@pytest.fixture
def told(plant: Plant, node: DeviceId) -> Told:
    async def do(now_ms: int = NOON_MS) -> DeviceCondition | None:
        [status] = await latest.statuses(plant.pool, plant.scope, at(now_ms))
        return status.condition

    return do


async def send(plant: Plant, node: DeviceId, from_ms: int, to_ms: int, **options: Any) -> None:
    """A row every ten seconds in from_ms <= t <= to_ms."""
    times = list(range(from_ms, to_ms + 1, 10_000))
    readings = {"temperature": [20.0 + place % 3 for place in range(len(times))]}
    await plant.send(node, times, readings, **options)


async def run(pool: Pool, from_ms: int, to_ms: int | None) -> None:
    """The appliance ran so; None: it still does, as noted just now."""
    await pool.execute(
        "insert into runs (started_at, last_seen_at, ended_at) values ($1, $2, $3)",
        at(from_ms),
        at(NOON_MS if to_ms is None else to_ms),
        None if to_ms is None else at(to_ms),
    )


async def test_nothing_is_odd_about_a_device_that_reports(plant, node, told: Told) -> None:
    assert await told() is None
    await send(plant, node, NOON_MS - 5 * MINUTE_MS, NOON_MS)
    assert await told() is None


async def test_a_silence_may_be_power_or_network_and_says_so(plant, node, told: Told) -> None:
    await run(plant.pool, NOON_MS - DAY_MS, None)
    last = NOON_MS - 5 * MINUTE_MS
    await send(plant, node, last - MINUTE_MS, last)
    assert await told() == DeviceCondition(ConditionKind.SILENT, at(last), Cause.SILENT)


async def test_a_silence_that_the_appliance_made_says_so_until_the_node_had_time(
    plant, node, told: Told
) -> None:
    last, down, up = (NOON_MS - minutes * MINUTE_MS for minutes in (31, 30, 1))
    await run(plant.pool, NOON_MS - DAY_MS, down)
    await run(plant.pool, up, None)
    await send(plant, node, last, down)
    assert await told(up + 20_000) == DeviceCondition(
        ConditionKind.SILENT, at(down), Cause.BOX_DOWN, at(up)
    )
    odd = await told(up + 2 * MINUTE_MS)
    assert odd == DeviceCondition(ConditionKind.SILENT, at(down), Cause.SILENT)


@pytest.mark.parametrize(
    ("reset", "cause"),
    [(None, Cause.NODE_OFF), ("power", Cause.NODE_OFF), ("watchdog", Cause.RESTART)],
)
async def test_a_new_start_tells_why_for_an_hour(
    plant, node, told: Told, reset: str | None, cause: Cause
) -> None:
    before, begun = NOON_MS - 40 * MINUTE_MS, NOON_MS - 10 * MINUTE_MS
    await send(plant, node, before - MINUTE_MS, before)
    await send(plant, node, begun, begun, epoch=2, reset=reset)
    await send(plant, node, NOON_MS, NOON_MS, epoch=2)
    assert await told() == DeviceCondition(ConditionKind.RETURNED, at(before), cause, at(begun))
    later = NOON_MS + RECENT // timedelta(milliseconds=1)
    await send(plant, node, later, later, epoch=2)
    assert await told(later) is None


async def test_what_the_node_kept_tells_how_far_it_is_and_then_why(plant, node, told: Told) -> None:
    away, back = NOON_MS - 60 * MINUTE_MS, NOON_MS - 2 * MINUTE_MS
    await run(plant.pool, NOON_MS - DAY_MS, None)
    await send(plant, node, away - MINUTE_MS, away)
    half = away + 30 * MINUTE_MS
    queue = {"queue": 170}
    await send(plant, node, away + 10_000, half, received_ms=back, health=queue)
    assert await told(back) == DeviceCondition(
        ConditionKind.CATCHING_UP, at(half), Cause.NETWORK, rows=170
    )
    await send(plant, node, half + 10_000, NOON_MS, received_ms=NOON_MS, health={"queue": 0})
    assert await told() == DeviceCondition(
        ConditionKind.RETURNED, at(away + 10_000), Cause.NETWORK, at(back)
    )


async def test_rows_that_an_earlier_start_had_kept_are_explained_by_the_new_one(
    plant, node, told: Told
) -> None:
    off, begun = NOON_MS - 40 * MINUTE_MS, NOON_MS - 10 * MINUTE_MS
    await run(plant.pool, NOON_MS - DAY_MS, None)
    await send(plant, node, off - 10 * MINUTE_MS, off, received_ms=begun)
    await send(plant, node, begun, begun, epoch=2, reset="power")
    await send(plant, node, NOON_MS, NOON_MS, epoch=2)
    assert await told() == DeviceCondition(
        ConditionKind.RETURNED, at(off), Cause.NODE_OFF, at(begun)
    )


async def test_an_outage_over_midnight_is_one(plant, node, told: Told) -> None:
    midnight = NOON_MS - DAY_MS // 2
    away, back = midnight - 90 * MINUTE_MS, midnight + 30 * MINUTE_MS
    await run(plant.pool, away - DAY_MS, None)
    await send(plant, node, away - MINUTE_MS, away - 10_000)
    await send(plant, node, away, back, received_ms=back)
    assert await told(back) == DeviceCondition(
        ConditionKind.RETURNED, at(away), Cause.NETWORK, at(back)
    )


async def test_rows_that_the_appliance_could_not_take_are_its_fault(
    plant, node, told: Told
) -> None:
    down, up = NOON_MS - 40 * MINUTE_MS, NOON_MS - 5 * MINUTE_MS
    await run(plant.pool, NOON_MS - DAY_MS, down)
    await run(plant.pool, up, None)
    await send(plant, node, down - 5 * MINUTE_MS, down - 10_000)
    await send(plant, node, down, NOON_MS, received_ms=NOON_MS)
    odd = await told()
    assert odd is not None
    assert (odd.kind, odd.cause) == (ConditionKind.RETURNED, Cause.BOX_DOWN)


async def test_a_clock_that_is_wrong_is_told_until_it_is_right(plant, node, told: Told) -> None:
    wrong = NOON_MS + 30 * DAY_MS
    first, last = NOON_MS - 2 * MINUTE_MS, NOON_MS - MINUTE_MS
    for received in (first, last):
        await send(plant, node, wrong + received, wrong + received + 50_000, received_ms=received)
    assert await told(last) == DeviceCondition(
        ConditionKind.CLOCK_WRONG, at(first), Cause.CLOCK_UNKNOWN
    )
    await send(plant, node, NOON_MS, NOON_MS)
    assert await told() is None


@pytest.mark.parametrize(
    ("look", "kind"),
    [
        ({"kind": "stuck", "seconds": 60}, ConditionKind.FLAT),
        ({"kind": "threshold", "h": 19.0}, ConditionKind.OUT_OF_RANGE),
    ],
)
async def test_a_sensor_is_flat_or_out_of_range_while_its_rule_stands(
    plant, node, told: Told, raise_alert, look: dict, kind: ConditionKind
) -> None:
    await send(plant, node, NOON_MS - MINUTE_MS, NOON_MS)
    alert = await raise_alert(await plant.rule(node, look=look))
    assert await told() == DeviceCondition(kind, NOON, metric="temperature")
    await plant.pool.execute("update alerts set cleared_at = raised_at where id = $1", alert)
    assert await told() is None


async def test_one_question_for_all_devices_however_many(plant: Plant) -> None:
    counts, asked = [], []
    async with plant.pool.acquire() as db:
        db.add_query_logger(lambda record: asked.append(record.query))
        await latest.statuses(db, plant.scope, NOON)  # the connection learns the types
        for many in (2, 40):
            for name in range(many):
                device = await plant.device(f"{many}-{name}")
                await plant.send(device, [NOON_MS - 500], {"gas": [1.0]})
            await asyncio.sleep(0)  # questions are told of a turn later
            asked.clear()
            await latest.statuses(db, plant.scope, NOON)
            await asyncio.sleep(0)
            counts.append(len(asked))
    assert counts == [3, 3]
