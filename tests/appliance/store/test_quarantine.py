from appliance.model.ids import DeviceId, Epoch
from appliance.store.pool import Pool
from appliance.store.quarantine import SetAside, insert_quarantine
from tests.appliance.plant import NOON, NOON_MS, Plant


async def test_a_row_set_aside_is_kept_with_its_values_and_the_reason(
    pool: Pool, plant: Plant
) -> None:
    device = DeviceId(await plant.device("one"))
    reading = {"time_ms": 5, "metric_ids": [1, 2], "readings": [1.5, None]}
    await insert_quarantine(
        pool, [SetAside(device, Epoch(-7), 3, NOON_MS, "too old", dict(reading))]
    )
    row = await pool.fetchrow("select * from quarantine")
    assert row is not None
    assert dict(row) == {
        "device_id": device,
        "epoch": -7,
        "row_number": 3,
        "received_at": NOON,
        "reason": "too old",
        "reading": reading,
    }
