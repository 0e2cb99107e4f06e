"""Backups of an appliance with its own PostgreSQL, put back."""

import asyncio
import hashlib
import os
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from appliance import data_dir
from appliance.backup import BackupDamaged, BackupTooNew, NoSpace, bundle, swap
from appliance.backup.bundle import Bundle, Writer
from appliance.backup.create import create
from appliance.backup.restore import restore, verify
from appliance.cli.box import box
from appliance.errors import AlreadyRunning, Conflict, NotFound, Unavailable
from appliance.model.audit import Actor
from appliance.nodes import releases
from appliance.running import Running, write_running
from appliance.settings import Settings
from appliance.store import snapshots
from appliance.store.firmware import select_releases
from tests.appliance.backup.plant import NOON, furnish, rows, send, sent
from tests.appliance.bundles import packed

LATER = NOON + timedelta(minutes=1)


def files(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, but for what a server writes while it looks at its data."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "postgres" not in path.parts
    }


async def test_what_was_backed_up_is_put_back_and_what_was_there_lies_aside(
    settings: Settings, backups: Path
) -> None:
    path, manifest = await create(settings, backups, NOON)
    assert path.name == "carbonseed-20261123T120000Z.tar"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in backups.iterdir()] == [path.name]
    assert (manifest.streams, manifest.batches, manifest.faulty) == (1, 1, [])
    before = files(settings.data_dir)

    async with box(settings) as db:
        await send(db, 10, 20)
    (settings.secrets_dir / "sessions.key").write_bytes(b"changed since")
    done = await restore(settings, path, LATER)

    assert done.manifest == manifest
    assert files(settings.data_dir / "certificates") == {
        name.removeprefix("certificates/"): content
        for name, content in before.items()
        if name.startswith("certificates/")
    }
    async with box(settings) as db:
        assert await rows(db) == sent(range(10))
    (aside,) = map(Path, done.aside)
    assert aside == settings.data_dir / "before-restore-20261123T120100Z"
    async with box(msgspec.structs.replace(settings, data_dir=aside)) as db:
        assert await rows(db) == sent(range(20))
    assert (aside / "secrets/sessions.key").read_bytes() == b"changed since"
    assert not (settings.data_dir / "restore").exists()


async def test_what_signs_firmware_and_the_releases_it_has_signed_come_back(
    settings: Settings, backups: Path, folder: Path
) -> None:
    ada = Actor("ada@north.example", "10.0.0.7")
    async with box(settings) as db:
        await releases.add(db, settings.secrets_dir, ada, packed(), NOON)
    path, _ = await create(settings, backups, NOON)
    fresh = Settings(data_dir=folder.with_name("fresh"))
    await restore(fresh, path, LATER)
    assert await releases.public_key(fresh.secrets_dir) == await releases.public_key(
        settings.secrets_dir
    )
    async with box(fresh) as db:
        again = await releases.add(db, fresh.secrets_dir, ada, packed("1.0.8"), LATER)
        assert {one.key_fingerprint for one in await select_releases(db)} == {again.key_fingerprint}


async def test_a_fresh_machine_needs_nothing_but_the_file(
    settings: Settings, backups: Path, folder: Path
) -> None:
    path, _ = await create(settings, backups, NOON)
    fresh = Settings(data_dir=folder.with_name("fresh"))
    done = await restore(fresh, path, LATER)
    assert done.aside == []
    assert files(fresh.data_dir) == files(settings.data_dir)
    for name in files(settings.data_dir):
        kept, put_back = (one.data_dir / name for one in (settings, fresh))
        assert put_back.stat().st_mode == kept.stat().st_mode
    async with box(fresh) as db:
        assert await rows(db) == sent(range(10))


