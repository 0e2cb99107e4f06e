from appliance.model.factory import Factory
from appliance.model.user import Role
from tests.appliance.conftest import SignIn
from tests.appliance.plant import NOON_MS, Plant


async def test_the_overview_of_a_factory(plant: Plant, sign_in: SignIn) -> None:
    device_id = await plant.device("a", machine="Furnace 1")
    await plant.send(device_id, [NOON_MS - 500], {"temperature": [21.5]})
    manager = await sign_in(Role.MANAGER)
    response = await manager.get(f"/insights/overview?factory_id={plant.factory_id}")
    told = await response.get_json()
    assert response.status_code == 200
    assert told["devices"] == {"live": 1, "stale": 0, "offline": 0, "never": 0}
    assert told["open_alerts"] == {"1": 0, "2": 0, "3": 0, "4": 0}
    assert [kpi["label"] for kpi in told["kpis"]] == [
        "Temperature", "Gas", "Vibration", "Uptime",
    ]  # fmt: skip
    kpi = told["kpis"][0]
    assert (kpi["value"], kpi["machine"], kpi["time"]) == (
        21.5, "Furnace 1", "2026-11-23T11:59:59.500000Z",
    )  # fmt: skip
    assert kpi["spark_mean"] == [None] * 47 + [21.5]


async def test_another_factory_is_not_there(south: Factory, sign_in: SignIn) -> None:
    manager = await sign_in(Role.MANAGER)
    assert (await manager.get(f"/insights/overview?factory_id={south.id}")).status_code == 404
    for wrong in ("", "?factory_id=x", "?factory_id=0", "?factory=1"):
        assert (await manager.get(f"/insights/overview{wrong}")).status_code == 400
