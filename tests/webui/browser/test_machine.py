"""The page of one machine, and the machines on the dashboard."""

import re

import pytest
from playwright.async_api import expect

from appliance.model.ids import MachineId
from tests.appliance.plant import Plant
from tests.webui.browser.conftest import LOOKS, MINUTE_MS, now_ms

pytestmark = pytest.mark.browser

LONG = "<b>Press</b> & 'hammer' of the second line, hall 4, north, é"


async def machine_of(pool, device) -> MachineId:
    return await pool.fetchval("select machine_id from devices where id = $1", device)


@LOOKS
async def test_the_page_is_accessible(enter, plant, furnace, scored, look) -> None:
    machine = await scored(furnace, 60.0)
    await plant.rule(furnace, limit=700.0, message="Melt too hot")
    one = await enter(path=f"/dashboard/machines/{machine}", **look)
    await plant.send(furnace, [now_ms()], {"temperature": [790.0], "running": [1.0]})
    await expect(one.page.locator(".alert")).to_have_count(1)
    await expect(one.page.get_by_text("Availability")).to_be_visible()
    await one.is_accessible()


async def test_the_page_tells_health_and_its_why_and_what_is_measured(
    enter, furnace, scored
) -> None:
    machine = await scored(furnace, 60.0)
    one = await enter(path=f"/dashboard/machines/{machine}")
    page = one.page
    await expect(page.get_by_role("heading", level=1)).to_have_text("Melting furnace")
    await expect(page.locator("cs-machine header > strong")).to_have_text("running")
    await expect(page.locator("cs-machine .figure").first).to_contain_text("60 of 100")
    await expect(page.locator("cs-machine .figure").first).to_contain_text("−35 points since ")
    await expect(page.locator(".whys li")).to_have_text(
        "−40 points: furnace-1, Temperature is at 790.0\u202f°C, 110\u202f% of the way "
        "from its usual value to the limit of its rule."
    )
    await expect(page.locator(".availability-of")).to_have_text(
        re.compile(r"running 1[24]\.\d.%, stopped 0\.0.%, no data 8\d\.\d.%")
    )
    await expect(page.locator(".usual-of")).to_contain_text(["740.0", "°C"][0][:2])
    await expect(page.locator(".usual-of")).to_contain_text("What is usual is not learnt yet.")
    await expect(page.locator("cs-devices tbody tr")).to_have_count(1)


async def test_an_alert_of_another_machine_is_not_shown(enter, plant, furnace, pool) -> None:
    other = await plant.device("press-1", machine="Press")
    await plant.rule(other, limit=50.0, message="Press too hot")
    machine = await machine_of(pool, furnace)
    await plant.rule(furnace, limit=780.0, message="Melt too hot")
    one = await enter(path=f"/dashboard/machines/{machine}")
    await plant.send(other, [now_ms()], {"temperature": [90.0]})
    await plant.send(furnace, [now_ms()], {"temperature": [801.0], "running": [1.0]})
    await expect(one.page.locator(".alert")).to_have_count(1)
    await expect(one.page.locator(".alert")).to_contain_text("Melt too hot")


async def test_a_past_alert_stands_in_the_history(enter, plant, furnace, pool) -> None:
    await plant.rule(furnace, limit=780.0, message="Melt too hot")
    one = await enter()
    await plant.send(furnace, [now_ms()], {"temperature": [801.0], "running": [1.0]})
    await one.page.get_by_role("button", name="Acknowledge: Melt too hot").click()
    await plant.send(furnace, [now_ms()], {"temperature": [700.0], "running": [1.0]})
    await expect(one.page.locator(".alert")).to_have_count(0)
    await one.go(f"/dashboard/machines/{await machine_of(pool, furnace)}")
    await expect(one.page.locator(".past li")).to_contain_text("Melt too hot")


async def test_a_machine_that_is_not_there_is_told(enter, plant, south) -> None:
    elsewhere = await Plant(plant.pool, south.id).device("far", machine="Far")
    one = await enter()
    for machine in (999, await machine_of(plant.pool, elsewhere)):
        response = await one.page.goto(f"{one.url}/dashboard/machines/{machine}")
        assert response is not None
        assert response.status == 404
    await expect(one.page.get_by_text("There is no such machine.")).to_be_visible()
    one.trouble.clear()  # chromium logs the status 404


async def test_the_dashboard_tells_what_machines_do_and_leads_to_them(
    enter, plant, furnace
) -> None:
    odd = await plant.device("odd", machine=LONG, area="<i>hall</i>")
    await plant.send(odd, [now_ms() - 120 * MINUTE_MS], {"gas": [3.0]})
    await plant.rule(furnace, limit=780.0, priority=1)
    one = await enter()
    machines = one.page.locator("cs-machines li")
    await expect(machines.first).to_contain_text(LONG)
    await expect(machines.first).to_contain_text("no data")
    await expect(machines.nth(1)).to_contain_text("running")
    await expect(machines.nth(1).locator(".availability")).to_be_visible()
    await expect(machines.nth(1).locator(".spark-line")).to_have_count(1)
    await plant.send(furnace, [now_ms()], {"temperature": [801.0], "running": [0.0]})
    await expect(machines.first).to_contain_text("stopped")
    await expect(machines.first.locator(".chip.p1")).to_be_visible()
    await expect(one.page.locator("main b, main i")).to_have_count(0)
    await machines.first.get_by_role("link", name="Melting furnace").click()
    await expect(one.page.get_by_role("heading", level=1)).to_have_text("Melting furnace")


async def test_machines_that_keep_their_health_are_not_listed(enter, furnace, scored) -> None:
    await scored(furnace, 94.0)
    one = await enter()
    await expect(one.page.get_by_text("All machines keep their health.")).to_be_visible()
