"""What one writes first: Quart on Hypercorn, one row a reading, executemany by a pool of eight.

Sound as far as it goes: keys are checked, a reading sent twice is stored once unless a clock was
corrected in between, the answer comes after the commit.
"""

import asyncio
import hashlib
import json
import sys
from datetime import UTC, datetime, timedelta

import asyncpg
from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart, request

TABLE = """
create table if not exists narrow (
    series_id int not null,
    time      timestamptz not null,
    value     float8 not null,
    primary key (series_id, time)
)"""
INSERT = "insert into narrow (series_id, time, value) values ($1, $2, $3) on conflict do nothing"
POOL_SIZE = 8


def create_app(pool: asyncpg.Pool, keys: dict[str, int], metrics: dict[str, int]) -> Quart:
    app = Quart(__name__)

    @app.post("/ingest")
    async def ingest():
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        device = keys.get(hashlib.sha256(key.encode()).hexdigest())
        if device is None:
            return {"error": "unknown key"}, 401
        batch = await request.get_json()
        start = datetime.now(UTC) - timedelta(milliseconds=batch["sent_up"])
        rows = [
            (device * 100 + metrics[name], start + timedelta(milliseconds=uptime), value)
            for uptime, *values in batch["rows"]
            for name, value in zip(batch["metrics"], values, strict=True)
        ]
        async with pool.acquire() as db:
            await db.executemany(INSERT, rows)
        return {"stored": len(batch["rows"])}

    return app


async def main() -> None:
    order = json.loads(sys.stdin.readline())
    pool = await asyncpg.create_pool(
        order["database"],
        min_size=POOL_SIZE,
        max_size=POOL_SIZE,
        server_settings={"synchronous_commit": "on"},
    )
    await pool.execute(TABLE)
    config = Config()
    config.bind = [f"127.0.0.1:{order['port']}"]
    config.certfile, config.keyfile = order["certificate"], order["private_key"]
    config.errorlog = None
    config.keep_alive_timeout = 120
    config.keep_alive_max_requests = 1_000_000
    keys = {hashlib.sha256(key.encode()).hexdigest(): n for n, key in enumerate(order["keys"])}
    await serve(create_app(pool, keys, order["metrics"]), config)


if __name__ == "__main__":
    asyncio.run(main())
