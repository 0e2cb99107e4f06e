from appliance.store import schema
from appliance.store.postgres.cluster import Cluster


async def test_schema_sql_is_what_the_migrations_make(cluster: Cluster, database_url: str):
    dumped = await schema.dump(database_url, cluster.binaries)
    assert dumped == schema.SCHEMA.read_text(), "run: python -m appliance.store.schema"


async def test_the_dump_is_the_same_each_time(cluster: Cluster, database_url: str):
    first = await schema.dump(database_url, cluster.binaries)
    assert first == await schema.dump(database_url, cluster.binaries)
    assert "create table" in first.lower()
