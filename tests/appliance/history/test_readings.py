"""The same answer from hot, sealed, half sealed and compacted readings, to the last bit."""

import asyncio
import math
from collections.abc import AsyncIterator

import numpy as np
import pytest
from msgspec import structs

from appliance.history import readings as door
from appliance.history.readings import Source, pages
from appliance.history.series import series
from appliance.model.ids import DeviceId
from appliance.model.series import Gap, Series, Window
from appliance.store import readings
from appliance.store.readings import Rows
from tests.appliance.plant import DAY_MS, NOON_MS, Plant
from tests.appliance.sealing import flip, seal

MIDNIGHT_MS = NOON_MS - NOON_MS % DAY_MS
DAYS = 3
START_MS = MIDNIGHT_MS - DAYS * DAY_MS
WINDOWS = (
    Window(START_MS, MIDNIGHT_MS, 10_000),
    Window(START_MS + 12_345, MIDNIGHT_MS - 54_321, 200),
    Window(START_MS, MIDNIGHT_MS, 60),
    Window(START_MS, MIDNIGHT_MS, 2),
    Window(START_MS + DAY_MS - 3_600_000, START_MS + DAY_MS + 3_600_000, 700),
    Window(START_MS + DAY_MS - 60_000, START_MS + DAY_MS + 60_000, 1000),
)
"""Raw, sub-minute buckets, minutes, hours, days."""


