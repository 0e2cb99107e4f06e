"""The administration, from what an administrator does to what everybody then finds."""

import re

import pytest
from playwright.async_api import expect

from appliance.model.user import Role
from tests.webui.browser.conftest import LOOKS, now_ms

pytestmark = pytest.mark.browser

PARTS = (
    "users",
    "devices",
    "firmware",
    "factories",
    "notifications",
    "storage",
    "backups",
    "certificates",
    "system",
)


@pytest.fixture
def administer(enter):
    """`await administer("users")`: that page, opened by an administrator."""

    async def do(part: str, role: Role = Role.ADMINISTRATOR, **look):
        return await enter(role, f"/dashboard/admin/{part}", **look)

    return do


@LOOKS
async def test_every_page_is_accessible(administer, furnace, look) -> None:
    one = await administer("users", **look)
    for part in (*PARTS, "requests", "audit"):
        await one.go(f"/dashboard/admin/{part}")
        await expect(one.page.get_by_role("heading", level=1)).to_be_visible()
        await expect(one.page.get_by_text("Loading …")).to_have_count(0)
        if part == "system":
            await expect(one.page.get_by_text("Database answers")).to_be_visible()
        await one.is_accessible()


async def test_whoever_is_added_comes_in_by_the_link_that_is_shown(administer, window) -> None:
    one = await administer("users")
    await one.page.get_by_role("button", name="Add a person").click()
    await one.page.get_by_label("Name").fill("Mia Wolf")
    await one.page.get_by_label("E-mail").fill("mia@north.example")
    await one.page.get_by_label("Role").select_option("manager")
    await one.is_accessible()
    await one.page.get_by_role("dialog").get_by_role("button", name="Add a person").click()
    link = await one.page.locator(".secret code").inner_text()
    assert link.startswith(f"{one.url}/password?code=")
    await one.page.get_by_role("button", name="Close").click()
    row = one.page.get_by_role("row", name=re.compile("Mia Wolf"))
    await expect(row).to_contain_text("never")

    other = await window()
    await other.go(link.removeprefix(one.url))
    await other.page.fill("#password", "seven walrus kettle")
    await other.page.click("main button.primary")
    await other.sign_in("mia@north.example", "seven walrus kettle")
    await expect(other.page).to_have_url(f"{other.url}/dashboard")


async def test_what_the_api_refuses_is_told_at_the_field(administer) -> None:
    one = await administer("users")
    await one.page.get_by_role("button", name="Add a person").click()
    await one.page.get_by_label("Name").fill("Mia\u0007Wolf")
    await one.page.get_by_label("E-mail").fill("mia@north.example")
    await one.page.get_by_role("dialog").get_by_role("button", name="Add a person").click()
    field = one.page.locator('[data-field="name"]')
    await expect(field.locator(".wrong")).to_contain_text("$.name")
    await expect(field.locator("input")).to_have_attribute("aria-invalid", "true")
    await expect(field.locator("input")).to_be_focused()
    one.trouble.clear()  # the browser's own words about the 400


async def test_nobody_is_disabled_before_their_name_is_typed(administer, sign_in, pool) -> None:
    await sign_in(Role.OPERATOR)
    one = await administer("users")
    await one.page.get_by_role("button", name="Disable: Operator").click()
    dialog = one.page.get_by_role("dialog")
    await dialog.get_by_label("To confirm").fill("operator")
    await dialog.get_by_role("button", name="Disable").click()
    await expect(dialog.get_by_text("That is not the name.")).to_be_visible()
    assert await pool.fetchval("select count(*) from users where disabled_at is not null") == 0
    await dialog.get_by_label("To confirm").fill("Operator")
    await dialog.get_by_role("button", name="Disable").click()
    await expect(one.page.get_by_role("button", name="Enable: Operator")).to_be_visible()
    assert await pool.fetchval("select count(*) from users where disabled_at is not null") == 1


