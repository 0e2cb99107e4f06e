from datetime import timedelta

import pytest

from appliance.model.ids import DeviceId, KeyId
from appliance.model.scope import Scope
from appliance.store import device_keys
from appliance.store.notifications import listen
from appliance.store.pool import Pool
from tests.appliance.plant import NOON, Plant

KEY, OTHER = KeyId("aaaaaaaaaa"), KeyId("bbbbbbbbbb")
NOWHERE = Scope(())


@pytest.fixture
async def device(pool: Pool, plant: Plant) -> DeviceId:
    made = await plant.device("one")
    await device_keys.insert_device_key(pool, plant.scope, made, KEY, b"h" * 32, NOON)
    return made


async def test_a_live_key_tells_whose_it_is(pool: Pool, plant: Plant, device: DeviceId) -> None:
    holder = await device_keys.select_key_holder(pool, KEY)
    assert holder is not None
    assert (holder.device_id, holder.sha256, holder.commands) == (device, b"h" * 32, 0)
    assert await device_keys.select_key_holder(pool, OTHER) is None


async def test_a_revoked_key_tells_nothing_and_stays_in_the_list(
    pool: Pool, plant: Plant, device: DeviceId
) -> None:
    later = NOON + timedelta(hours=1)
    assert await device_keys.update_device_key_revoked(pool, plant.scope, device, KEY, later)
    assert not await device_keys.update_device_key_revoked(pool, plant.scope, device, KEY, later)
    assert await device_keys.select_key_holder(pool, KEY) is None
    (key,) = await device_keys.select_device_keys(pool, plant.scope, device)
    assert (key.id, key.created_at, key.revoked_at) == (KEY, NOON, later)
    assert await device_keys.select_live_count_for_update(pool, plant.scope, device) == 0


async def test_nothing_is_seen_or_changed_from_another_factory(
    pool: Pool, plant: Plant, device: DeviceId
) -> None:
    assert await device_keys.select_device_keys(pool, NOWHERE, device) == []
    assert await device_keys.select_live_count_for_update(pool, NOWHERE, device) is None
    assert not await device_keys.insert_device_key(pool, NOWHERE, device, OTHER, b"h" * 32, NOON)
    assert not await device_keys.update_device_key_revoked(pool, NOWHERE, device, KEY, NOON)
    other = DeviceId(await plant.device("two"))
    assert not await device_keys.update_device_key_revoked(pool, plant.scope, other, KEY, NOON)


async def test_the_last_use_never_goes_back(pool: Pool, plant: Plant, device: DeviceId) -> None:
    await device_keys.update_last_used(pool, {KEY: NOON, OTHER: NOON})
    await device_keys.update_last_used(pool, {KEY: NOON - timedelta(days=1)})
    await device_keys.update_last_used(pool, {})
    (key,) = await device_keys.select_device_keys(pool, plant.scope, device)
    assert key.last_used_at == NOON


async def test_listeners_hear_of_a_revoked_key_once_it_is_committed(
    pool: Pool, plant: Plant, device: DeviceId
) -> None:
    async with pool.acquire() as listening, listen(listening, device_keys.CHANNEL) as told:
        async with pool.acquire() as db, db.transaction():
            await device_keys.update_device_key_revoked(db, plant.scope, device, KEY, NOON)
            assert not told.take()
        await told.wait(10)
        assert told.take() == {device_keys.CHANNEL: {KEY}}
