"""InfluxDB's own client against a real appliance, over TLS, while the appliance is killed."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from influxdb_client import InfluxDBClient, Point, WritePrecision
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from tests.box import Box

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

ROUNDS = 4
POSTS = 1000
"""So many that each kill comes before the last one."""


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    folder = Path(tempfile.mkdtemp(prefix="carbonseed-", dir="/tmp"))
    folder.chmod(0o711)
    made = Box(folder / "data")
    try:
        await made.start()
        yield made
        assert "Unexpected error" not in made.log()
    finally:
        await made.stop()
        shutil.rmtree(folder)


async def test_what_the_client_was_told_is_written_is_there_once(box: Box) -> None:
    ((device, key),) = await box.devices(1)
    start_ms = int(time.time() * 1000) - 3_600_000
    acknowledged = 0
    for _ in range(ROUNDS):
        writing = asyncio.create_task(asyncio.to_thread(write, box, key, start_ms, acknowledged))
        await asyncio.sleep(0.4)
        await box.kill()
        acknowledged = await writing
        await box.recover()
    with client(box, key) as influx:  # all of it again, in one post
        lines = [line(start_ms, n) for n in range(acknowledged)]
        influx.write_api(write_options=SYNCHRONOUS).write("plant", record=lines)
    assert 0 < acknowledged < ROUNDS * POSTS
    async with box.database() as db:
        rows = await db.fetch(
            """
            select metric, (extract(epoch from time) * 1000)::bigint - $2 as ms, value, count(*)
              from sensor_readings where device_id = $1 group by 1, 2, 3""",
            device,
            start_ms,
        )
        assert await db.fetchval("select count(*) from quarantine") == 0
    assert {row["count"] for row in rows} == {1}
    found = {(row["metric"], row["ms"]): row["value"] for row in rows}
    assert len(found) == len(rows)
    sent = {("temperature", 100 * n): n + 0.5 for n in range(acknowledged)}
    sent |= {("gas", 100 * n): float(n) for n in range(acknowledged)}
    assert sent.items() <= found.items()


async def test_the_client_tells_what_was_wrong(box: Box) -> None:
    ((_, key),) = await box.devices(1)
    for token, record, expected in (
        (key, "furnace cold=1", "there is no metric 'furnace_cold'"),
        (key, "furnace temperature=", "line 1"),
        (key[:-1] + "!", "furnace temperature=1", "Send a device key"),
    ):
        with client(box, token) as influx, pytest.raises(ApiException) as refused:
            influx.write_api(write_options=SYNCHRONOUS).write("plant", record=record)
        assert expected in str(refused.value.body)


def write(box: Box, key: str, start_ms: int, first: int) -> int:
    """Write from a number on, each point again until it is acknowledged; how far that came."""
    done = first
    with client(box, key) as influx:
        writer = influx.write_api(write_options=SYNCHRONOUS)
        for n in range(first, first + POSTS):
            try:
                writer.write("plant", record=line(start_ms, n))
            except (HTTPError, ApiException, OSError):
                break
            done = n + 1
    return done


def line(start_ms: int, n: int) -> Point:
    return (
        Point("furnace")
        .tag("host", "north, left=1")
        .field("temperature", n + 0.5)
        .field("gas", n)
        .time(start_ms + 100 * n, WritePrecision.MS)
    )


@contextmanager
def client(box: Box, key: str) -> Iterator[InfluxDBClient]:
    authority = box.folder / "certificates/plant-ca.pem"
    url = f"https://127.0.0.1:{box.device_port}"
    with InfluxDBClient(
        url, key, org="plant", ssl_ca_cert=str(authority), enable_gzip=True, retries=False
    ) as influx:
        yield influx