async def test_rows_sent_again_are_stored_once_and_rows_that_are_gone_are_seen_missing(
    settings: Settings, backups: Path
) -> None:
    """After a restore: 0..9 are in the backup, 10..19 the node still has, 20..29 nobody has."""
    path, _ = await create(settings, backups, NOON)
    async with box(settings) as db:
        await send(db, 10, 30)
    await restore(settings, path, LATER)
    async with box(settings) as db:
        for first, stop in ((0, 10), (5, 20), (30, 40)):
            await send(db, first, stop)
        assert await rows(db) == sent(range(20), range(30, 40))
        ledger = await db.fetchrow("select received::text, duplicates from streams")
        assert tuple(ledger) == ("{[0,20),[30,40)}", 15)


async def test_verify_proves_the_database_too_and_touches_nothing(
    settings: Settings, backups: Path, monkeypatch: pytest.MonkeyPatch, fast_folder: str
) -> None:
    path, manifest = await create(settings, backups, NOON)
    monkeypatch.setattr("tempfile.tempdir", fast_folder)
    before = files(settings.data_dir)
    assert await verify(settings, path) == manifest
    assert files(settings.data_dir) == before
    lying = await asyncio.to_thread(rewritten, path, streams=7)
    with pytest.raises(BackupDamaged, match="1 streams and 1 batches of 7 and 1"):
        await verify(settings, lying)
    assert list(Path(fast_folder).glob("carbonseed-verify-*")) == []


def rewritten(path: Path, **changes: object) -> Path:
    """The same backup with another manifest, whole all the same."""
    found = Bundle.open(path)
    other = path.with_name(f"{'-'.join(changes)}.tar")
    with other.open("w+b") as file:
        writer = Writer(file, NOON)
        for name in (*(name for name, _ in found.files()), bundle.DUMP):
            writer.add(name, found.chunks(name))
        writer.finish(msgspec.structs.replace(found.manifest, **changes))
    return other


def flipped(path: Path) -> Path:
    """The same backup with one bit of the dump flipped."""
    content = bytearray(path.read_bytes())
    content[content.index(b"PGDMP") + 2000] ^= 1
    other = path.with_name("flipped.tar")
    other.write_bytes(content)
    return other


async def test_a_file_that_is_no_good_touches_nothing(settings: Settings, backups: Path) -> None:
    path, _ = await create(settings, backups, NOON)
    cut = backups / "cut.tar"
    cut.write_bytes(path.read_bytes()[:-20_000])
    before = sorted(settings.data_dir.iterdir()), files(settings.data_dir)
    for bad, error in (
        (flipped(path), BackupDamaged),
        (cut, BackupDamaged),
        (settings.certificates_dir / "plant-ca.pem", BackupDamaged),
        (backups / "none.tar", NotFound),
        (await asyncio.to_thread(rewritten, path, version="0.2.0"), BackupTooNew),
        (await asyncio.to_thread(rewritten, path, migrations=9999), BackupTooNew),
        (await asyncio.to_thread(rewritten, path, format=2), BackupTooNew),
        (await asyncio.to_thread(rewritten, path, bytes=10**18), NoSpace),
        (await asyncio.to_thread(rewritten, path, batches=2), BackupDamaged),
    ):
        with pytest.raises(error):
            await restore(settings, bad, LATER)
        now = sorted(settings.data_dir.iterdir()), files(settings.data_dir)
        assert now == before, bad
    with pytest.raises(BackupDamaged):
        await restore(Settings(data_dir=settings.data_dir / "a/b"), cut, LATER)
    assert not (settings.data_dir / "a").exists()


async def test_a_restore_is_refused_while_an_appliance_runs(
    settings: Settings, backups: Path
) -> None:
    path, _ = await create(settings, backups, NOON)
    async with box(settings):
        with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
            await restore(settings, path, LATER)
    running = Running(os.getppid(), "127.0.0.1", 1, 2, None)
    await asyncio.to_thread(write_running, settings.running_file, running)
    with pytest.raises(AlreadyRunning, match=f"process {os.getppid()}"):
        await restore(settings, path, LATER)
    async with box(settings) as db:
        assert await rows(db) == sent(range(10))


