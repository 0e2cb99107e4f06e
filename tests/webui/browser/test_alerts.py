"""The page of all alerts: what people do with them, and what others see of it at once."""

import re

import pytest
from playwright.async_api import expect

from appliance.model.user import Role
from tests.webui.browser.conftest import LOOKS

pytestmark = pytest.mark.browser


@pytest.fixture
async def alerts(plant, furnace, raise_alert, pool):
    """An open alert of each priority, and as many closed ones; their ids by message."""
    made = {}
    for priority in (1, 2, 3, 4):
        for closed in (False, True):
            message = f"{'Past' if closed else 'Open'} {priority}"
            rule = await plant.rule(furnace, limit=900.0, priority=priority, message=message)
            made[message] = await raise_alert(rule)
            if closed:
                await pool.execute(
                    """
                    update alerts set cleared_at = now(), acknowledged_at = now(), note = 'Seen.',
                           acknowledged_by = (select min(id) from users)
                     where id = $1
                    """,
                    made[message],
                )
    await pool.execute("update rules set what_to_do = 'Call 4711.'")
    return made


def messages(one):
    return one.page.locator(".alert .message")


def row(one, message: str):
    return one.page.locator(".alert", has_text=message)


@LOOKS
async def test_every_tab_is_accessible(enter, alerts, look) -> None:
    one = await enter(path="/dashboard/alerts", **look)
    await expect(messages(one)).to_have_count(4)
    await row(one, "Open 2").get_by_role("button", name="What to do").click()
    await row(one, "Open 2").get_by_role("button", name="Note", exact=True).click()
    await row(one, "Open 1").get_by_role("checkbox").check()
    await one.is_accessible()
    await one.page.get_by_role("button", name="History").click()
    await expect(messages(one)).to_have_count(4)
    await one.is_accessible()
    await one.page.get_by_role("button", name="Statistics").click()
    await expect(one.page.get_by_text("Alarms in 10 minutes")).to_be_visible()
    await one.is_accessible()


