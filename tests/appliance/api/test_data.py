from typing import Any

import pytest

from appliance.model.factory import Factory
from appliance.model.user import Role
from tests.appliance.conftest import SignIn
from tests.appliance.plant import NOON_MS, Plant


async def test_the_newest_values_of_all_devices_in_the_callers_factories(
    plant: Plant, south: Factory, sign_in: SignIn
) -> None:
    device_id = await plant.device("a")
    other_id = await Plant(plant.pool, south.id).device("b")
    for one in (device_id, other_id):
        await plant.send(one, [NOON_MS], {"temperature": [21.5]})
    told = await (await (await sign_in(Role.MANAGER)).get("/data/latest")).get_json()
    value = {"metric": "temperature", "time": "2026-11-23T12:00:00Z", "value": 21.5}
    assert told == {"devices": [{"device_id": device_id, "latest": [value]}]}


async def test_a_series_of_few_readings_is_told_raw(plant: Plant, sign_in: SignIn) -> None:
    device_id = await plant.device("a")
    await plant.send(device_id, [NOON_MS - 2000, NOON_MS - 1000], {"temperature": [20.0, 21.5]})
    operator = await sign_in(Role.OPERATOR)
    asked = {"device_id": device_id, "metric": "temperature", "from": "2026-11-23T11:00:00Z"}
    told = await (await operator.get("/data/series", query_string=asked)).get_json()
    assert told == {
        "device_id": device_id,
        "device": "a",
        "metric": "temperature",
        "unit": "Cel",
        "unit_label": "°C",
        "digits": 1,
        "from": NOON_MS - 3_600_000,
        "to": NOON_MS,
        "source": "raw",
        "bucket_ms": None,
        "rollup": None,
        "gaps": [],
        "times": [NOON_MS - 2000, NOON_MS - 1000],
        "columns": {"value": [20.0, 21.5]},
    }


async def test_a_series_of_many_readings_is_told_in_buckets(plant: Plant, sign_in: SignIn) -> None:
    device_id = await plant.device("a")
    times = list(range(NOON_MS, NOON_MS + 20_000, 1000))
    await plant.send(device_id, times, {"gas": [float(number) for number in range(20)]})
    operator = await sign_in(Role.OPERATOR)
    asked = {
        "device_id": device_id,
        "metric": "gas",
        "from": NOON_MS,
        "to": NOON_MS + 20_000,
        "points": 2,
    }
    response = await operator.get("/data/series", query_string=asked)
    told = await response.get_json()
    assert (told["source"], told["bucket_ms"]) == ("buckets", 10_000)
    assert told["times"] == [NOON_MS, NOON_MS + 10_000]
    assert told["columns"] == {
        "min": [0.0, 10.0],
        "max": [9.0, 19.0],
        "first": [0.0, 10.0],
        "last": [9.0, 19.0],
        "mean": [4.5, 14.5],
        "count": [10, 10],
    }
    assert b'"count":[10,10]' in await response.get_data()


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"from": NOON_MS, "to": NOON_MS}, 422),
        ({"from": "0001-01-01T00:00:00Z"}, 422),
        ({"from": "9998-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z"}, 422),
        ({"from": "99999999999999999999"}, 400),
        ({"from": -1}, 400),
        ({"from": "2026-11-23T12:00:00"}, 400),
        ({"from": "nan"}, 400),
        ({"points": 0}, 400),
        ({"points": 10_001}, 400),
        ({"device_id": "one"}, 400),
        ({"device_id": 2**31}, 400),
        ({"metrics": "gas"}, 400),
        ({"metric": "aura"}, 404),
        ({"metric": "gas'; drop table batches; --"}, 404),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(
    plant: Plant, sign_in: SignIn, wrong: dict[str, Any], status: int
) -> None:
    right = {"device_id": await plant.device("a"), "metric": "gas", "from": NOON_MS - 1}
    operator = await sign_in(Role.OPERATOR)
    response = await operator.get("/data/series", query_string=right)
    assert response.status_code == 200
    response = await operator.get("/data/series", query_string=right | wrong)
    assert response.status_code == status
    assert (await response.get_json())["detail"]


async def test_the_series_of_another_factory_is_not_there(
    plant: Plant, south: Factory, sign_in: SignIn
) -> None:
    device_id = await Plant(plant.pool, south.id).device("b")
    await plant.send(device_id, [NOON_MS - 1], {"gas": [1.0]})
    asked = {"device_id": device_id, "metric": "gas", "from": 0}
    response = await (await sign_in(Role.OPERATOR)).get("/data/series", query_string=asked)
    assert response.status_code == 404


async def test_statistics_over_all_devices(plant: Plant, south: Factory, sign_in: SignIn) -> None:
    device_id = await plant.device("a")
    await plant.send(device_id, [NOON_MS - 2000, NOON_MS - 1000], {"gas": [1.0, 4.0]})
    theirs = Plant(plant.pool, south.id)
    await theirs.send(await theirs.device("b"), [NOON_MS - 1], {"gas": [99.0]})
    operator = await sign_in(Role.OPERATOR)
    asked = {"metric": "gas", "from": NOON_MS - 5000}
    told = await (await operator.get("/data/statistics", query_string=asked)).get_json()
    figures = {"count": 2, "min": 1.0, "max": 4.0, "mean": 2.5}
    assert told == {
        "metric": "gas",
        "unit": "[ppm]",
        "unit_label": "ppm",
        "digits": 1,
        "from": NOON_MS - 3_600_000,
        "to": NOON_MS,
        "group": "device",
        "groups": [{**figures, "device_id": device_id, "device": "a"}],
        "gaps": [],
    }
    asked["group"] = "hour"
    told = await (await operator.get("/data/statistics", query_string=asked)).get_json()
    assert told["groups"] == [{**figures, "time": NOON_MS - 3_600_000}]
    for wrong, status in (({"group": "week"}, 400), ({"metric": "aura"}, 404), ({"to": 0}, 422)):
        response = await operator.get("/data/statistics", query_string=asked | wrong)
        assert response.status_code == status