async def fill(
    plant: Plant,
    device_id: DeviceId,
    *,
    late: bool = True,
    parts: float = 3.0,
    steps: tuple[int, int] = (20_000, 31_000),
) -> None:
    """Three days of a node, with gaps, nulls, awkward digits and a second start that overlaps."""
    random = np.random.default_rng(7)
    for epoch, step in list(enumerate(steps, 1))[: 2 if late else 1]:
        times = np.arange(START_MS, MIDNIGHT_MS, step)
        values = np.round(random.normal(100, 30, times.size), 3) / parts
        values[random.random(times.size) < 0.01] = math.nan
        keep = (times < START_MS + DAY_MS * 1.4) | (times > START_MS + DAY_MS * 1.6)
        times, values = times[keep], values[keep]
        for page in np.array_split(np.arange(times.size), max(1, times.size // 700)):
            await plant.send(
                device_id,
                times[page].tolist(),
                {"temperature": values[page].tolist()},
                epoch=epoch,
            )


def every(
    plant: Plant, source: Source, device_id: DeviceId, gaps: list[Gap] | None = None
) -> AsyncIterator[Rows]:
    return pages(source, plant.scope, device_id, "temperature", 0, NOON_MS, gaps)


async def answers(plant: Plant, source: Source, device_id: DeviceId) -> list[Series]:
    return [
        await series(source, plant.scope, device_id, "temperature", window) for window in WINDOWS
    ]


def assert_same(found: list[Series], expected: list[Series]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert structs.asdict(one).keys() == structs.asdict(other).keys()
        assert (one.source, one.bucket_ms, one.rollup) == (
            other.source,
            other.bucket_ms,
            other.rollup,
        )
        assert (one.gaps, other.gaps) == ((), ())
        assert one.times_ms.tolist() == other.times_ms.tolist()
        assert one.columns.keys() == other.columns.keys()
        for name, column in one.columns.items():
            assert column.tobytes() == other.columns[name].tobytes(), (one.window, name)


@pytest.mark.parametrize("steps", [(20_000, 31_000), (90_000, 110_000)], ids=["fast", "slow"])
@pytest.mark.parametrize(
    ("hot_rows", "parts", "scale"), [(400, 3.0, None), (door.HOT_ROWS, 1.0, 3)]
)
async def test_hot_sealed_mixed_resealed_and_compacted_are_the_same_bit_for_bit(
    plant: Plant,
    source: Source,
    monkeypatch: pytest.MonkeyPatch,
    hot_rows: int,
    parts: float,
    scale: int | None,
    steps: tuple[int, int],
) -> None:
    monkeypatch.setattr(door, "HOT_ROWS", hot_rows)
    monkeypatch.setattr(readings, "PAGE_BATCHES", 3)
    device_id = await plant.device("a")
    await fill(plant, device_id, parts=parts, steps=steps)
    hot = await answers(plant, source, device_id)
    assert {one.source for one in hot} == {"buckets", "raw"}
    assert {one.rollup for one in hot} == {None, "minute", "hour"}

    files = await seal(plant, source, [device_id], START_MS + DAY_MS)
    assert files[0].scale == scale
    assert_same(await answers(plant, source, device_id), hot)
    for day in (0, 2):
        await seal(plant, source, [device_id], START_MS + day * DAY_MS)
    assert await plant.pool.fetchval("select count(*) from batches") == 0
    assert_same(await answers(plant, source, device_id), hot)
    await seal(plant, source, [device_id], START_MS, days=DAYS, generation=2)
    minutes = await plant.pool.fetchval("select count(*) from sealed_files where kind = 'minute'")
    assert minutes == (4 if steps == (20_000, 31_000) else 0)
    assert_same(await answers(plant, source, device_id), hot)


async def test_late_rows_of_a_sealed_day_take_their_place(plant: Plant, source: Source) -> None:
    early, device_id = await plant.device("early"), await plant.device("a")
    await fill(plant, early)
    expected = await answers(plant, source, early)
    rows = await plant.pool.fetch("select * from batches order by start_at, epoch")
    await fill(plant, device_id, late=False)
    await seal(plant, source, [device_id], START_MS, days=DAYS)
    await plant.pool.execute(
        """
        insert into batches (start_at, epoch, first_row, received_at, device_id, quality,
                             metric_ids, offsets_ms, readings)
        select start_at, epoch, first_row, received_at, $2, quality, metric_ids, offsets_ms,
               readings
          from batches where device_id = $1 and epoch = 2
        """,
        early,
        device_id,
    )
    assert len(rows) > 10
    found = await answers(plant, source, device_id)
    assert_same(found, expected)
    await seal(plant, source, [device_id], START_MS, days=DAYS, generation=2)
    assert_same(await answers(plant, source, device_id), expected)


async def test_pages_come_in_order_and_hold_each_reading_once(
    plant: Plant, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "HOT_ROWS", 500)
    device_id = await plant.device("a")
    await fill(plant, device_id)
    whole = [page async for page in every(plant, source, device_id)]
    await seal(plant, source, [device_id], START_MS + DAY_MS)
    again = [page async for page in every(plant, source, device_id)]
    one, other = (np.concatenate([page.times_ms for page in found]) for found in (whole, again))
    assert (np.diff(one) >= 0).all()
    np.testing.assert_array_equal(one, other)
    assert one.size == await plant.pool.fetchval(
        "select sum(rows) from sealed_files where kind = 'readings'"
    ) + await plant.pool.fetchval("select sum(cardinality(offsets_ms)) from batches")


@pytest.mark.parametrize("how", ["flipped", "missing", "marked", "empty", "cut"])
async def test_a_damaged_file_is_a_gap_with_its_reason(
    plant: Plant, source: Source, how: str
) -> None:
    device_id = await plant.device("a")
    await fill(plant, device_id)
    for day in range(DAYS):
        files = await seal(plant, source, [device_id], START_MS + day * DAY_MS)
        if day == 1:
            path = source.archive.folder / files[0].path
            rolled = [source.archive.folder / file.path for file in files[1:]]
    whole = await series(source, plant.scope, device_id, "temperature", WINDOWS[1])
    match how:
        case "flipped":
            flip(path, path.stat().st_size // 3)
        case "missing":
            path.unlink()
        case "marked":
            await plant.pool.execute(
                "update sealed_files set state = 'damaged', reason = 'A bit flipped.'"
                " where path like '%' || $1",
                path.name,
            )
        case "empty":
            path.write_bytes(b"")
        case "cut":
            path.write_bytes(path.read_bytes()[:-100])
    gaps: list[Gap] = []
    found = [page async for page in every(plant, source, device_id, gaps)]
    times = np.concatenate([page.times_ms for page in found])
    assert not ((times >= START_MS + DAY_MS) & (times < START_MS + 2 * DAY_MS)).any()
    assert times.size > 5000
    [gap] = gaps
    assert (gap.from_ms // DAY_MS, (gap.to_ms - 1) // DAY_MS) == (START_MS // DAY_MS + 1,) * 2
    assert gap.reason
    if how == "marked":
        assert gap.reason == "A bit flipped."
        return
    same = await series(source, plant.scope, device_id, "temperature", WINDOWS[1])
    assert_same([same], [whole])  # the roll-ups know it all
    for one in rolled:
        one.unlink()
    told = await series(source, plant.scope, device_id, "temperature", WINDOWS[1])
    [gap] = told.gaps
    inside = (told.times_ms >= gap.from_ms) & (told.times_ms + 60_000 < gap.to_ms)
    assert not inside.any()
    assert (told.source, told.times_ms.size > 50) == ("buckets", True)


async def test_a_damaged_rollup_is_made_again_of_the_readings(plant: Plant, source: Source) -> None:
    device_id = await plant.device("a")
    await fill(plant, device_id)
    hot = await answers(plant, source, device_id)
    for day in range(DAYS):
        files = await seal(plant, source, [device_id], START_MS + day * DAY_MS)
        if day != 1:
            continue
        for file in files[1:]:
            path = source.archive.folder / file.path
            flip(path, path.stat().st_size // 3)
    assert_same(await answers(plant, source, device_id), hot)


async def test_readers_never_miss_and_never_repeat_while_days_are_sealed(
    plant: Plant, source: Source
) -> None:
    device_id = await plant.device("a")
    await fill(plant, device_id)
    counts = set()
    done = asyncio.Event()

    async def read() -> None:
        while not done.is_set():
            found = every(plant, source, device_id)
            counts.add(sum([page.times_ms.size async for page in found]))

    reading = asyncio.create_task(read())
    for generation in (1, 2, 3):
        for day in range(DAYS):
            await seal(plant, source, [device_id], START_MS + day * DAY_MS, generation=generation)
    done.set()
    await reading
    assert len(counts) == 1
