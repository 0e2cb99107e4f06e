"""`carbonseed export` on a box."""

import asyncio
import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from appliance.archive.read import Archive
from appliance.history.readings import Source
from appliance.settings import Settings
from tests.appliance.plant import DAY_MS, NOON_MS, Plant
from tests.appliance.sealing import seal


@pytest.fixture
async def device_id(plant: Plant, source: Source, tmp_path: Path) -> int:
    made = await plant.device("Node 1")
    for start in (NOON_MS - DAY_MS, NOON_MS):
        times = list(range(start, start + 60_000, 1000))
        await plant.send(made, times, {"temperature": [20.5] * 60, "gas": [1.0] * 60})
    source = source._replace(archive=Archive(Settings(data_dir=tmp_path).archive_dir))
    await seal(plant, source, [made], NOON_MS - DAY_MS, metrics=("temperature", "gas"))
    return made


async def test_hot_and_sealed_readings_are_written(command, device_id, tmp_path: Path) -> None:
    file = tmp_path / "all.csv"
    code, out, err = await asyncio.to_thread(
        command, "export", str(file), "--from", "2026-11-22", "--to", "2026-11-24"
    )
    assert (code, out) == (0, "")
    assert f"240 readings are in {file}." in err
    rows = list(csv.DictReader(file.read_text("utf-8-sig").splitlines()))
    assert len(rows) == 240
    assert list(tmp_path.glob("*.part")) == []


async def test_one_metric_of_one_device_is_written_as_parquet(
    command, device_id, tmp_path: Path
) -> None:
    file = tmp_path / "gas.parquet"
    asked = ["--device", "Node 1", "--metric", "gas", "--from", "2026-11-22T12:00:30"]
    code, _, err = await asyncio.to_thread(
        command, "export", str(file), *asked, "--to", "2026-11-23T12:00:30"
    )
    assert code == 0, err
    table = pq.read_table(file)
    assert table.num_rows == 60
    assert set(table.column("value").to_pylist()) == {1.0}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (["--device", "Node 7"], 4),
        (["--metric", "aura"], 4),
        (["--to", "2020-01-01"], 2),
        (["--format", "xlsx"], 2),
    ],
)
async def test_what_makes_no_sense_is_refused_and_writes_nothing(
    command, device_id, tmp_path: Path, wrong: list[str], code: int
) -> None:
    asked = ["export", str(tmp_path / "x.csv"), "--from", "2026-11-22", *wrong]
    assert (await asyncio.to_thread(command, *asked))[0] == code
    assert not list(tmp_path.glob("x.csv*"))