async def test_open_ones_come_by_priority_and_others_on_request(enter, alerts) -> None:
    one = await enter(path="/dashboard/alerts")
    await expect(messages(one)).to_have_text(["Open 1", "Open 2", "Open 3", "Open 4"])
    await one.page.get_by_role("button", name="High").click()
    await expect(messages(one)).to_have_text(["Open 1", "Open 3", "Open 4"])
    await one.page.get_by_role("button", name="History").click()
    await expect(messages(one)).to_have_count(3)
    await expect(one.page.locator(".alert .note").first).to_have_text("Note: Seen.")
    await expect(one.page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    await one.page.reload()
    await expect(one.page.get_by_role("button", name="History")).to_have_attribute(
        "aria-pressed", "true"
    )
    await expect(messages(one)).to_have_count(3)
    for priority in ("Critical", "Medium", "Low"):
        await one.page.get_by_role("button", name=priority).click()
    await expect(
        one.page.get_by_text("None of the chosen priorities. Of others: 4.")
    ).to_be_visible()


async def test_the_past_is_searched_and_comes_page_by_page(
    enter, plant, furnace, raise_alert, pool
) -> None:
    rule = await plant.rule(furnace, limit=900.0, message="Often")
    for _ in range(3):
        await raise_alert(rule)
        await pool.execute(
            """
            update alerts set cleared_at = now(), acknowledged_at = now(),
                   acknowledged_by = (select min(id) from users)
            """
        )
    await pool.execute(
        """
        insert into alerts (factory_id, rule_id, rule_version, level, device_id, alarm_class,
                            latching, priority, message, raised_at, late, cleared_at,
                            acknowledged_at)
        select factory_id, rule_id, rule_version, level, device_id, alarm_class, latching, priority,
               'Old ' || n, raised_at - n * interval '1 minute', late, now(), now()
          from (select * from alerts limit 1) a, generate_series(1, 60) as n
        """
    )
    one = await enter(path="/dashboard/alerts?alerts=closed")
    await expect(messages(one)).to_have_count(50)
    await expect(one.page.get_by_text("50 of 63")).to_be_visible()
    await one.page.get_by_role("button", name="Show more").click()
    await expect(messages(one)).to_have_count(63)
    await one.page.get_by_role("searchbox").fill("often")
    await expect(messages(one)).to_have_text(["Often", "Often", "Often"])
    await expect(one.page).to_have_url(re.compile("text=often"))


async def test_two_people_take_on_the_same_alert_and_the_second_is_told(enter, alerts) -> None:
    first = await enter(Role.OPERATOR, "/dashboard/alerts")
    second = await enter(Role.TECHNICIAN, "/dashboard/alerts")
    await expect(messages(second)).to_have_count(4)

    async def too_late(route) -> None:
        """The first one's deed overtakes the second one's."""
        await row(first, "Open 1").get_by_role("button", name="Acknowledge").click()
        await expect(row(first, "Open 1")).to_contain_text("acknowledged by Operator")
        await route.continue_()

    await second.page.route("**/acknowledge", too_late)
    await row(second, "Open 1").get_by_role("button", name="Acknowledge").click()
    await expect(row(second, "Open 1").get_by_role("alert")).to_have_text(
        re.compile(r"^Operator was first, at \d\d:\d\d\.$")
    )
    await expect(row(second, "Open 1")).to_contain_text("acknowledged by Operator")
    second.trouble.clear()  # the browser's own words about the 409


async def test_a_note_is_asked_for_where_the_rule_wants_one(enter, alerts, pool) -> None:
    await pool.execute("update rules set note_required = true")
    one = await enter(path="/dashboard/alerts")
    await row(one, "Open 2").get_by_role("button", name="Acknowledge").click()
    await expect(row(one, "Open 2")).to_contain_text("This alert needs a note.")
    await expect(row(one, "Open 2").get_by_role("textbox")).to_be_focused()
    await one.page.keyboard.type("Valve shut")
    await one.page.keyboard.press("Enter")
    await expect(row(one, "Open 2")).to_contain_text("acknowledged by Operator")
    await expect(row(one, "Open 2")).to_contain_text("Note: Valve shut")


async def test_several_are_acknowledged_with_one_note(enter, alerts, pool) -> None:
    one = await enter(path="/dashboard/alerts")
    for message in ("Open 1", "Open 3"):
        await row(one, message).get_by_role("checkbox").check()
    bar = one.page.get_by_role("group", name="Chosen alerts")
    await expect(bar).to_contain_text("2 chosen")
    await bar.get_by_role("textbox").fill("Both looked at")
    await bar.get_by_role("button", name="Acknowledge these").click()
    await expect(bar).to_be_hidden()
    for message in ("Open 1", "Open 3"):
        await expect(row(one, message)).to_contain_text("Note: Both looked at")
    done = await pool.fetch("select message from alerts where note = 'Both looked at' order by 1")
    assert [each["message"] for each in done] == ["Open 1", "Open 3"]


async def test_a_shelved_alert_leaves_every_list_and_is_brought_back(enter, alerts) -> None:
    one = await enter(path="/dashboard/alerts")
    other = await enter(Role.MANAGER, "/dashboard/alerts")
    await expect(messages(other)).to_have_count(4)
    await row(one, "Open 4").get_by_role("button", name="Shelve").click()
    dialog = one.page.get_by_role("dialog")
    await dialog.get_by_label("For").select_option("60")
    await dialog.get_by_label("Reason").fill("Sensor is being changed")
    await one.is_accessible()
    await dialog.get_by_role("button", name="Shelve").click()
    for each in (one, other):
        await expect(messages(each)).to_have_text(["Open 1", "Open 2", "Open 3"])
        await expect(each.page.locator(".sidenav cs-open").first).to_have_text("3")
        await each.page.get_by_role("button", name="Shelved").click()
        await expect(row(each, "Open 4")).to_contain_text(
            re.compile(r"shelved until .*\d\d:\d\d by Operator: Sensor is being changed")
        )
    await row(one, "Open 4").get_by_role("button", name="Unshelve").click()
    await expect(one.page.get_by_text("Nothing is shelved.")).to_be_visible()
    await other.page.get_by_role("button", name="Open", exact=True).click()
    await expect(messages(other)).to_have_count(4)


async def test_the_keyboard_alone_does(enter, alerts) -> None:
    one = await enter(path="/dashboard/alerts")
    await expect(messages(one)).to_have_count(4)
    await one.page.keyboard.press("j")
    await expect(row(one, "Open 1")).to_be_focused()
    await one.page.keyboard.press("j")
    await one.page.keyboard.press("a")
    await expect(row(one, "Open 2")).to_contain_text("acknowledged by Operator")
    await one.page.keyboard.press("k")
    await one.page.keyboard.press("s")
    await expect(one.page.get_by_role("dialog", name="Shelve: Open 1")).to_be_visible()
    await one.page.keyboard.press("Escape")
    await one.page.get_by_role("searchbox").fill("ja")
    await expect(one.page.get_by_text("No alert fits.")).to_be_visible()
    await one.page.get_by_role("searchbox").fill("")
    await one.page.get_by_role("button", name="Keys j k a s").click()
    await one.page.keyboard.press("j")
    await expect(row(one, "Open 1")).not_to_be_focused()


async def test_beside_the_list_stands_all_there_is_to_know(enter, alerts, furnace, pool) -> None:
    await pool.execute("update rules set cause = 'Burner stuck.', consequence = 'Lining melts.'")
    one = await enter(path=f"/dashboard/alerts?alert={alerts['Open 1']}")
    drawer = one.page.get_by_role("dialog", name="Alert")
    await expect(drawer).to_contain_text("Call 4711.")
    await expect(drawer).to_contain_text("Burner stuck.")
    await expect(drawer).to_contain_text("Lining melts.")
    await expect(drawer.get_by_role("img")).to_have_attribute(
        "aria-label", re.compile("^Temperature from .* between 740.0")
    )
    await drawer.get_by_role("button", name="Comment").click()
    writing = one.page.get_by_role("dialog", name="Comment on: Open 1")
    await writing.get_by_role("textbox").fill("<i>Maintenance</i> is on its way")
    await writing.get_by_role("button", name="Keep the comment").click()
    await expect(drawer.locator(".events")).to_contain_text("<i>Maintenance</i> is on its way")
    await one.is_accessible()
    await drawer.get_by_role("button", name="Acknowledge").click()
    await expect(drawer.locator(".events")).to_contain_text("Acknowledged · Operator")
    await drawer.get_by_role("button", name="Close").click()
    await expect(one.page).to_have_url(f"{one.url}/dashboard/alerts")


async def test_who_may_not_act_may_still_look(enter, alerts) -> None:
    one = await enter(Role.MANAGER, "/dashboard/alerts")
    await expect(messages(one)).to_have_count(4)
    for name in ("Acknowledge", "Shelve"):
        await expect(one.page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    await row(one, "Open 1").get_by_role("button", name="Details").click()
    drawer = one.page.get_by_role("dialog", name="Alert")
    await expect(drawer.locator(".events")).to_be_attached()
    await expect(drawer.get_by_role("button", name="Comment")).to_have_count(0)


async def test_an_alert_leads_to_its_device_at_its_time(enter, alerts, furnace) -> None:
    one = await enter(path="/dashboard/alerts")
    await one.page.locator(".alert .where").first.click()
    await expect(one.page).to_have_url(
        re.compile(rf"/dashboard/devices/{furnace}\?from=\d+&to=\d+")
    )
    await expect(one.page.get_by_role("heading", level=1)).to_have_text("furnace-1")


async def test_no_alert_at_all_is_told_as_that(enter, furnace) -> None:
    one = await enter(Role.MANAGER, "/dashboard/alerts")
    await expect(one.page.get_by_text("Nothing needs attention.")).to_be_visible()
    await one.page.get_by_role("button", name="History").click()
    await expect(one.page.get_by_text("No alert has been closed yet.")).to_be_visible()
    await one.page.get_by_role("button", name="Statistics").click()
    await expect(one.page.get_by_text("there is nothing to count")).to_be_visible()


async def test_the_server_comes_back_and_nothing_is_lost(
    enter, alerts, door, plant, furnace, raise_alert
) -> None:
    one = await enter(path="/dashboard/alerts?without=4")
    await expect(messages(one)).to_have_count(3)
    await door.shut()
    await expect(one.page.locator("cs-banner")).to_have_class("lost")
    await raise_alert(await plant.rule(furnace, limit=900.0, priority=1, message="Meanwhile"))
    await door.open()
    told = ["Meanwhile", "Open 1", "Open 2", "Open 3"]
    await expect(messages(one)).to_have_text(told, timeout=30_000)
    one.trouble.clear()  # the browser's own words about the lost connection
