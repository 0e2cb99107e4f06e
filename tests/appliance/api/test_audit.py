"""The record of deeds over HTTP."""

import pytest

from appliance.model.user import Role


@pytest.fixture
async def administrator(sign_in):
    return await sign_in(Role.ADMINISTRATOR)


async def test_the_newest_rows_come_first_and_the_chain_holds(administrator) -> None:
    await administrator.post("/factories", json={"name": "South"})
    told = await (await administrator.get("/audit?limit=2")).get_json()
    assert [row["action"] for row in told["rows"]] == ["factory.create", "session.begin"]
    assert told["first_broken_row"] is None
    assert told["rows"][0]["actor"] == administrator.email
    assert told["rows"][0]["new"]["name"] == "South"


async def test_a_tampered_row_is_named(context, administrator) -> None:
    await context.db.execute("alter table audit disable trigger audit_append_only")
    await context.db.execute("update audit set actor = 'nobody' where id = 1")
    told = await (await administrator.get("/audit")).get_json()
    assert told["first_broken_row"] == 1


@pytest.mark.parametrize("limit", ["0", "1001", "x", "-1"])
async def test_the_number_of_rows_is_bounded(administrator, limit: str) -> None:
    assert (await administrator.get(f"/audit?limit={limit}")).status_code == 400


async def test_an_officer_sees_what_concerns_their_factory(sign_in, administrator, south) -> None:
    officer = await sign_in(Role.COMPLIANCE, factory=south)
    await sign_in(Role.OPERATOR)
    await administrator.post("/machines", json={"factory_id": 1, "name": "Furnace"})
    await administrator.post("/machines", json={"factory_id": south.id, "name": "Press"})
    rows = (await (await officer.get("/audit")).get_json())["rows"]
    assert [(row["action"], row["actor"]) for row in rows] == [
        ("machine.create", administrator.email),
        ("session.begin", officer.email),
    ]
    assert rows[0]["new"]["name"] == "Press"


async def test_no_read_leaves_a_trace_or_changes_anything(app, context, administrator) -> None:
    before = await context.db.fetchval("select count(*) from audit")
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods and "<" not in rule.rule and rule.rule != "/live":
            assert (await administrator.get(rule.rule)).status_code in {200, 400}, rule.rule
    assert await context.db.fetchval("select count(*) from audit") == before


async def test_no_secret_is_in_the_record(context, administrator, client) -> None:
    made = await administrator.post("/devices", json={"factory_id": 1, "name": "Node"})
    key = (await made.get_json())["key"].rpartition("_")[2]
    joe = {"email": "joe@north.example", "name": "Joe", "role": "operator", "factory_ids": [1]}
    code = (await (await administrator.post("/users", json=joe)).get_json())["code"]
    await client.post("/auth/login", json={"email": joe["email"], "password": "canary bird song"})
    record = str([tuple(row) for row in await context.db.fetch("select * from audit")])
    for secret in (key, code, "canary bird song", "$2b$"):
        assert secret not in record
