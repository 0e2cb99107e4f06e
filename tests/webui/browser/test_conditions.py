"""A device's true state in words, from what nodes send to what is seen on every page that tells."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from tests.webui.browser.conftest import MINUTE_MS, now_ms

pytestmark = pytest.mark.browser

CLOCK = r"(\d{4}-\d\d-\d\d )?\d\d:\d\d"
AWAY_MS = 30 * MINUTE_MS


def condition(one, device: int):
    return one.page.locator(f'tr[data-device="{device}"] .condition')


async def steady(plant, device: int, from_ms: int, to_ms: int, **options) -> None:
    """A reading every ten seconds that moves."""
    times = list(range(from_ms, to_ms + 1, 10_000))
    readings = {"temperature": [70.0 + place % 5 for place in range(len(times))]}
    await plant.send(device, times, readings, **options)


async def off(plant, device: int, now: int) -> None:
    await steady(plant, device, now - AWAY_MS - MINUTE_MS, now - AWAY_MS)
    await steady(plant, device, now, now, epoch=2, reset="power")


async def restarted(plant, device: int, now: int) -> None:
    await steady(plant, device, now - AWAY_MS - MINUTE_MS, now - AWAY_MS)
    await steady(plant, device, now, now, epoch=2, reset="watchdog")


async def without_network(plant, device: int, now: int) -> None:
    await steady(plant, device, now - AWAY_MS - MINUTE_MS, now - AWAY_MS)
    await steady(plant, device, now - AWAY_MS + 10_000, now, received_ms=now)


async def catching_up(plant, device: int, now: int) -> None:
    await steady(plant, device, now - AWAY_MS - MINUTE_MS, now - AWAY_MS)
    times = now - AWAY_MS + 10_000, now - AWAY_MS // 2
    await steady(plant, device, *times, received_ms=now, health={"queue": 1090})


async def clock_wrong(plant, device: int, now: int) -> None:
    ahead = now + 30 * 24 * 60 * MINUTE_MS
    await steady(plant, device, ahead - MINUTE_MS, ahead, received_ms=now)


async def flat(plant, device: int, now: int) -> None:
    await plant.rule(device, look={"kind": "stuck", "seconds": 60}, message="Stuck")
    times = list(range(now - 3 * MINUTE_MS, now + 1, 10_000))
    await plant.send(device, times, {"temperature": [70.0] * len(times)})


async def out_of_range(plant, device: int, now: int) -> None:
    await plant.rule(device, limit=100.0)
    await plant.send(device, [now], {"temperature": [140.0]})


async def silent(plant, device: int, now: int) -> None:
    await steady(plant, device, now - AWAY_MS - MINUTE_MS, now - AWAY_MS)


TOLD = {
    off: f"was off {CLOCK} to {CLOCK}",
    restarted: f"restarted by itself, away {CLOCK} to {CLOCK}",
    without_network: f"was out of network {CLOCK} to {CLOCK}",
    catching_up: f"catching up, 1.090 readings to come, those up to {CLOCK} are here",
    clock_wrong: f"its clock is wrong since {CLOCK}",
    flat: f"Temperature: flat line since {CLOCK}",
    out_of_range: f"Temperature: out of range since {CLOCK}",
    silent: "off or out of network",
}


async def test_what_happened_to_a_device_is_told_where_devices_are(enter, plant) -> None:
    """Expected every two minutes, so that none falls silent while a slow machine looks."""
    devices = {what: await plant.device(what.__name__, interval_ms=120_000) for what in TOLD}
    one = await enter()
    for what, device in devices.items():
        await what(plant, device, now_ms())
    for path in ("/dashboard", "/dashboard/devices"):
        await one.go(path)
        for what, device in devices.items():
            await expect(condition(one, device)).to_have_text(re.compile(TOLD[what]))
        await one.is_accessible()
    first = one.page.locator("tbody tr").first
    await expect(first).to_contain_text("silent")
    for what in (catching_up, silent):
        await one.go(f"/dashboard/devices/{devices[what]}")
        head = one.page.locator("cs-device-head .condition")
        await expect(head).to_have_text(re.compile(TOLD[what]))


async def test_a_condition_appears_with_the_reading_that_shows_it_and_goes(enter, plant) -> None:
    node = await plant.device("node", interval_ms=120_000)
    await plant.send(node, [now_ms()], {"temperature": [20.0]})
    one = await enter()
    await expect(condition(one, node)).to_be_hidden()
    await clock_wrong(plant, node, now_ms())
    await expect(condition(one, node)).to_have_text(re.compile(TOLD[clock_wrong]))
    await plant.send(node, [now_ms()], {"temperature": [20.0]})
    await expect(condition(one, node)).to_be_hidden()


async def test_what_the_appliance_itself_missed_is_its_own_fault(enter, plant, pool) -> None:
    node = await plant.device("node", interval_ms=120_000)
    now = datetime.now(UTC)
    down, up = now - timedelta(minutes=31), now - timedelta(minutes=1)
    await pool.execute(
        """insert into runs (started_at, last_seen_at, ended_at)
           values ($1, $2, $2), ($3, $4, null)""",
        now - timedelta(days=2),
        down,
        up,
        now,
    )
    await without_network(plant, node, now_ms())
    one = await enter()
    told = re.compile(f"the appliance was down {CLOCK} to {CLOCK}")
    await expect(condition(one, node)).to_have_text(told)


async def test_the_words_are_german_where_the_person_is(enter, plant, furnace) -> None:
    node = await plant.device("node", interval_ms=120_000)
    await silent(plant, node, now_ms())
    one = await enter()
    await one.page.locator(".topbar-end details.menu summary").click()
    await one.page.get_by_role("button", name="Deutsch").click()
    await expect(condition(one, node)).to_have_text("aus oder ohne Netz")
