"""The golden messages of senders that are no nodes, on the real application and database."""

import base64
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.appliance.api.ingest.conftest import Answer, Ingest, Node

CASES = json.loads((Path(__file__).parents[3] / "vectors/senders.json").read_text("utf-8"))["cases"]
COUNTS = {"stored", "duplicate", "conflicting", "set_aside"}
LINES = "text/plain"

TEMPERATURE = b"furnace temperature=20.5 1763999990000000000\n"


def damaged(body: bytes) -> st.SearchStrategy[bytes]:
    """A body with a few of its bytes changed."""
    places = st.dictionaries(st.integers(0, len(body) - 1), st.integers(0, 255), max_size=3)
    return places.map(lambda changed: bytes(changed.get(at, byte) for at, byte in enumerate(body)))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
async def test_is_read_as_its_own_kind_expects(ingest: Ingest, case: dict[str, Any]) -> None:
    ingest.clock.now = datetime.fromtimestamp(case["received"] / 1000, UTC)
    node, expected = await ingest.node(), case["expect"]
    answer = await post(
        ingest, node, case["body_text"].encode(), case.get("path"), case.get("content_type")
    )
    assert answer.status == expected["status"], answer.body
    assert COUNTS & expected.keys() <= answer.body.keys()
    assert {name: answer.body.get(name) for name in COUNTS & expected.keys()} == {
        name: expected[name] for name in COUNTS & expected.keys()
    }
    told = [answer.body.get(name, "") for name in ("detail", "message", "error")]
    assert expected.get("problem", "") in " ".join(told)
    stored = {
        (point["metric"], point["at"], point["value"]) for point in expected.get("points", ())
    }
    assert await points(ingest, node) == sorted(stored)


@pytest.mark.parametrize("path", ["/api/v2/write", "/write", "/ingest", "/api/v1/telemetry"])
@pytest.mark.parametrize("scheme", ["Bearer", "Token", "token"])
async def test_a_key_comes_as_the_clients_send_it(ingest: Ingest, path: str, scheme: str) -> None:
    node = await ingest.node()
    request = ingest.request(node, b"{}" if "telemetry" in path else b"", LINES)
    request.path, request.headers["Authorization"] = path, f"{scheme} {node.key}"
    assert (await request.into(ingest.app)).status in (200, 204)


async def test_a_key_may_be_the_password_of_whatever_user(ingest: Ingest) -> None:
    node = await ingest.node()
    for name in ("", "telegraf"):
        request = ingest.request(node, TEMPERATURE, LINES)
        told = base64.b64encode(f"{name}:{node.key}".encode()).decode()
        request.path, request.headers["Authorization"] = "/write", f"Basic {told}"
        assert (await request.into(ingest.app)).status == 204
        request = ingest.request(node, TEMPERATURE, LINES)
        request.headers["Authorization"] = f"Basic {told[:-9]}é"
        assert (await request.into(ingest.app)).status == 401


async def test_a_key_in_a_query_opens_nothing(ingest: Ingest) -> None:
    node = await ingest.node()
    request = ingest.request(node, TEMPERATURE, LINES)
    request.path = f"/write?u=telegraf&p={node.key}&token={node.key}"
    del request.headers["Authorization"]
    assert (await request.into(ingest.app)).status == 401


async def test_problems_have_the_shape_that_influx_clients_read(ingest: Ingest) -> None:
    node = await ingest.node()
    answer = await post(ingest, node, b"furnace cold=1", "/api/v2/write")
    assert (answer.status, answer.body["code"]) == (422, "unprocessable entity")
    assert answer.headers["content-type"] == "application/json"
    assert "line 1" in answer.body["message"]
    answer = await post(ingest, node, b"furnace cold=1", "/write")
    assert answer.status == 422
    assert answer.body.keys() == {"error"}
    request = ingest.request(node, b"")
    request.path, request.method = "/api/v2/write", "GET"
    answer = await request.into(ingest.app)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert answer.body["code"] == "method not allowed"


