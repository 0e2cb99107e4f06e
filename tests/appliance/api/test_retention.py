"""Rules of retention: who sets them, what they release, what is left; and what the disk holds."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.model.user import Role
from appliance.store.pool import Pool
from appliance.workers.archiving import Archiving
from tests.appliance.conftest import Clock
from tests.appliance.plant import Plant
from tests.appliance.workers.test_archiver import measure, order
from tests.history import everything, hot, sealed


@pytest.fixture
def archiving(tmp_path: Path, blocking: ThreadPoolExecutor, clock: Clock) -> Archiving:
    return Archiving(
        tmp_path / "archive", timedelta(hours=2), blocking, clock, tmp_path / "backups"
    )


@pytest.fixture
async def administrator(sign_in):
    return await sign_in(Role.ADMINISTRATOR)


def rule(factory_id: int, metric: str, kind: str, days: int | None) -> dict[str, object]:
    return {"factory_id": factory_id, "metric": metric, "kind": kind, "keep_days": days}


async def put(administrator, **given: object) -> list[dict[str, object]]:
    response = await administrator.put("/retention", json=given)
    assert response.status_code == 200
    return (await response.get_json())["rules"]


async def test_rules_are_set_changed_taken_away_and_recorded(administrator, north, pool) -> None:
    for days in (400, 30):
        (told,) = await put(administrator, **rule(north.id, "gas", "readings", days))
        assert (told["metric"], told["kind"], told["keep_days"]) == ("gas", "readings", days)
    assert await put(administrator, **rule(north.id, "gas", "readings", None)) == []
    rows = await pool.fetch(
        "select old, new from audit where action = 'retention.change' order by id"
    )
    assert [(row["old"]["keep_days"], row["new"]["keep_days"]) for row in rows] == [
        (None, 400),
        (400, 30),
        (30, None),
    ]


@pytest.mark.parametrize(
    "wrong", [{"metric": "moonlight"}, {"keep_days": 0}, {"kind": "second"}, {"factory_id": 99999}]
)
async def test_rules_that_make_no_sense_are_refused(administrator, north, wrong) -> None:
    given = rule(north.id, "gas", "readings", 30) | wrong
    response = await administrator.put("/retention", json=given)
    assert response.status_code in {400, 404}
    assert (await (await administrator.get("/retention")).get_json())["rules"] == []


async def test_what_a_rule_releases_is_deleted_and_told_and_nothing_else(
    sign_in, administrator, plant: Plant, pool: Pool, archiving: Archiving, clock: Clock, north
) -> None:
    device = await plant.device("one")
    for n, day in enumerate((-9, -5)):
        await measure(plant, device, day, 1000 * n)
    await order(pool, archiving)
    await put(administrator, **rule(north.id, "gas", "readings", 6))
    await put(administrator, **rule(north.id, "gas", "minute", 8))
    files = set(archiving.root.rglob("*.parquet"))
    await order(pool, archiving)
    clock.forward(hours=30)
    administrator = await sign_in(Role.ADMINISTRATOR)
    for path in files:
        os.utime(path, (0, 0))
    await order(pool, archiving)
    gone = {path.relative_to(archiving.root).as_posix() for path in files if not path.exists()}
    told = await (await administrator.get("/retention")).get_json()
    assert {release["path"] for release in told["releases"]} == gone
    assert {(release["kind"], release["keep_days"]) for release in told["releases"]} == {
        ("readings", 6),
        ("minute", 8),
    }
    assert sum(r["rows"] for r in told["releases"] if r["kind"] == "readings") == 500
    assert len(await sealed(pool, archiving.root)) == 3 * 500
    # What comes late for a day whose readings were released is not kept; roll-ups stay as they are.
    hours = await pool.fetch("select * from sealed_files where kind = 'hour' and state = 'live'")
    await measure(plant, device, -9, 5000, count=100)
    await order(pool, archiving)
    assert not await hot(pool)
    assert len(await everything(pool, archiving.root)) == 3 * 500 + 100
    told = await (await administrator.get("/retention")).get_json()
    assert (told["releases"][0]["path"], told["releases"][0]["rows"]) == (None, 100)
    gas = [row for row in hours if "metric=gas" in row["path"]]
    for row in gas:
        assert await pool.fetchval("select state from sealed_files where id = $1", row["id"]) == (
            "live"
        )
    listed = json.loads((archiving.root / "manifest.json").read_text())["files"]
    assert not gone & {file["path"] for file in listed}


async def test_storage_tells_what_there_is_and_how_many_days_are_left(
    administrator, plant: Plant, pool: Pool, archiving: Archiving, clock: Clock
) -> None:
    told = await (await administrator.get("/storage")).get_json()
    assert told["days_left"] is None
    device = await plant.device("one")
    for n in range(4):
        await measure(plant, device, -3 - n, 1000 * n)
    await order(pool, archiving)
    told = await (await administrator.get("/storage")).get_json()
    sizes = [path.stat().st_size for path in archiving.root.rglob("*.parquet")]
    assert told["sealed_bytes"] == sum(sizes)
    assert told["sealed_readings"] == 4 * 2 * 500
    assert told["growth_per_day_bytes"] == pytest.approx(sum(sizes) / 4, abs=2)
    usable = told["free_bytes"] - told["reserve_bytes"]
    assert told["days_left"] == pytest.approx(usable / told["growth_per_day_bytes"], abs=0.1)
