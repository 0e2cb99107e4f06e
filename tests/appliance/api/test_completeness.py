"""The certificate of completeness, of rows that came, came twice, or never did; hot and sealed."""

from appliance.history.readings import Source
from appliance.model.user import Role
from tests.appliance.conftest import SignIn
from tests.appliance.plant import NOON_MS, Plant
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


async def test_a_device_or_a_factory_must_be_named(plant: Plant, sign_in: SignIn) -> None:
    manager = await sign_in(Role.MANAGER)
    response = await manager.get("/data/completeness", query_string=PERIOD)
    assert response.status_code == 400
    assert "device_id" in (await response.get_json())["detail"]