async def test_a_packed_body_is_unpacked(ingest: Ingest) -> None:
    node = await ingest.node()
    answer = await packed(ingest, node, gzip.compress(TEMPERATURE))
    assert answer.status == 204
    assert await points(ingest, node) == [("temperature", 1763999990000, 20.5)]


async def test_a_bomb_is_not_unpacked(ingest: Ingest) -> None:
    bomb = gzip.compress(b"\n" * 50_000_000)
    assert len(bomb) < 64 * 1024
    assert (await packed(ingest, await ingest.node(), bomb)).status == 413


@pytest.mark.parametrize(
    "body",
    [
        TEMPERATURE,
        b"",
        gzip.compress(TEMPERATURE)[:-4],
        gzip.compress(TEMPERATURE) + b"x",
        gzip.compress(TEMPERATURE)[:-4] + b"0000",
    ],
    ids=["plain", "empty", "cut short", "longer", "damaged"],
)
async def test_what_is_no_gzip_is_refused(ingest: Ingest, body: bytes) -> None:
    node = await ingest.node()
    assert (await packed(ingest, node, body)).status == 400
    assert await points(ingest, node) == []


async def test_a_body_may_be_larger_than_a_batch_but_not_by_much(ingest: Ingest) -> None:
    node = await ingest.node()
    lines = b"".join(b"furnace,tag=%0100d temperature=20.5 %d\n" % (0, n) for n in range(1500))
    assert len(lines) > 2 * 64 * 1024
    answer = await post(ingest, node, lines, "/ingest?precision=s", LINES)
    assert (answer.status, answer.body["set_aside"]) == (200, 1500)
    assert (await post(ingest, node, 2 * lines, "/write")).status == 413
    small = b"".join(b"a gas=1 %d\n" % n for n in range(5001))
    answer = await post(ingest, node, small, "/write?precision=s")
    assert answer.status == 413
    assert "5001 points" in answer.body["error"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    path=st.sampled_from(["/ingest", "/write", "/api/v2/write", "/api/v1/telemetry"]),
    query=st.sampled_from(["", "?precision=s", "?precision=%ff", "?=&&;precision", "?" + "&" * 99]),
    media=st.sampled_from(["application/json", "application/senml+json", "text/plain", "x", ""]),
    body=st.one_of(
        st.binary(max_size=40),
        st.sampled_from([case["body_text"].encode() for case in CASES]).flatmap(damaged),
    ),
    encoding=st.sampled_from(["identity", "identity", "gzip", "br", ""]),
)
async def test_whatever_is_posted_is_never_a_fault_of_ours(
    ingest: Ingest, path: str, query: str, media: str, body: bytes, encoding: str
) -> None:
    node = await ingest.node()
    request = ingest.request(node, body, media)
    request.path, request.headers["Content-Encoding"] = path + query, encoding
    assert (await request.into(ingest.app)).status in (200, 204, 400, 413, 415, 422)


async def test_nothing_told_is_nothing_stored(ingest: Ingest) -> None:
    node = await ingest.node()
    for path, body in (("/write", b""), ("/write", b"# only a comment"), ("/api/v2/write", b"\n")):
        assert (await post(ingest, node, body, path)).status == 204
    assert await ingest.pool.fetchval("select count(*) from streams") == 0


async def post(
    ingest: Ingest, node: Node, body: bytes, path: str | None = None, media: str | None = None
) -> Answer:
    request = ingest.request(node, body)
    del request.headers["Content-Type"]
    if media:
        request.headers["Content-Type"] = media
    request.path = path or "/ingest"
    return await request.into(ingest.app)


async def packed(ingest: Ingest, node: Node, body: bytes) -> Answer:
    request = ingest.request(node, body, LINES)
    request.path, request.headers["Content-Encoding"] = "/api/v2/write", "gzip"
    return await request.into(ingest.app)


async def points(ingest: Ingest, node: Node) -> list[tuple[str, int, float]]:
    """Every point of a device that is stored, by SQL of the test's own."""
    rows = await ingest.pool.fetch(
        """
        select metric, (extract(epoch from time) * 1000)::bigint, value
          from sensor_readings where device_id = $1 order by metric, time, value""",
        node.id,
    )
    return [tuple(row) for row in rows]
