import asyncio
import csv
import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from appliance.history import readings as door
from appliance.history.export import AT_ONCE
from appliance.http.context import Context
from appliance.model.factory import Factory
from appliance.model.user import Role
from tests.appliance.conftest import SignIn
from tests.appliance.plant import NOON_MS, Plant


@pytest.fixture
async def device_id(plant: Plant) -> int:
    made = await plant.device("Öfen 1/a")
    times = list(range(NOON_MS - 60_000, NOON_MS, 1000))
    await plant.send(made, times, {"temperature": [20.0] * 60, "gas": [1.0] * 60})
    return made


async def test_a_range_comes_as_a_file(device_id: int, sign_in: SignIn) -> None:
    manager = await sign_in(Role.MANAGER)
    asked: dict[str, Any] = {"from": NOON_MS - 60_000, "metric": "gas", "device_id": device_id}
    response = await manager.get("/data/export", query_string=asked)
    assert response.status_code == 200
    assert response.content_type == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == (
        'attachment; filename="carbonseed-fen-1-a-gas-20261123T1159-20261123T1200.csv"'
    )
    assert response.headers["X-Rows-Estimate"] == "60"
    told = (await response.get_data()).decode("utf-8-sig")
    assert len(list(csv.DictReader(io.StringIO(told)))) == 60

    asked |= {"format": "parquet", "metric": "gas,temperature"}
    response = await manager.get("/data/export", query_string=asked)
    assert response.content_type == "application/vnd.apache.parquet"
    table = pq.read_table(pa.BufferReader(await response.get_data()))
    assert table.num_rows == 120


async def test_without_names_all_of_the_callers_factories_is_in_the_file(
    device_id: int, plant: Plant, south: Factory, sign_in: SignIn
) -> None:
    theirs = Plant(plant.pool, south.id)
    their_id = await theirs.device("Theirs")
    await theirs.send(their_id, [NOON_MS - 1], {"gas": [7.0]})
    response = await (await sign_in(Role.OPERATOR)).get("/data/export", query_string={"from": 0})
    told = await response.get_data(as_text=True)
    assert told.count("\n") == 121
    assert "Theirs" not in told
    asked = {"from": 0, "device_id": f"{device_id},{their_id}"}
    response = await (await sign_in(Role.OPERATOR)).get("/data/export", query_string=asked)
    assert response.status_code == 404


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"format": "xlsx"}, 400),
        ({"device_id": "1;2"}, 400),
        ({"device_id": ""}, 400),
        ({"device_id": ",".join(["1"] * 1001)}, 400),
        ({"metric": "aura"}, 404),
        ({"metric": "gas,"}, 400),
        ({"to": 0}, 422),
    ],
)
async def test_an_export_that_makes_no_sense_is_refused(
    device_id: int, sign_in: SignIn, wrong: dict[str, Any], status: int
) -> None:
    operator = await sign_in(Role.OPERATOR)
    response = await operator.get("/data/export", query_string={"from": 0, **wrong})
    assert response.status_code == status


async def test_whoever_goes_ends_the_export(
    device_id: int, plant: Plant, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = door.readings.select_readings

    def noted(*given: Any) -> Any:
        asked.append(given[3])
        return real(*given)

    monkeypatch.setattr(door.readings, "select_readings", noted)
    for number in range(30):
        other = await plant.device(f"n{number}")
        await plant.send(other, [NOON_MS - 1], {"temperature": [1.0]})
    person = await sign_in(Role.OPERATOR)
    headers = {"Authorization": f"Bearer {person.access}"}
    client: Any = person.client
    async with client.request("/data/export?from=0", headers=headers) as connection:
        await connection.send_complete()
        await connection.receive()
        await connection.disconnect()
    await asyncio.sleep(0.2)
    read = len(asked)
    assert 0 < read < 32
    await asyncio.sleep(0.3)
    assert len(asked) == read
    assert plant.pool.get_idle_size() == plant.pool.get_size()


async def test_more_exports_than_are_made_at_once_are_sent_away_and_places_come_back(
    device_id: int, sign_in: SignIn, context: Context
) -> None:
    manager = await sign_in(Role.MANAGER)
    asked: dict[str, Any] = {"from": NOON_MS - 60_000, "device_id": device_id}
    places = context.exports
    taken = [places.take() for _ in range(AT_ONCE)]
    response = await manager.get("/data/export", query_string=asked)
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    taken.pop()()
    for _ in range(3):  # each gives its place back, also one that asks for what is not there
        response = await manager.get("/data/export", query_string=asked)
        assert response.status_code == 200
        response = await manager.get("/data/export", query_string=asked | {"device_id": 999})
        assert response.status_code == 404
        response = await manager.head("/data/export", query_string=asked)
        assert response.status_code == 200
