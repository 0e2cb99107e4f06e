"""A key that has signed something and is gone is told of, and none is made by asking."""

import asyncio
from pathlib import Path

import pytest

from appliance.identity import firmware_key
from appliance.model.audit import Actor
from appliance.model.user import Role
from appliance.nodes import releases
from appliance.reports import lost_keys
from tests.appliance import signing
from tests.appliance.bundles import packed


@pytest.fixture
def secrets_dir(context) -> Path:
    return context.settings.secrets_dir


@pytest.fixture
async def signed(sign_in, north, context, secrets_dir) -> None:
    """A report and a release are signed."""
    signer = await sign_in(Role.COMPLIANCE)
    asked = await signing.read(signer, north.id, "2026-W46")
    assert (await signer.post("/reports/signed", json=asked)).status_code == 201
    ada = Actor("ada@north.example", "10.0.0.7")
    await releases.add(context.db, secrets_dir, ada, packed(), context.clock())


async def test_before_anything_is_signed_no_key_is_missing(pool, secrets_dir) -> None:
    assert await lost_keys.find(pool, secrets_dir) == []
    assert not secrets_dir.exists()


async def test_the_keys_that_signed_are_there(pool, secrets_dir, signed) -> None:
    assert await lost_keys.find(pool, secrets_dir) == []


async def test_a_key_that_is_gone_is_told_and_not_replaced(pool, secrets_dir, signed) -> None:
    for name in ("reports.key", "firmware.key"):
        (secrets_dir / name).unlink()
    reports, firmware = await lost_keys.find(pool, secrets_dir)
    assert f"{secrets_dir}/reports.key is missing: reports signed before" in reports
    assert f"{secrets_dir}/firmware.key is missing: boards flashed before" in firmware
    assert not (secrets_dir / "reports.key").exists()
    assert not (secrets_dir / "firmware.key").exists()


async def test_another_key_in_its_place_is_told(pool, secrets_dir, signed, context, clock) -> None:
    kept = {name: (secrets_dir / name).read_bytes() for name in ("reports.key", "firmware.key")}
    (secrets_dir / "firmware.key").unlink()
    (secrets_dir / "reports.key").write_bytes(b"x" * 32)
    await asyncio.to_thread(firmware_key.load_or_make, secrets_dir)
    assert all("is another one" in said for said in await lost_keys.find(pool, secrets_dir))
    ada = Actor("ada@north.example", "10.0.0.7")
    await releases.add(pool, secrets_dir, ada, packed("1.0.8"), clock())
    assert len(await lost_keys.find(pool, secrets_dir)) == 2, "as long as older ones are known"
    for name, secret in kept.items():
        (secrets_dir / name).write_bytes(secret)
    assert len(await lost_keys.find(pool, secrets_dir)) == 1, "1.0.8 was signed by another"