async def test_a_backup_of_a_running_appliance_is_of_one_moment(
    settings: Settings, backups: Path
) -> None:
    async with box(settings) as db:
        writing = asyncio.create_task(_write_on(db))
        path, manifest = await create(settings, backups, NOON)
        writing.cancel()
        await asyncio.wait([writing])
    await restore(settings, path, LATER)
    async with box(settings) as db:
        there = await rows(db)
        assert there == sent(range(len(there)))
        assert len(there) == manifest.batches * 10
        assert await db.fetchval("select received::text from streams") == f"{{[0,{len(there)})}}"


async def _write_on(db) -> None:
    for first in range(10, 10_000, 10):
        await send(db, first, first + 10)


async def test_sealed_files_are_taken_as_the_database_names_them(
    settings: Settings, backups: Path
) -> None:
    whole, damaged = b"whole" * 1000, b"damaged"
    for name, content in (("whole", whole), ("damaged", damaged), ("unnamed", b"-")):
        file = settings.archive_dir / f"readings/{name}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    async with box(settings) as db:
        for name, content in (("whole", whole), ("damaged", b"once"), ("missing", b"")):
            await db.execute(
                """
                insert into sealed_files (factory_id, metric_id, kind, first_day, last_day,
                    generation, path, rows, bytes, sha256, sealed_at, changed_at, checked_at)
                select f.id, m.id, 'readings', '2026-01-01', '2026-01-01', 1, $1, 1, 1, $2,
                       now(), now(), now()
                  from factories f, metrics m limit 1
                """,
                f"readings/{name}.parquet",
                hashlib.sha256(content).digest(),
            )
    path, manifest = await create(settings, backups, NOON)
    assert manifest.faulty == ["readings/damaged.parquet", "readings/missing.parquet"]
    done = await restore(settings, path, LATER)
    assert files(settings.archive_dir)["readings/whole.parquet"] == whole
    assert not (settings.archive_dir / "readings/unnamed.parquet").exists()
    assert (Path(done.aside[0]) / "archive/readings/unnamed.parquet").exists()


