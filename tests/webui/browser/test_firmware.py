"""Firmware, from the bundle that a technician adds to what each node did with it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from appliance.model.firmware import Update
from appliance.model.node_log import NodeLog
from appliance.model.user import Role
from appliance.nodes.rollouts import Pace, advance
from appliance.store.device_log import upsert_device_firmware
from appliance.store.rollouts import (
    update_device_failed,
    update_device_fetching,
    update_device_told,
)
from tests.appliance.bundles import packed
from tests.webui.browser.conftest import PHONE, now_ms

pytestmark = pytest.mark.browser

PATH = "/dashboard/admin/firmware"
AT_ONCE = Pace(timedelta(0), timedelta(minutes=30))


@pytest.fixture
async def nodes(plant, pool) -> list[int]:
    """Three nodes that told what they run; the first was heard of last and is offered first."""
    made = []
    for place in range(3):
        node = await plant.device(f"node-{place}", interval_ms=60_000, area="Hall 1")
        await plant.send(node, [now_ms() - place * 10_000], {"temperature": [20.0]})
        told = NodeLog(v=1, epoch="0" * 16, boot=1, version="1.0.3", slot="a")
        await upsert_device_firmware(pool, node, told, datetime.now(UTC))
        made.append(node)
    return made


@pytest.fixture
def bundle(tmp_path):
    path = tmp_path / "carbonseed-node-1.0.7.bin"
    path.write_bytes(packed())
    return path


def row(one, name: str):
    return one.page.get_by_role("row", name=re.compile(name))


async def begin(one, bundle) -> None:
    """Add the release and roll it out to everybody, as a person does."""
    await expect(one.page.get_by_text("There is no release yet.")).to_be_visible()
    await one.page.get_by_role("button", name="Add a release").click()
    await one.page.get_by_label("Firmware bundle").set_input_files(bundle)
    await one.is_accessible()
    await one.page.get_by_role("dialog").get_by_role("button", name="Add a release").click()
    await one.page.get_by_role("button", name="Roll out: 1.0.7").click()
    await one.page.get_by_role("dialog").get_by_role("button", name="Roll out").click()
    await expect(one.page.get_by_role("heading", name="Firmware 1.0.7")).to_be_visible()


async def runs(pool, node: int) -> None:
    """The node fetches the firmware, tells that it runs it, and is heard of."""
    now = datetime.now(UTC)
    await update_device_fetching(pool, node, now)
    assert await update_device_told(pool, node, "1.0.7", now)
    await pool.execute("update latest set received_at = now() where device_id = $1", node)


async def test_a_release_goes_out_in_stages_and_each_node_is_seen(
    enter, nodes, bundle, pool
) -> None:
    one = await enter(Role.TECHNICIAN, PATH)
    await begin(one, bundle)
    await expect(row(one, "node-0")).to_contain_text("offered")
    await expect(row(one, "node-2")).to_contain_text("waiting")
    await runs(pool, nodes[0])
    async with pool.acquire() as db:
        await advance(db, AT_ONCE, datetime.now(UTC))
    await expect(row(one, "node-0")).to_contain_text("running it")
    await expect(one.page.get_by_text(re.compile("Stage [23] of 3"))).to_be_visible()
    for node in nodes[1:]:
        async with pool.acquire() as db:
            await advance(db, AT_ONCE, datetime.now(UTC))
        await runs(pool, node)
    async with pool.acquire() as db:
        await advance(db, AT_ONCE, datetime.now(UTC))
        await advance(db, AT_ONCE, datetime.now(UTC))
    await expect(one.page.get_by_text("3 running it")).to_be_visible()
    await expect(one.page.get_by_role("button", name="Halt: 1.0.7")).to_have_count(0)
    await one.is_accessible()


async def test_a_roll_out_is_halted_and_continued_by_a_person(enter, nodes, bundle) -> None:
    one = await enter(Role.TECHNICIAN, PATH)
    await begin(one, bundle)
    await one.page.get_by_role("button", name="Halt: 1.0.7").click()
    await one.page.get_by_label("Why").fill("Wait for the audit.")
    await one.page.get_by_role("dialog").get_by_role("button", name="Halt").click()
    await expect(
        one.page.get_by_text(re.compile("Halted at .*: Wait for the audit."))
    ).to_be_visible()
    await one.is_accessible()
    await one.page.get_by_role("button", name="Continue: 1.0.7").click()
    await one.page.get_by_role("dialog").get_by_role("button", name="Continue").click()
    await expect(one.page.get_by_role("button", name="Halt: 1.0.7")).to_be_visible()


async def test_a_node_that_fails_halts_it_and_says_why(enter, nodes, bundle, pool) -> None:
    one = await enter(Role.TECHNICIAN, PATH)
    await begin(one, bundle)
    now = datetime.now(UTC)
    said = "no room for the bundle"
    assert await update_device_failed(pool, nodes[0], "1.0.7", Update.FAILED, said, now)
    async with pool.acquire() as db:
        await advance(db, AT_ONCE, datetime.now(UTC))
    await expect(row(one, "node-0")).to_contain_text("no room for the bundle")
    await expect(one.page.get_by_text("did not take it.")).to_be_visible()


async def test_what_is_no_bundle_is_refused_in_words(enter, nodes, tmp_path) -> None:
    one = await enter(Role.TECHNICIAN, PATH)
    odd = tmp_path / "holiday.jpg"
    odd.write_bytes(b"not a bundle")
    await one.page.get_by_role("button", name="Add a release").click()
    await one.page.get_by_label("Firmware bundle").set_input_files(odd)
    await one.page.get_by_role("dialog").get_by_role("button", name="Add a release").click()
    await expect(one.page.get_by_role("dialog").get_by_role("alert").last).to_contain_text("bundle")
    one.trouble.clear()  # chromium logs the status 422


@pytest.mark.parametrize("look", [{"dark": True}, {"viewport": PHONE}], ids=["dark", "phone"])
async def test_the_page_is_accessible(enter, nodes, bundle, look) -> None:
    one = await enter(Role.ADMINISTRATOR, PATH, **look)
    await begin(one, bundle)
    await one.is_accessible()
