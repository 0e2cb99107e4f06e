"""The certificate of completeness, of rows that came, came twice, or never did; hot and sealed."""

import csv

from appliance.history.readings import Source
from appliance.model.user import Role
from tests.appliance.conftest import SignIn
from tests.appliance.plant import DAY_MS, NOON_MS, Plant
from tests.appliance.sealing import seal

PERIOD = {"from": NOON_MS, "to": NOON_MS + 60_000}


async def some_rows(plant: Plant) -> int:
    """Rows 0..19 and 30..59 of a node that measures once a second; five of them come twice."""
    device_id = await plant.device("furnace")
    for first, stop in ((0, 20), (30, 60), (30, 35)):
        times = [NOON_MS + 1000 * row for row in range(first, stop)]
        await plant.send(device_id, times, {"temperature": [20.0] * len(times)}, first_row=first)
    return device_id


async def test_what_came_and_what_did_not_is_counted_and_named(
    plant: Plant, sign_in: SignIn
) -> None:
    device_id = await some_rows(plant)
    manager = await sign_in(Role.MANAGER)
    response = await manager.get(
        "/data/completeness", query_string=PERIOD | {"device_id": device_id}
    )
    told = await response.get_json()
    counts = told["counts"]
    assert (counts["expected"], counts["received"], counts["missing"]) == (60, 50, 10)
    assert counts["duplicate"] == 5
    [missing] = [one for one in told["ranges"] if one["what"] == "missing"]
    assert (missing["first_row"], missing["rows"]) == (20, 10)
    assert (missing["from"], missing["to"]) == (NOON_MS + 20_000, NOON_MS + 30_000)
    assert told["causes"][missing["cause"]]["words"]


async def test_sealing_changes_nothing_of_it(plant: Plant, sign_in: SignIn, source: Source) -> None:
    device_id = await some_rows(plant)
    manager = await sign_in(Role.MANAGER)
    asked = PERIOD | {"device_id": device_id}
    hot = await (await manager.get("/data/completeness", query_string=asked)).get_json()
    await seal(plant, source, [device_id], NOON_MS)
    sealed = await (await manager.get("/data/completeness", query_string=asked)).get_json()
    assert {**sealed, "at": None} == {**hot, "at": None}


async def factory_counts(manager, plant: Plant, from_ms: int, to_ms: int) -> dict:
    asked = {"factory_id": plant.factory_id, "from": from_ms, "to": to_ms}
    response = await manager.get("/data/completeness", query_string=asked)
    return await response.get_json()


async def test_a_factory_and_its_devices_agree(plant: Plant, sign_in: SignIn) -> None:
    device_id = await some_rows(plant)
    midnight = NOON_MS - NOON_MS % DAY_MS
    manager = await sign_in(Role.MANAGER)
    whole = await factory_counts(manager, plant, midnight, midnight + DAY_MS)
    [told] = whole["devices"]
    asked = {"device_id": device_id, "from": midnight, "to": midnight + DAY_MS}
    one = await (await manager.get("/data/completeness", query_string=asked)).get_json()
    assert {name: told[name] for name in ("expected", "received", "missing", "duplicate")} == {
        name: one["counts"][name] for name in ("expected", "received", "missing", "duplicate")
    }
    [day] = told["days"]
    assert (day["from"], day["to"]) == (midnight, midnight + DAY_MS)
    assert (day["received"], day["expected"]) == (told["received"], told["expected"])


async def test_days_within_a_months_file_are_counted_by_day(
    plant: Plant, sign_in: SignIn, source: Source
) -> None:
    """Three days in one file: each day has its own rows, wherever the period's edges cut."""
    device_id = await plant.device("furnace", interval_ms=60_000)
    midnight = NOON_MS - NOON_MS % DAY_MS
    times = [
        midnight + day * DAY_MS + 60_000 * minute
        for day, minutes in enumerate((1440, 100, 1440))
        for minute in range(minutes)
    ]
    rows = [(times[0] - time) // -60_000 for time in times]
    for place in (0, 1440, 1540):
        part = slice(place, {0: 1440, 1440: 1540, 1540: 2980}[place])
        values = {"temperature": [20.0] * len(times[part])}
        await plant.send(device_id, times[part], values, first_row=rows[place])
    manager = await sign_in(Role.MANAGER)
    hot = await factory_counts(manager, plant, midnight, midnight + 3 * DAY_MS)
    await seal(plant, source, [device_id], midnight, days=3)
    sealed = await factory_counts(manager, plant, midnight, midnight + 3 * DAY_MS)
    assert sealed == hot
    [told] = sealed["devices"]
    assert [day["received"] for day in told["days"]] == [1440, 100, 1440]
    assert [day["expected"] for day in told["days"]] == [1440, 1440, 1440]
    for n, received in enumerate((1440, 100, 1440)):
        begin = midnight + n * DAY_MS
        [one] = (await factory_counts(manager, plant, begin, begin + DAY_MS))["devices"]
        assert (one["received"], one["missing"]) == (received, 1440 - received)


async def test_counts_and_ranges_are_tables_that_start_no_formula(
    plant: Plant, sign_in: SignIn
) -> None:
    device_id = await some_rows(plant)
    await plant.pool.execute("update devices set name = '=1+1' where id = $1", device_id)
    manager = await sign_in(Role.MANAGER)
    for which in ({"device_id": device_id}, {"factory_id": plant.factory_id}):
        asked = PERIOD | which | {"format": "csv"}
        response = await manager.get("/data/completeness", query_string=asked)
        lines = list(csv.DictReader((await response.get_data(as_text=True)).splitlines()))
        assert {line["device"] for line in lines} == {"'=1+1"}
        assert ".csv" in response.headers["Content-Disposition"]
    [counts] = lines
    assert (counts["received"], counts["duplicate"]) == ("50", "5")


async def test_a_device_or_a_factory_must_be_named(plant: Plant, sign_in: SignIn) -> None:
    manager = await sign_in(Role.MANAGER)
    response = await manager.get("/data/completeness", query_string=PERIOD)
    assert response.status_code == 400
    assert "device_id" in (await response.get_json())["detail"]


async def test_a_factory_is_told_in_parts_the_worst_first_with_the_sums_of_all(
    plant: Plant, sign_in: SignIn
) -> None:
    for name, gone in (("n10", 2), ("n9", 2), ("whole", 0), ("worst", 7)):
        device_id = await plant.device(name)
        for first, stop in ((0, 10 - gone), (9, 10)):
            times = [NOON_MS + 1000 * row for row in range(first, stop)]
            await plant.send(device_id, times, {"gas": [1.0] * len(times)}, first_row=first)
    await plant.device("unheard")
    manager = await sign_in(Role.MANAGER)
    asked = PERIOD | {"factory_id": plant.factory_id, "limit": 2}
    names = []
    for offset in (0, 2, 4, 6):
        response = await manager.get("/data/completeness", query_string=asked | {"offset": offset})
        told = await response.get_json()
        names.append([one["device"] for one in told["devices"]])
        assert (told["total"]["devices"], told["total"]["silent"]) == (5, 1)
        assert (told["total"]["short"], told["total"]["missing"]) == (3, 8)
    assert names == [["worst", "n9"], ["n10", "whole"], ["unheard"], []]
    for wrong in ({"limit": 1001}, {"limit": -1}, {"offset": -1}):
        response = await manager.get("/data/completeness", query_string=asked | wrong)
        assert response.status_code == 400