async def test_there_is_nothing_to_back_up_where_nothing_is(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no appliance in"):
        await create(Settings(data_dir=tmp_path / "none"), tmp_path / "backups", NOON)
    assert list(tmp_path.iterdir()) == []


async def test_a_server_of_the_plants_keeps_what_was_there_in_a_schema_aside(
    database_url: str, pool, tmp_path: Path, backups: Path
) -> None:
    settings = Settings(data_dir=tmp_path / "data", database_url=database_url)
    await furnish(pool, settings)
    path, manifest = await create(settings, backups, NOON)
    assert manifest.batches == 1
    await send(pool, 10, 20)
    with pytest.raises(AlreadyRunning, match="Appliances use this database"):
        await restore(settings, path, LATER)
    await pool.close()
    with pytest.raises(BackupDamaged):
        await restore(settings, await asyncio.to_thread(rewritten, path, batches=2), LATER)
    async with box(settings) as db:
        assert await rows(db) == sent(range(20)), "what was there is back in its place"
    done = await restore(settings, path, LATER)
    assert done.aside[1] == "schema before_restore_20261123_120100"
    async with box(settings) as db:
        assert await rows(db) == sent(range(10))
        await send(db, 0, 12)
        assert await rows(db) == sent(range(12))
        aside = "select count(*) from before_restore_20261123_120100.batches"
        assert await db.fetchval(aside) == 2
    _, again = await create(settings, backups, LATER)
    assert again.batches == 2, "what lies aside is in no backup"


async def test_a_restore_that_fails_after_the_database_has_it_puts_back_what_was_there(
    database_url: str, pool, tmp_path: Path, backups: Path
) -> None:
    settings = Settings(data_dir=tmp_path / "data", database_url=database_url)
    await furnish(pool, settings)
    path, _ = await create(settings, backups, NOON)
    await send(pool, 10, 20)
    await pool.close()
    obstacle = settings.data_dir / swap.FOLDER / swap.SUMS
    obstacle.mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        await restore(settings, path, LATER)
    async with box(settings) as db:
        assert await rows(db) == sent(range(20))
        assert await schemas(db) == ["public"]
    obstacle.rmdir()
    done = await restore(settings, path, LATER)
    async with box(settings) as db:
        assert await rows(db) == sent(range(10))
        assert await schemas(db) == [done.aside[1].removeprefix("schema "), "public"]
    assert not (settings.data_dir / swap.FOLDER).exists()


@pytest.mark.parametrize("loaded", [False, True])
async def test_a_restore_killed_after_the_database_was_set_aside_goes_on(
    database_url: str, pool, tmp_path: Path, backups: Path, loaded: bool
) -> None:
    settings = Settings(data_dir=tmp_path / "data", database_url=database_url)
    await furnish(pool, settings)
    path, _ = await create(settings, backups, NOON)
    await send(pool, 10, 20)
    await asyncio.to_thread(half_restored, settings)
    async with pool.acquire() as db:
        await snapshots.update_schema_aside(db, "before_restore_20261123_115900")
        if loaded:
            await db.execute("create table migrations ()")
    await pool.close()
    with pytest.raises(Conflict, match="has not finished"):
        await asyncio.to_thread(swap.refuse_unfinished, settings.data_dir)
    done = await restore(settings, path, LATER)
    assert done.aside[1] == "schema before_restore_20261123_120100"
    async with box(settings) as db:
        assert await rows(db) == sent(range(10))
        assert await schemas(db) == ["before_restore_20261123_120100", "public"]
    await asyncio.to_thread(swap.refuse_unfinished, settings.data_dir)


async def test_while_the_server_is_away_what_was_set_aside_is_noted_and_nothing_starts(
    database_url: str, pool, tmp_path: Path, backups: Path
) -> None:
    settings = Settings(data_dir=tmp_path / "data", database_url=database_url)
    await furnish(pool, settings)
    path, _ = await create(settings, backups, NOON)
    await asyncio.to_thread(half_restored, settings)
    gone = msgspec.structs.replace(
        settings, database_url="postgresql://a:b@127.0.0.1:1/a?sslmode=disable"
    )
    with pytest.raises(Unavailable, match="schema before_restore_20261123_115900"):
        await restore(gone, path, LATER)
    with pytest.raises(Conflict, match="has not finished"):
        await asyncio.to_thread(swap.refuse_unfinished, settings.data_dir)
    await pool.close()
    await restore(settings, path, LATER)  # it had not come to be set aside
    async with box(settings) as db:
        assert await rows(db) == sent(range(10))


def half_restored(settings: Settings) -> None:
    """As a restore leaves the data folder that is killed when it sets the database aside."""
    swap.staging(settings)
    swap.note_schema(settings.data_dir, "before_restore_20261123_115900")


async def schemas(db) -> list[str]:
    """The schemas in which an appliance's tables lie."""
    found = await db.fetch(
        "select schemaname from pg_tables where tablename = 'batches' order by 1"
    )
    return [row["schemaname"] for row in found]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's PostgreSQL is another user")
async def test_a_cluster_that_lies_elsewhere_is_found_by_its_links_after_a_restore(
    settings: Settings,
    backups: Path,
    tmp_path: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, _ = await create(settings, backups, NOON)
    monkeypatch.setattr(data_dir, "SYSTEM_DATA_DIR", folder.parent / "system")
    (tmp_path / "home").mkdir(mode=0o700)
    closed = Settings(data_dir=tmp_path / "home" / "data")
    await restore(closed, path, NOON)
    async with box(closed) as db:
        await send(db, 10, 20)
    done = await restore(closed, path, LATER)
    async with box(closed) as db:
        assert await rows(db) == sent(range(10))
    async with box(msgspec.structs.replace(closed, data_dir=Path(done.aside[0]))) as db:
        assert await rows(db) == sent(range(20))
    assert len(list((folder.parent / "system").iterdir())) == 2
    assert await asyncio.to_thread(data_dir.orphans) == []
