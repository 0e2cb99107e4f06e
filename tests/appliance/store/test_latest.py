from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.model.ids import DeviceId
from appliance.store.latest import News, upsert_latest
from appliance.store.pool import Pool
from tests.appliance.plant import Plant


def news(
    device: DeviceId, received_ms: int, told: dict[int, tuple[int, float]], **rest: Any
) -> News:
    return News(
        device,
        received_ms,
        sorted(told),
        [told[metric][0] for metric in sorted(told)],
        [told[metric][1] for metric in sorted(told)],
        rest.get("health"),
    )


HOUR_MS = 3_600_000


async def heard_ms(pool: Pool) -> int:
    return int(await pool.fetchval("select extract(epoch from received_at) * 1000 from latest"))


async def known(pool: Pool, device: DeviceId) -> dict[int, tuple[int, float]]:
    row = await pool.fetchrow("select * from latest where device_id = $1", device)
    assert row is not None
    times_and_values = zip(row["times_ms"], row["readings"], strict=True)
    return dict(zip(row["metric_ids"], times_and_values, strict=True))


async def test_the_newer_reading_of_each_metric_stays(pool: Pool, plant: Plant) -> None:
    device = await plant.device("one")
    await upsert_latest(pool, [news(device, 10, {1: (10, 1.0), 2: (10, 2.0)})])
    await upsert_latest(pool, [news(device, 30, {1: (20, 1.5), 3: (5, 3.0)})])
    await upsert_latest(pool, [news(device, 40, {1: (15, 9.0), 2: (15, 2.5), 3: (4, 9.0)})])
    assert await known(pool, device) == {1: (20, 1.5), 2: (15, 2.5), 3: (5, 3.0)}
    assert await heard_ms(pool) == 40


async def test_a_clock_that_was_ahead_does_not_freeze_a_device(pool: Pool, plant: Plant) -> None:
    device = await plant.device("one")
    ahead = 10 * HOUR_MS
    await upsert_latest(pool, [news(device, ahead, {1: (ahead, 1.0), 2: (ahead, 2.0)})])
    for metric, time_ms in ((1, 8 * HOUR_MS), (3, 9 * HOUR_MS)):
        told = news(device, time_ms, {metric: (time_ms, 3.0)})
        await upsert_latest(pool, [told])
        assert await heard_ms(pool) == time_ms
    assert await known(pool, device) == {
        1: (8 * HOUR_MS, 3.0),
        2: (ahead, 2.0),  # nothing else is known of it
        3: (9 * HOUR_MS, 3.0),
    }
    await upsert_latest(pool, [news(device, 9 * HOUR_MS, {2: (9 * HOUR_MS, 4.0)})])
    assert (await known(pool, device))[2] == (ahead, 2.0)  # an hour is believed


async def test_a_device_that_told_nothing_but_its_health_was_heard_of(
    pool: Pool, plant: Plant
) -> None:
    device = await plant.device("one")
    await upsert_latest(pool, [news(device, 10, {}, health={"rssi": -61})])
    assert await known(pool, device) == {}
    await upsert_latest(pool, [news(device, 20, {1: (15, 1.0)})])
    assert await known(pool, device) == {1: (15, 1.0)}
    assert await pool.fetchval("select health from latest") == {"rssi": -61}
    await upsert_latest(pool, [news(device, 30, {}, health={"rssi": -70, "heap": 5})])
    assert await known(pool, device) == {1: (15, 1.0)}
    assert await pool.fetchval("select health from latest") == {"rssi": -70, "heap": 5}


metrics = st.dictionaries(
    st.integers(1, 4), st.tuples(st.integers(0, 5), st.floats(0, 1)), max_size=4
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(st.lists(st.lists(st.tuples(st.integers(0, 2), metrics), max_size=3), max_size=6))
async def test_it_is_what_a_dictionary_would_be(
    pool: Pool, plant: Plant, rounds: list[list[tuple[int, dict[int, tuple[int, float]]]]]
) -> None:
    names = await pool.fetchval("select count(*) from devices")
    devices = [await plant.device(f"node {names + n}") for n in range(3)]
    model: dict[DeviceId, dict[int, tuple[int, float]]] = {}
    for told in rounds:
        each = {devices[index]: what for index, what in told}
        await upsert_latest(pool, [news(device, 1, what) for device, what in each.items()])
        for device, what in each.items():
            mine = model.setdefault(device, {})
            for metric, (time_ms, _) in what.items():
                if metric not in mine or time_ms >= mine[metric][0]:
                    mine[metric] = what[metric]
    for device, expected in model.items():
        found = await known(pool, device)
        assert {metric: time_ms for metric, (time_ms, _) in found.items()} == {
            metric: time_ms for metric, (time_ms, _) in expected.items()
        }
        assert all(
            found[metric] == expected[metric] or found[metric][0] == expected[metric][0]
            for metric in expected
        )
