"""What the application answers, whatever is sent to it."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from appliance.api.ingest import body
from appliance.api.ingest.body import LARGEST_BATCH
from appliance.errors import Unavailable
from appliance.model.batch import PlacedBatch, Stored
from appliance.store import device_keys
from tests.appliance.api.ingest.conftest import Ingest, Request, batch


async def test_the_acknowledgement_tells_the_time(ingest: Ingest) -> None:
    node = await ingest.node()
    answer = await ingest.post(node, batch(5, [20.5, 20.6]))
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.body == {
        "ack": [["9f3c2a7151e0b6d4", 5, 6]],
        "stored": 2,
        "duplicate": 0,
        "now": int(ingest.clock().timestamp() * 1000),
    }


async def test_the_vendors_own_media_type_and_a_character_set_are_read(ingest: Ingest) -> None:
    node = await ingest.node()
    for media in (
        "application/vnd.carbonseed.batch+json",
        "Application/JSON; charset=utf-8",
    ):
        assert (await ingest.post(node, batch(), media)).status == 200


@pytest.mark.parametrize("key", ["", "csk_short", "csk_aaaaaaaaaa_" + "A" * 43])
async def test_without_a_known_key_nothing_is_taken(ingest: Ingest, key: str) -> None:
    node = await ingest.node()
    answer = await ingest.post(replace(node, key=key), batch())
    assert (answer.status, answer.body["code"]) == (401, "not-signed-in")
    assert answer.headers["connection"] == "close"


async def test_a_key_with_another_secret_is_refused(ingest: Ingest) -> None:
    node, other = await ingest.node(), await ingest.node()
    mixed = replace(node, key=node.key[:15] + other.key[15:])
    assert (await ingest.post(mixed, batch())).status == 401
    assert (await ingest.post(node, batch())).status == 200


async def test_a_header_that_is_no_bearer_token_is_refused(ingest: Ingest) -> None:
    node = await ingest.node()
    for value in (node.key, f"Basic {node.key}", "Bearer", "Bearer \xff", f"Bearer {node.key} x"):
        request = ingest.request(node, batch())
        request.headers["Authorization"] = value
        assert (await request.into(ingest.app)).status == 401


async def test_only_post_and_only_this_path_is_answered(ingest: Ingest) -> None:
    request = ingest.request(await ingest.node(), batch())
    request.method = "GET"
    answer = await request.into(ingest.app)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    request.path = "/other"
    assert (await request.into(ingest.app)).status == 404


async def test_a_compressed_body_is_refused_by_its_type(ingest: Ingest) -> None:
    request = ingest.request(await ingest.node(), batch())
    request.headers["Content-Encoding"] = "gzip"
    assert (await request.into(ingest.app)).status == 415


async def test_a_declared_length_over_the_limit_is_refused_unread(ingest: Ingest) -> None:
    request = ingest.request(await ingest.node(), b" " * (LARGEST_BATCH + 1))
    request.ends = False
    assert (await request.into(ingest.app)).status == 413


async def test_an_undeclared_length_is_counted_while_it_arrives(ingest: Ingest) -> None:
    node = await ingest.node()
    request = ingest.request(node, b"")
    del request.headers["Content-Length"]
    request.parts, request.ends = [b" " * 40_000, b" " * 40_000], False
    answer = await request.into(ingest.app)
    assert (answer.status, answer.headers["connection"]) == (413, "close")


async def test_a_body_in_parts_is_put_together(ingest: Ingest) -> None:
    node = await ingest.node()
    request = ingest.request(node, batch())
    (raw,) = request.parts
    request.parts = [raw[:10], b"", raw[10:50], raw[50:]]
    assert (await request.into(ingest.app)).body["stored"] == 1


async def test_a_body_that_does_not_arrive_is_not_waited_for(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "BODY_SECONDS", 0.05)
    request = ingest.request(await ingest.node(), b"{")
    request.ends = False
    answer = await request.into(ingest.app)
    assert (answer.status, answer.headers["connection"]) == (408, "close")


async def test_who_leaves_while_sending_is_not_answered(ingest: Ingest) -> None:
    request = ingest.request(await ingest.node(), b"{")
    request.ends = False
    request.leaves.set()
    with pytest.raises(ValueError, match="not enough values"):  # nothing was sent
        await request.into(ingest.app)


async def test_a_batch_is_stored_though_its_sender_was_cancelled(ingest: Ingest) -> None:
    storing = asyncio.Event()

    async def store(placed: PlacedBatch) -> Stored:
        storing.set()
        return await ingest.writer.store(placed)

    node = await ingest.node()
    app = ingest.application(store)
    sending = asyncio.create_task(ingest.request(node, batch()).into(app))
    await storing.wait()
    sending.cancel()
    with suppress(asyncio.CancelledError):
        await sending
    answer = await ingest.post(node, batch())
    assert (answer.body["stored"], answer.body["duplicate"]) == (0, 1)


async def test_a_device_that_posts_too_often_is_told_to_wait(ingest: Ingest) -> None:
    app = ingest.application(ingest.writer.store, requests_per_minute=2)
    node, other = await ingest.node(), await ingest.node()
    statuses = [(await ingest.request(node, b"x").into(app)) for _ in range(3)]
    assert [answer.status for answer in statuses] == [400, 400, 429]
    assert 1 <= int(statuses[-1].headers["retry-after"]) <= 31
    assert (await ingest.request(other, b"x").into(app)).status == 400


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Unavailable("Full.", retry_after_seconds=3), 503, "unavailable"),
        (ConnectionResetError("gone"), 503, "database-unavailable"),
        (RuntimeError("secret inside"), 500, "internal"),
    ],
)
async def test_what_storing_raises_is_answered_without_the_inside(
    ingest: Ingest, error: Exception, status: int, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_batch: PlacedBatch) -> Stored:
        raise error

    app = ingest.application(fail)
    answer = await ingest.request(await ingest.node(), batch()).into(app)
    assert (answer.status, answer.body["code"]) == (status, code)
    assert ("retry-after" in answer.headers) == (status == 503)
    assert "secret" not in str(answer.body)
    if status == 500:
        assert answer.body["instance"] in caplog.text
        assert "secret inside" in caplog.text


async def test_a_revoked_key_counts_at_once_however_busy_it_is(ingest: Ingest) -> None:
    node = await ingest.node()
    accepted = asyncio.Semaphore(0)

    async def send_until_refused() -> int:
        while (answer := await ingest.post(node, batch())).status == 200:
            accepted.release()
        return answer.status

    sending = [asyncio.create_task(send_until_refused()) for _ in range(4)]
    for _ in range(20):
        await accepted.acquire()
    await device_keys.update_device_key_revoked(
        ingest.pool, ingest.scope, node.id, node.key_id, ingest.clock()
    )
    assert await asyncio.gather(*sending) == [401] * 4
    assert (await ingest.post(node, batch())).status == 401


async def test_anything_but_http_and_lifespan_is_closed(ingest: Ingest) -> None:
    sent = []

    async def send(message: object) -> None:
        sent.append(message)

    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> dict[str, str]:
        return messages.pop(0)

    await ingest.app({"type": "lifespan"}, receive, send)
    await ingest.app({"type": "websocket"}, receive, send)
    assert [message["type"] for message in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
        "websocket.close",
    ]


async def test_a_batch_refused_for_any_reason_leaves_room_for_the_next(ingest: Ingest) -> None:
    node = await ingest.node()
    refused = Request([b"{}"], {"Content-Type": "text/html", "Authorization": f"Bearer {node.key}"})
    assert (await refused.into(ingest.app)).status == 415
    assert (await ingest.post(node, batch())).status == 200
