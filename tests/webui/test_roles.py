"""What each role opens on, finds in its navigation, and may not open."""

import re

import pytest

from appliance.model.user import Role
from tests.appliance.conftest import PASSWORD
from webui.admin import PARTS

FIRST = {
    Role.ADMINISTRATOR: "/dashboard",
    Role.TECHNICIAN: "/dashboard/devices",
    Role.OPERATOR: "/dashboard/alerts",
    Role.MANAGER: "/dashboard",
    Role.COMPLIANCE: "/dashboard/reports",
}
ADMINISTERED = {
    Role.ADMINISTRATOR: [part.name for part in PARTS],
    Role.TECHNICIAN: ["devices", "firmware"],
    Role.COMPLIANCE: ["audit"],
}


@pytest.fixture
def enter(browser, sign_in):
    """`await enter(Role.OPERATOR, next)`: signed in by the form; the answer to it."""

    async def do(role: Role, onward: str = ""):
        person = await sign_in(role)
        form = {"email": person.email, "password": PASSWORD, "next": onward}
        return await browser.post("/login", form)

    return do


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_opens_on_what_it_needs(enter, browser, role: Role) -> None:
    response = await enter(role)
    assert (response.status_code, response.headers["Location"]) == (303, FIRST[role])
    assert (await browser.get(FIRST[role])).status_code == 200
    assert (await browser.get("/login")).headers["Location"] == FIRST[role]


async def test_where_somebody_was_going_comes_first(enter) -> None:
    response = await enter(Role.OPERATOR, "/dashboard/devices?q=fan")
    assert response.headers["Location"] == "/dashboard/devices?q=fan"


@pytest.mark.parametrize("role", list(Role))
async def test_the_navigation_leads_nowhere_that_is_closed_to_the_role(
    enter, browser, role: Role
) -> None:
    await enter(role)
    page = await (await browser.get("/dashboard")).get_data(as_text=True)
    nav = re.search(r'<nav class="sidenav".*?</nav>', page, re.DOTALL)[0]
    paths = set(re.findall(r'href="(/dashboard[^"]*)"', nav))
    assert ("/dashboard/admin" in paths) == (role in ADMINISTERED)
    for path in paths:
        assert (await browser.get(path)).status_code in {200, 303}


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_sees_its_parts_of_the_administration_alone(
    enter, browser, role: Role
) -> None:
    await enter(role)
    own = ADMINISTERED.get(role, [])
    for part in PARTS:
        status = (await browser.get(f"/dashboard/admin/{part.name}")).status_code
        refused = 404 if role in ADMINISTERED else 403
        assert status == (200 if part.name in own else refused)
    first = await browser.get("/dashboard/admin")
    if own:
        assert first.headers["Location"] == f"/dashboard/admin/{own[0]}"
    else:
        assert first.status_code == 403
