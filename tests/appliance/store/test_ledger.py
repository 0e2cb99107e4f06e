import pytest

from appliance.model.batch import PlacedBatch
from appliance.model.ids import DeviceId, Epoch
from appliance.store import ledger
from appliance.store.ledger import Bounds
from appliance.store.pool import Pool
from tests.appliance.plant import NOON_MS, Plant
from tests.appliance.workers.batches import placed

ONE, TWO, THREE = Epoch(1), Epoch(2), Epoch(-3)


@pytest.fixture
async def device(plant: Plant) -> DeviceId:
    return await plant.device("one")


Rows = dict[DeviceId, list[tuple[int, int]]]


async def receive(pool: Pool, *batches: PlacedBatch) -> Rows:
    """Count batches as received; what of them was received before."""
    spans = [(int(batch.times_ms[0]), int(batch.times_ms[-1])) for batch in batches]
    return await ledger.update_streams(pool, batches, spans)


async def test_what_was_received_before_is_told(pool: Pool, plant: Plant, device: DeviceId) -> None:
    other = DeviceId(await plant.device("two"))
    batches = [placed(device, 0, [1] * 5), placed(other, 10, [1] * 5, epoch=-2)]
    await ledger.insert_streams(pool, batches)
    assert await receive(pool, *batches) == {device: [], other: []}
    assert await receive(pool, placed(device, 10, [1] * 3)) == {device: []}
    assert await receive(
        pool, placed(other, 5, [1] * 8, epoch=-2), placed(device, 2, [1] * 10)
    ) == {
        other: [(10, 13)],
        device: [(2, 5), (10, 12)],
    }
    rows = await pool.fetch("select device_id, received::text, duplicates from streams order by 1")
    assert [tuple(row) for row in rows] == [
        (device, "{[0,13)}", 5),
        (other, "{[5,15)}", 3),
    ]


async def test_a_stream_without_a_ledger_row_is_missing_in_the_answer(
    pool: Pool, plant: Plant, device: DeviceId
) -> None:
    other = DeviceId(await plant.device("two"))
    await ledger.insert_streams(pool, [placed(device, 0, [1]), placed(other, 0, [1])])
    told = await receive(pool, placed(device, 0, [1], epoch=2), placed(other, 0, [1]))
    assert told == {other: []}


async def test_a_batch_without_rows_is_no_range(pool: Pool, device: DeviceId) -> None:
    empty = placed(device, 5, [], dropped=5)
    await ledger.insert_streams(pool, [empty])
    assert await ledger.update_streams(pool, [empty], [(None, None)]) == {device: []}
    row = await pool.fetchrow("select isempty(received), dropped, last_ms from streams")
    assert row is not None
    assert tuple(row) == (True, 5, None)


async def test_a_stream_is_made_once_and_never_made_anew(pool: Pool, device: DeviceId) -> None:
    for _ in range(2):
        await ledger.insert_streams(pool, [placed(device, 0, [1]), placed(device, 1, [1])])
        told = await receive(pool, placed(device, 0, [1]))
    assert told == {device: [(0, 1)]}


async def test_rows_of_many_gaps_are_all_remembered(pool: Pool, device: DeviceId) -> None:
    await ledger.insert_streams(pool, [placed(device, 0, [1])])
    for n in range(50):
        await receive(pool, placed(device, 2 * n, [1]))
    told = await receive(pool, placed(device, 0, [1] * 100))
    assert told[device] == [(2 * n, 2 * n + 1) for n in range(50)]


async def test_a_counter_that_begins_anew_does_not_make_a_stream_older(
    pool: Pool, device: DeviceId
) -> None:
    for epoch, boot, first_ms in ((1, 57, NOON_MS), (2, 1, NOON_MS + 5000)):
        batch = placed(device, 0, [1], epoch=epoch, boot=boot, start_ms=first_ms)
        await ledger.insert_streams(pool, [batch])
        await receive(pool, batch)
    assert await ledger.select_bounds(pool, device, Epoch(9)) == Bounds(None, NOON_MS + 5000, None)
    assert await ledger.select_bounds(pool, device, TWO) == Bounds(None, NOON_MS, None)
    assert await ledger.select_bounds(pool, DeviceId(0), TWO) == Bounds(None, None, None)


async def test_a_reading_from_after_its_receipt_bounds_nobody(pool: Pool, device: DeviceId) -> None:
    batch = placed(device, 0, [1], start_ms=NOON_MS + 9000, received_ms=NOON_MS)
    await ledger.insert_streams(pool, [batch])
    await receive(pool, batch)
    assert await ledger.select_bounds(pool, device, TWO) == Bounds(None, NOON_MS, None)


async def test_the_order_of_first_contact_tells_what_came_before(
    pool: Pool, device: DeviceId
) -> None:
    for epoch, first_ms in ((1, NOON_MS), (2, NOON_MS + 5000), (3, NOON_MS + 9000)):
        batch = placed(device, 0, [1], epoch=epoch, start_ms=first_ms)
        await ledger.insert_streams(pool, [batch])
        await ledger.update_streams(pool, [batch], [(first_ms, first_ms)])
    assert await ledger.select_bounds(pool, device, TWO) == Bounds(None, NOON_MS, NOON_MS + 9000)


async def test_a_base_that_the_appliance_knows_is_told(pool: Pool, device: DeviceId) -> None:
    await pool.execute(
        "insert into streams (device_id, epoch, base_ms, first_seen, last_seen)"
        " values ($1, 1, 77, now(), now())",
        device,
    )
    assert (await ledger.select_bounds(pool, device, ONE)).base_ms == 77
