"""The bucket holds every sealed file, proved; what breaks there or here is told and mended."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import boto3
import pytest
from moto.server import ThreadedMotoServer
from msgspec import structs

from appliance.archive.mirror import Bucket, Mirror, MirrorAway, NotMirrored
from appliance.archive.verify import verify
from appliance.settings import SettingsError, from_env
from appliance.store.pool import Pool
from appliance.workers.archiving import Archiving, open_mirror
from appliance.workers.mirroring import copy_all
from appliance.workers.scrubber import scrub
from tests.appliance.conftest import Clock
from tests.appliance.plant import Plant
from tests.appliance.workers.test_archiver import measure, order
from tests.history import everything, once


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    server.stop()


@pytest.fixture
def store(endpoint: str) -> "boto3.resources.base.ServiceResource":
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    s3 = boto3.resource("s3", endpoint_url=endpoint, region_name="us-east-1", **keys)
    return s3.create_bucket(Bucket=f"plant-{uuid4().hex}")


@pytest.fixture
def bucket(endpoint: str, store) -> Bucket:
    return Bucket(
        endpoint=endpoint,
        name=store.name,
        prefix="north/archive",
        region="us-east-1",
        access_key="key",
        secret_key="secret",
    )


@pytest.fixture
def archiving(
    tmp_path: Path, blocking: ThreadPoolExecutor, clock: Clock, bucket: Bucket
) -> Archiving:
    return Archiving(
        tmp_path / "archive",
        timedelta(hours=2),
        blocking,
        clock,
        tmp_path / "backups",
        mirror=Mirror(bucket),
    )


@pytest.fixture
async def device(plant: Plant, pool: Pool, archiving: Archiving) -> int:
    """A node of which two days are sealed."""
    made = await plant.device("one")
    for n, day in enumerate((-4, -3)):
        await measure(plant, made, day, 1000 * n)
    await order(pool, archiving)
    return made


def held(store) -> dict[str, bytes]:
    return {
        one.key.removeprefix("north/archive/"): one.get()["Body"].read()
        for one in store.objects.all()
        if not one.key.endswith("/")  # markers of emptied folders
    }


async def test_every_sealed_file_is_copied_once_and_the_copy_can_be_verified_by_itself(
    pool: Pool, device: int, archiving: Archiving, store, tmp_path: Path
) -> None:
    files = await pool.fetchval("select count(*) from sealed_files")
    assert await copy_all(pool, archiving, archiving.mirror) == files
    assert await copy_all(pool, archiving, archiving.mirror) == 0
    there = held(store)
    assert len(there) == files + 1
    for path, data in there.items():
        assert (archiving.root / path).read_bytes() == data
        (copied := tmp_path / "copy" / path).parent.mkdir(parents=True, exist_ok=True)
        copied.write_bytes(data)
    verified = await asyncio.to_thread(verify, tmp_path / "copy")
    assert (verified.files, verified.faults) == (files, ())


async def test_what_was_replaced_leaves_the_bucket_and_what_is_not_ours_stays(
    plant: Plant, pool: Pool, device: int, archiving: Archiving, clock: Clock, store
) -> None:
    await copy_all(pool, archiving, archiving.mirror)
    store.put_object(Key="north/archive/notes.txt", Body=b"ours")
    before = held(store).keys()
    await measure(plant, device, -3, 5000)
    await order(pool, archiving)
    await copy_all(pool, archiving, archiving.mirror)
    assert held(store).keys() > before  # a restore may still want it
    clock.forward(days=400)  # the store has a clock of its own
    await order(pool, archiving)
    await copy_all(pool, archiving, archiving.mirror)
    live = {row["path"] for row in await pool.fetch("select path from sealed_files")}
    assert held(store).keys() == live | {"manifest.json", "notes.txt"}


async def test_a_damaged_file_comes_back_from_the_bucket_only_if_its_copy_is_whole(
    pool: Pool, device: int, archiving: Archiving, clock: Clock, store
) -> None:
    await copy_all(pool, archiving, archiving.mirror)
    expected = once(await everything(pool, archiving.root))
    path = await pool.fetchval("select path from sealed_files where kind = 'readings' limit 1")
    place = archiving.root / path
    whole = place.read_bytes()
    place.write_bytes(b"X" + whole[1:])
    store.put_object(Key=f"north/archive/{path}", Body=b"Y" + whole[1:])
    clock.forward(days=8)
    async with pool.acquire() as db:
        while await scrub(db, archiving):
            pass
        assert not place.exists()
        await scrub(db, archiving)
        assert not list(archiving.root.rglob("*.tmp"))
        assert not place.exists()
        store.put_object(Key=f"north/archive/{path}", Body=whole)
        await scrub(db, archiving)
    assert place.read_bytes() == whole
    assert once(await everything(pool, archiving.root)) == expected


async def test_a_file_that_is_not_what_was_sealed_does_not_count_as_copied(
    pool: Pool, device: int, archiving: Archiving, store
) -> None:
    path = await pool.fetchval("select path from sealed_files order by first_day, path limit 1")
    place = archiving.root / path
    place.write_bytes(b"X" + (whole := place.read_bytes())[1:])
    with pytest.raises(NotMirrored, match="is not what was sealed"):
        await copy_all(pool, archiving, archiving.mirror)
    assert held(store) == {}
    assert not await pool.fetchval("select count(mirrored_at) from sealed_files")
    place.write_bytes(whole)
    assert await copy_all(pool, archiving, archiving.mirror) > 1


async def test_while_the_store_is_away_everything_stays_here_and_is_copied_later(
    pool: Pool, device: int, archiving: Archiving, bucket: Bucket
) -> None:
    expected = once(await everything(pool, archiving.root))
    for wrong in ({"endpoint": "http://127.0.0.1:9"}, {"name": "there-is-none"}):
        away = await asyncio.to_thread(Mirror, structs.replace(bucket, **wrong))
        with pytest.raises(MirrorAway, match="cannot be used"):
            await copy_all(pool, archiving, away)
    assert not await pool.fetchval("select count(mirrored_at) from sealed_files")
    assert once(await everything(pool, archiving.root)) == expected
    assert await copy_all(pool, archiving, archiving.mirror) > 1


def test_the_settings_name_a_bucket_whole_or_not_at_all(bucket: Bucket, tmp_path: Path) -> None:
    assert open_mirror(from_env({})) is None
    env = {
        "CARBONSEED_ARCHIVE_S3_ENDPOINT": bucket.endpoint,
        "CARBONSEED_ARCHIVE_S3_BUCKET": bucket.name,
        "CARBONSEED_ARCHIVE_S3_ACCESS_KEY_FILE": str(tmp_path / "access"),
        "CARBONSEED_ARCHIVE_S3_SECRET_KEY_FILE": str(tmp_path / "secret"),
    }
    with pytest.raises(SettingsError, match="cannot be read"):
        open_mirror(from_env(env))
    for name in ("access", "secret"):
        (tmp_path / name).write_text(f"{name}\n")
    assert isinstance(open_mirror(from_env(env)), Mirror)
    for name in env:
        with pytest.raises(SettingsError, match="are needed"):
            open_mirror(from_env({key: text for key, text in env.items() if key != name}))
