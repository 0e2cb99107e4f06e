"""Configurations of devices over HTTP."""

import asyncio
from pathlib import Path

import pytest

from appliance.model.user import Role
from appliance.nodes import sensors
from appliance.store.metrics import select_metrics

OURS = sensors.DRIVERS
DRIVERS = """
[max31855]
metrics = ["temperature"]
[max31855.options]
cs_pin = { type = "pin" }
[adc]
metrics = ["gas", "pressure"]
"""
RHYTHM = {"sampling": {"interval_ms": 1000}, "sending": {"interval_ms": 10_000}}
PROBE = {"metric": "temperature", "driver": "max31855", "digits": 1, "cs_pin": 5}


@pytest.fixture(autouse=True)
def drivers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the nodes of these tests have."""
    file = tmp_path / "sensors.toml"
    file.write_text(DRIVERS)
    monkeypatch.setattr(sensors, "DRIVERS", file)


@pytest.fixture
async def technician(sign_in):
    return await sign_in(Role.TECHNICIAN)


@pytest.fixture
async def path(technician, north) -> str:
    made = await technician.post("/devices", json={"factory_id": north.id, "name": "Node 1"})
    return f"/devices/{(await made.get_json())['device']['id']}/config"


async def test_without_one_a_device_stays_as_it_was_flashed(technician, path) -> None:
    told = await (await technician.get(path)).get_json()
    assert (told["version"], told["sampling"], told["sensors"]) == (0, None, None)


async def test_each_one_has_the_next_version_and_says_by_whom(technician, path, pool) -> None:
    for version in (1, 2):
        put = await technician.put(path, json={**RHYTHM, "sensors": [PROBE]})
        assert put.status_code == 200
        told = await put.get_json()
        assert told == await (await technician.get(path)).get_json()
        assert told["version"] == version
    assert {k: told[k] for k in RHYTHM} == RHYTHM
    assert told["sensors"] == [PROBE]
    assert told["changed_by"] == technician.email
    [old, new] = await pool.fetchrow("select old, new from audit order by id desc limit 1")
    assert (old["version"], new["version"], new["sensors"]) == (1, 2, [PROBE])


@pytest.mark.parametrize(
    ("probe", "said"),
    [
        ({"driver": "lm75"}, "sensors[0].driver: there is no driver lm75"),
        ({"driver": None}, "sensors[0].driver"),
        ({"metric": "gas"}, "sensors[0].metric: max31855 does not measure gas"),
        ({"metric": ["temperature"]}, "sensors[0].metric"),
        ({"digits": 5}, "sensors[0].digits"),
        ({"digits": True}, "sensors[0].digits"),
        ({"cs": 5}, "sensors[0].cs: max31855 has no such option. It has: cs_pin."),
        ({"cs_pin": 49}, "sensors[0].cs_pin is not the number of a pin"),
        ({"cs_pin": "x" * 9000}, "more than 8192 bytes"),
    ],
)
async def test_sensors_that_no_node_could_read_are_refused(
    technician, path, pool, probe, said
) -> None:
    refused = await technician.put(path, json={**RHYTHM, "sensors": [{**PROBE, **probe}]})
    assert refused.status_code == 422
    assert said in (await refused.get_json())["detail"]
    assert await pool.fetchval("select count(*) from device_configs") == 0


async def test_a_metric_is_measured_once(technician, path) -> None:
    refused = await technician.put(path, json={**RHYTHM, "sensors": [PROBE, PROBE]})
    assert "sensors[1].metric: temperature is there twice" in (await refused.get_json())["detail"]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"sampling": {"interval_ms": 1000}},
        {**RHYTHM, "sampling": {"interval_ms": 10}},
        {**RHYTHM, "sampling": {"interval_ms": 1000.5}},
        {**RHYTHM, "sensors": []},
        {**RHYTHM, "server": {"host": "elsewhere"}},
    ],
)
async def test_what_is_no_configuration_is_refused(technician, path, asked) -> None:
    assert (await technician.put(path, json=asked)).status_code == 400


async def test_operators_look_and_change_nothing(sign_in, path) -> None:
    operator = await sign_in(Role.OPERATOR)
    assert (await operator.get(path)).status_code == 200
    assert (await operator.put(path, json=RHYTHM)).status_code == 403


async def test_what_a_node_told_of_itself_is_listed_page_by_page(technician, path, pool) -> None:
    log = path.replace("config", "log")
    await pool.execute(
        """
        insert into device_log (device_id, epoch, boot, up_ms, what, detail, received_at)
        select id, 'e', 1, n, 'wifi', '', now() from devices, generate_series(1, 5) n"""
    )
    first = (await (await technician.get(f"{log}?limit=3")).get_json())["log"]
    assert [entry["up_ms"] for entry in first] == [5, 4, 3]
    rest = await (await technician.get(f"{log}?before={first[-1]['id']}")).get_json()
    assert [entry["up_ms"] for entry in rest["log"]] == [2, 1]
    assert (await technician.get(f"{log}?limit=0")).status_code == 400


async def test_the_drivers_that_nodes_truly_have_are_known(pool) -> None:
    known = await asyncio.to_thread(sensors.load, OURS)
    modules = {file.stem for file in (OURS.parent / "src" / "drivers").glob("*.py")}
    metrics = {metric.name for metric in await select_metrics(pool)}
    assert known.keys() <= modules
    assert {metric for driver in known.values() for metric in driver.metrics} <= metrics
    kiln = {"metric": "temperature", "driver": "simulated", "signal": {"level": 850, "noise": 1}}
    sensors.check([kiln], known)
