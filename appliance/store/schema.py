"""Writes schema.sql, the whole schema in one file for people to read: all migrations, dumped."""

import asyncio
import os
import re
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from appliance.store import migrate
from appliance.store.postgres import ClusterError
from appliance.store.postgres.binaries import Binaries
from appliance.store.postgres.cluster import open_cluster

SCHEMA = Path(__file__).with_name("schema.sql")
HEAD = "-- All migrations as one, for reading: made by `python -m appliance.store.schema`.\n\n"
NOISE = re.compile(r"^(--.*|SET .*;|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*)\n", re.M)
SEQUENCE_OPTIONS = re.compile(r" \(\n    SEQUENCE NAME [^)]*\);")


async def dump(url: str, binaries: Binaries) -> str:
    """Return the schema of a database as SQL, without what differs from dump to dump."""
    where = urlsplit(url)
    dumping = await asyncio.create_subprocess_exec(
        binaries.program("pg_dump"),
        *("--schema-only", "--no-owner", "--no-privileges", "--username", str(where.username)),
        *("--host", parse_qs(where.query)["host"][0], where.path.lstrip("/")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PGPASSWORD": str(where.password)},
    )
    out, errors = await dumping.communicate()
    if dumping.returncode != 0:
        raise ClusterError(f"The schema cannot be dumped: {errors.decode()}")
    bare = SEQUENCE_OPTIONS.sub(";", NOISE.sub("", out.decode())).replace("public.", "")
    return HEAD + re.sub(r"\n{3,}", "\n\n", bare).strip() + "\n"


async def write() -> None:
    """Migrate an empty database of a cluster made for the purpose, and write down its schema."""
    with tempfile.TemporaryDirectory(prefix="carbonseed-") as made:
        await asyncio.to_thread(os.chmod, made, 0o755)
        folder = Path(made, "postgres")
        async with open_cluster(folder, system=(), settings={"fsync": "off"}) as cluster:
            await migrate.migrate(cluster.url)
            schema = await dump(cluster.url, cluster.binaries)
    await asyncio.to_thread(SCHEMA.write_text, schema)


if __name__ == "__main__":
    asyncio.run(write())
