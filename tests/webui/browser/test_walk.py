"""A walk through every page that a role can reach by its links: nothing in the console, nothing
asked of another origin, nothing that axe finds; and what happens when server or session end."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from appliance.model.user import Role
from tests.appliance.conftest import PASSWORD
from tests.webui.browser.conftest import PHONE, now_ms
from webui.admin import PARTS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

LEAST = {
    Role.ADMINISTRATOR: 17,
    Role.TECHNICIAN: 11,
    Role.OPERATOR: 8,
    Role.MANAGER: 8,
    Role.COMPLIANCE: 10,
}
"""So many pages a role reaches at least; more are walked as they come."""
LINKS = """[...document.querySelectorAll("a[href^='/dashboard']")]
    .map((link) => link.getAttribute("href"))"""
WAYS = pytest.mark.parametrize(
    "look",
    [
        pytest.param({}, id="light"),
        pytest.param({"dark": True}, id="dark"),
        pytest.param({"viewport": PHONE}, id="phone"),
    ],
)


@pytest.fixture
async def floor(plant, furnace, raise_alert):
    """A furnace with an alert that stands and one that is over, and a node that never spoke."""
    rule_id = await plant.rule(furnace, message="Too hot", limit=900.0)
    await raise_alert(rule_id)
    await plant.device("pump-1", machine="Pump", area="Hall 2")
    await plant.send(furnace, [now_ms()], {"gas": [12.0]}, epoch=2)


def pages(app) -> set[str]:
    """Every page behind the sign-in by its shape, as the application itself knows them."""
    rules = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    known = {re.sub(r"<int:\w+>", "0", rule) for rule in rules if rule.startswith("/dashboard")}
    parts = {part.path for part in PARTS}
    return parts | {path for path in known if "<" not in path}


def shape(path: str) -> str:
    """A page whatever it is about: the device page of one device stands for all."""
    return re.sub(r"\d+", "0", urlsplit(path).path)


async def settled(one) -> None:
    """The page has loaded, and so has what it asked the API for."""
    await expect(one.page.locator("cs-live")).to_have_attribute(
        "data-connection", re.compile("live|replay")
    )
    await expect(one.page.get_by_text("Loading", exact=False)).to_have_count(0)


async def walk(one) -> dict[str, str]:
    """Every page by its shape, followed from link to link; `one` stands on the first."""
    start = urlsplit(one.page.url).path
    found, waiting = {shape(start): start}, [start]
    while waiting:
        path = waiting.pop(0)
        await one.go(path)
        await settled(one)
        await one.is_accessible()
        for link in await one.page.evaluate(LINKS):
            if shape(link) not in found:
                found[shape(link)] = link
                waiting.append(link)
    return found


@WAYS
@pytest.mark.parametrize("role", Role)
async def test_every_page_of_a_role_is_sound(enter, floor, app, role: Role, look) -> None:
    one = await enter(role, **look)
    found = await walk(one)
    assert len(found) >= LEAST[role], sorted(found)
    if role is Role.ADMINISTRATOR:
        assert pages(app) - set(found) == set()
    admin = {page for page in found if "/admin/users" in page}
    assert bool(admin) == (role is Role.ADMINISTRATOR)


@pytest.mark.parametrize(
    "path", ["/dashboard/admin/users", "/dashboard/rules", "/dashboard/replay"]
)
async def test_a_session_that_ended_comes_back_to_the_page(
    enter, floor, pool, sign_in, path: str
) -> None:
    live = "replay" if path.endswith("replay") else "live"
    one = await enter(Role.ADMINISTRATOR, path, live=live)
    await settled(one)
    await pool.execute("delete from sessions")
    await one.page.reload()
    await expect(one.page).to_have_url(re.compile("/login"))
    person = await sign_in(Role.ADMINISTRATOR)
    await one.sign_in(person.email, PASSWORD)
    await expect(one.page).to_have_url(re.compile(re.escape(path)))
    one.trouble.clear()  # the browser's own words about the 401


async def test_every_page_tells_that_the_server_is_gone_and_goes_on_when_it_is_back(
    enter, floor, door
) -> None:
    one = await enter(Role.ADMINISTRATOR)
    banner = one.page.locator("cs-banner.lost")
    for path in ("", "/devices", "/alerts", "/rules", "/completeness", "/reports", "/admin/system"):
        await one.go(f"/dashboard{path}")
        await settled(one)
        await door.shut()
        await expect(banner).to_be_visible(timeout=10_000)
        await expect(banner).to_contain_text("Reconnecting")
        await door.open()
        await expect(banner).to_be_hidden(timeout=15_000)
        await settled(one)
    one.trouble.clear()  # the browser's own words about the lost line


async def test_a_replay_outlives_a_server_that_goes_and_comes(enter, floor, door) -> None:
    at = now_ms() - 60 * 60_000
    one = await enter(path=f"/dashboard/replay?at={at}", live="replay")
    await settled(one)
    await door.shut()
    await one.page.get_by_role("button", name="The hour before").click()
    trouble = one.page.get_by_role("alert").filter(has_text="Retry")
    await expect(trouble).to_be_visible()
    await door.open()
    await trouble.get_by_role("button").click()
    await expect(trouble).to_have_count(0)
    await expect(one.page.locator(".replay-banner .time")).to_be_visible()
    one.trouble.clear()  # the browser's own words about the lost line