async def test_a_device_is_added_and_its_first_reading_is_shown(administer, plant, pool) -> None:
    one = await administer("devices", Role.TECHNICIAN)
    await expect(one.page.get_by_text("No devices yet.")).to_be_visible()
    await one.page.get_by_role("button", name="Add a device").click()
    await one.page.get_by_label("Name of the device").fill("furnace-9")
    await one.page.get_by_label("Machine it watches").select_option("new")
    await one.page.get_by_label("Name of the machine").fill("Ladle heater")
    await one.page.get_by_label("Area or hall").fill("Hall 1")
    await one.page.get_by_role("button", name="Register").click()
    await expect(one.page.get_by_text("Waiting for the first reading …")).to_be_visible()
    await expect(one.page.locator(".secret code")).to_have_text(re.compile("^csk_"))
    await one.is_accessible()
    device = await pool.fetchval("select id from devices where name = 'furnace-9'")
    await plant.send(device, [now_ms()], {"temperature": [712.4]})
    await expect(one.page.get_by_text(re.compile("The first reading came at"))).to_be_visible()
    await expect(one.page.locator("dialog .facts")).to_contain_text("712.4")
    await one.page.get_by_role("link", name="Open the device").click()
    await expect(one.page.get_by_role("heading", level=1)).to_have_text("furnace-9")


async def test_a_key_is_handed_over_and_the_old_one_is_revoked(administer, furnace, pool) -> None:
    one = await administer("devices", Role.TECHNICIAN)
    live = "select count(*) from device_keys where device_id = $1 and revoked_at is null"
    before = await pool.fetchval(live, furnace)
    await one.page.get_by_role("button", name="Keys: furnace-1").click()
    while await pool.fetchval(live, furnace) < 2:
        await one.page.get_by_role("button", name="Make a second key").click()
        await expect(one.page.locator(".secret code")).to_have_text(re.compile("^csk_"))
        await one.page.get_by_role("button", name="Close").last.click()
    await expect(one.page.get_by_role("button", name="Make a second key")).to_have_count(0)
    await one.page.get_by_role("button", name=re.compile("^Revoke: ")).first.click()
    await one.page.get_by_label("To confirm").fill("furnace-1")
    await one.page.get_by_role("button", name="Revoke", exact=True).click()
    await expect(one.page.get_by_text(re.compile(r"^revoked \d\d:\d\d"))).to_be_visible()
    assert await pool.fetchval(live, furnace) == 1
    assert before <= 1


async def test_a_record_that_was_tampered_with_is_told_loudly(
    administer, furnace, pool, cluster, database_url
) -> None:
    one = await administer("factories")
    await one.page.get_by_role("button", name="Add a plant").click()
    await one.page.get_by_label("Plant", exact=True).fill("East")
    await one.page.get_by_role("dialog").get_by_role("button", name="Add a plant").click()
    await expect(one.page.get_by_role("link", name="East").first).to_be_attached()
    await one.go("/dashboard/admin/audit")
    await expect(one.page.get_by_text("The chain of hashes holds")).to_be_visible()
    await expect(one.page.get_by_role("row", name=re.compile("factory.create"))).to_be_visible()
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("alter table audit disable trigger user")
        row = await connection.fetchval(
            "update audit set actor = 'nobody' where action = 'factory.create' returning id"
        )
        await connection.execute("alter table audit enable trigger user")
    await one.page.reload()
    await expect(one.page.get_by_role("alert")).to_contain_text(f"from row {row} on")
    await one.is_accessible()


async def test_old_readings_are_deleted_only_by_a_rule_that_was_confirmed(
    administer, furnace, pool
) -> None:
    one = await administer("storage")
    await expect(one.page.get_by_text("Everything is kept for ever.")).to_be_visible()
    await one.page.get_by_role("button", name="Delete after some time").click()
    await one.page.get_by_label("Measured").select_option("temperature")
    await one.page.get_by_label("Days to keep").fill("90")
    await one.page.get_by_role("button", name="Go on").click()
    sure = one.page.get_by_role("dialog", name="Old readings will be deleted")
    await sure.get_by_label("To confirm").fill("Temperature")
    await sure.get_by_role("button", name="Delete after some time").click()
    row = one.page.get_by_role("row", name=re.compile("Temperature"))
    await expect(row).to_contain_text("90 days")
    assert await pool.fetchval("select count(*) from retention_rules") == 1
    await row.get_by_role("button", name=re.compile("Keep for ever")).click()
    await expect(one.page.get_by_text("Everything is kept for ever.")).to_be_visible()
    assert await pool.fetchval("select count(*) from retention_rules") == 0
