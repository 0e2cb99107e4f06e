import asyncio
import csv
import io
import math
import tracemalloc
from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from appliance.archive.layout import Place
from appliance.archive.write import write_readings
from appliance.errors import NotFound
from appliance.history.export import Export, Format, plan, stream
from appliance.history.readings import Source
from appliance.model.factory import Factory
from appliance.model.sealed import Readings
from appliance.store.sealed import insert_sealed_file
from tests.appliance.plant import DAY_MS, NOON, NOON_MS, Plant
from tests.appliance.sealing import flip, seal


async def file(source: Source, export: Export, form: Format = "csv") -> bytes:
    return b"".join([piece async for piece in stream(source, export, form)])


def lines(data: bytes) -> list[dict[str, str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


async def test_hot_and_sealed_readings_of_all_that_is_asked_for(
    plant: Plant, source: Source
) -> None:
    one, other = await plant.device("=1+1"), await plant.device('Öfen "a", 2')
    times = [NOON_MS - DAY_MS, NOON_MS - DAY_MS + 1001]
    await plant.send(one, times, {"temperature": [1.5, math.nan], "gas": [3.0, 4.0]})
    await plant.send(other, times, {"temperature": [0.1, 1e300]})
    await seal(plant, source, [one, other], times[0], metrics=("temperature", "gas"))
    await plant.send(one, [NOON_MS], {"temperature": [2.5]}, received_ms=NOON_MS)
    everything = await plan(source, plant.scope, None, None, (0, NOON_MS + 1))
    counted: list[int] = []
    data = [piece async for piece in stream(source, everything, "csv", counted.append)]
    told = lines(b"".join(data))
    assert [(row["device"], row["metric"], row["time_utc"], row["value"]) for row in told] == [
        ("'=1+1", "temperature", "2026-11-22 12:00:00.000", "1.5"),
        ("'=1+1", "temperature", "2026-11-22 12:00:01.001", ""),
        ("'=1+1", "temperature", "2026-11-23 12:00:00.000", "2.5"),
        ("'=1+1", "gas", "2026-11-22 12:00:00.000", "3"),
        ("'=1+1", "gas", "2026-11-22 12:00:01.001", "4"),
        ('Öfen "a", 2', "temperature", "2026-11-22 12:00:00.000", "0.1"),
        ('Öfen "a", 2', "temperature", "2026-11-22 12:00:01.001", "1e+300"),
    ]
    assert {(row["unit"], row["note"]) for row in told} == {("Cel", ""), ("[ppm]", "")}
    assert sum(counted) == everything.rows == 7

    table = pq.read_table(pa.BufferReader(await file(source, everything, "parquet")))
    assert table.column("value").to_pylist() == [1.5, None, 2.5, 3.0, 4.0, 0.1, 1e300]
    assert table.column("time")[1].as_py() == datetime(2026, 11, 22, 12, 0, 1, 1000, UTC)
    assert table.column("row_number").to_pylist() == [0, 1, 2, 0, 1, 0, 1]
    assert set(table.column("device").to_pylist()) == {"=1+1", 'Öfen "a", 2'}

    some = await plan(source, plant.scope, [one], ["gas"], (times[1], NOON_MS))
    assert [row["value"] for row in lines(await file(source, some))] == ["4"]


async def test_what_cannot_be_read_has_a_row_that_says_so(plant: Plant, source: Source) -> None:
    device_id = await plant.device("a")
    times = list(range(NOON_MS - DAY_MS, NOON_MS, 60_000))
    await plant.send(device_id, times, {"temperature": [20.0] * len(times)})
    [sealed, *_] = await seal(plant, source, [device_id], times[0])
    path = source.archive.folder / sealed.path
    group = pq.read_metadata(path).row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    [taken] = [column for column in columns if column.path_in_schema == "time"]
    flip(path, taken.data_page_offset + taken.total_compressed_size - 1)
    export = await plan(source, plant.scope, None, None, (0, NOON_MS))
    told = lines(await file(source, export))
    assert len(told) == 721
    assert told[-1]["value"] == ""
    assert told[-1]["time_utc"] == "2026-11-22 12:00:00.000"
    assert told[-1]["note"].startswith("cannot be read until 2026-11-22 23:59:00: readings/")
    table = pq.read_table(pa.BufferReader(await file(source, export, "parquet")))
    assert table.column("note").null_count == 720


async def test_nothing_is_a_file_with_names_only(plant: Plant, source: Source) -> None:
    await plant.device("never heard of")
    export = await plan(source, plant.scope, None, None, (0, NOON_MS))
    assert (await file(source, export)).decode("utf-8-sig").startswith("time_utc,device_id,")
    assert pq.read_table(pa.BufferReader(await file(source, export, "parquet"))).num_rows == 0


async def test_what_is_elsewhere_or_unknown_is_refused(
    plant: Plant, south: Factory, source: Source
) -> None:
    theirs = await Plant(plant.pool, south.id).device("theirs")
    ours = await plant.device("ours")
    with pytest.raises(NotFound, match=f"no device {theirs} here"):
        await plan(source, plant.scope, [ours, theirs], None, (0, NOON_MS))
    with pytest.raises(NotFound, match="no metric aura here"):
        await plan(source, plant.scope, [ours], ["aura"], (0, NOON_MS))


@pytest.mark.parametrize("form", ["csv", "parquet"])
async def test_a_month_takes_no_more_memory_than_a_part_of_it(
    plant: Plant, source: Source, form: Format
) -> None:
    device_id = await plant.device("a")
    number = 20 * 86_400
    first = datetime(2026, 10, 1, tzinfo=UTC)
    times = int(first.timestamp() * 1000) + np.arange(number) * 1000
    readings = Readings(
        times, np.round(np.sin(times / 1e6), 2), np.full(number, 1), np.arange(number),
        np.zeros(number, np.int16),
    )  # fmt: skip
    await plant.send(device_id, [int(times[0]), int(times[-1])], {"temperature": [1.0, 1.0]})
    await plant.pool.execute("truncate batches")
    place = Place(plant.factory_id, 1, "temperature", date(2026, 10, 1), date(2026, 10, 31), 1)
    files = await asyncio.to_thread(
        write_readings, source.archive.folder, place, [(device_id, "a", readings)], NOON
    )
    for one in files:
        await insert_sealed_file(plant.pool, one)
    export = await plan(source, plant.scope, None, None, (0, NOON_MS))
    assert export.rows == number
    counted: list[int] = []
    arrow = 0
    tracemalloc.start()
    try:
        async for _ in stream(source, export, form, counted.append):
            arrow = max(arrow, pa.total_allocated_bytes())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(counted) == number
    whole = sum(column.nbytes for column in readings)
    assert peak < whole / 3
    assert arrow < whole / 3


async def test_an_export_that_is_given_up_holds_nothing(plant: Plant, source: Source) -> None:
    device_id = await plant.device("a")
    for day in range(4):
        times = list(range(NOON_MS - day * DAY_MS, NOON_MS - day * DAY_MS + 60_000, 1000))
        await plant.send(device_id, times, {"temperature": [20.0] * 60, "gas": [1.0] * 60})
    pieces = stream(source, await plan(source, plant.scope, None, None, (0, NOON_MS)), "csv")
    assert await anext(pieces)
    assert plant.pool.get_idle_size() == plant.pool.get_size()
    await pieces.aclose()
