"""The public page, and requests for a pilot."""

from dataclasses import replace

import msgspec
import pytest

from appliance.http import context as contexts
from appliance.identity.pilot_requests import MOST_FROM_ADDRESS
from appliance.model.scope import Scope
from appliance.store.audit import select_audit_rows
from appliance.store.pilot_requests import select_pilot_requests
from tests.appliance.plant import NOON_MS
from tests.webui.conftest import text_of

ASKED = {
    "name": "Ada Berg",
    "email": "ada@foundry.example",
    "company": "Foundry Ltd, hall 3",
    "message": "Two furnaces\r\nand a fan",
}


async def test_the_home_page_tells_all_a_stranger_needs(browser) -> None:
    response = await browser.get("/")
    told = await text_of(response)
    assert response.status_code == 200
    for part in (
        "Know what every machine is doing",
        "A sensor on the machine",
        "The appliance in your network",
        "Insight for people",
        "Industries served",
        "Compliance ready",
        "Request a pilot",
        "Sign in",
    ):
        assert part in told


async def test_who_is_signed_in_is_led_to_the_dashboard_instead(signed_in) -> None:
    told = await text_of(await signed_in.get("/"))
    assert "Dashboard" in told
    assert "Sign in" not in told


async def test_a_request_for_a_pilot_is_stored_and_recorded(browser, pool, clock) -> None:
    response = await browser.post("/pilot", ASKED)
    assert response.status_code == 303
    assert response.headers["Location"] == "/?pilot=sent#pilot"
    assert "Thank you" in await text_of(await browser.get("/?pilot=sent"))
    (stored,) = await select_pilot_requests(pool, 10)
    assert msgspec.to_builtins(stored.asked) == ASKED | {"message": "Two furnaces\nand a fan"}
    assert stored.at == clock()
    (row,) = await select_audit_rows(pool, Scope(()), 10)
    assert (row.action, row.actor) == ("pilot.request", "ada@foundry.example")


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 61},
        {"email": "nobody"},
        {"email": ""},
        {"company": " "},
        {"message": "x" * 2001},
        {"name": "a\x07b"},
    ],
)
async def test_a_request_that_makes_no_sense_is_given_back_with_what_was_typed(
    browser, pool, wrong
) -> None:
    response = await browser.post("/pilot", ASKED | wrong)
    page = await response.get_data(as_text=True)
    assert response.status_code == 422
    assert "a working e-mail address" in page
    assert "Two furnaces\nand a fan" in page or "message" in wrong
    assert await select_pilot_requests(pool, 10) == []


async def test_a_second_click_is_no_second_request(browser, pool, clock) -> None:
    for _ in range(2 * MOST_FROM_ADDRESS):
        assert (await browser.post("/pilot", ASKED)).status_code == 303
    assert len(await select_pilot_requests(pool, 10)) == 1
    await browser.post("/pilot", ASKED | {"company": "Another foundry"})
    clock.forward(hours=1, seconds=1)
    await browser.post("/pilot", ASKED)
    assert len(await select_pilot_requests(pool, 10)) == 3


async def test_a_flood_of_requests_is_slowed_down(browser, pool, clock) -> None:
    for number in range(MOST_FROM_ADDRESS):
        again = ASKED | {"message": f"Furnace {number}"}
        assert (await browser.post("/pilot", again)).status_code == 303
    response = await browser.post("/pilot", ASKED)
    assert response.status_code == 429
    assert "60 minutes" in await text_of(response)
    assert len(await select_pilot_requests(pool, 10)) == MOST_FROM_ADDRESS
    clock.forward(hours=1, seconds=1)
    assert (await browser.post("/pilot", ASKED)).status_code == 303


async def test_a_foreign_page_cannot_ask_for_a_pilot(browser, pool) -> None:
    response = await browser.post("/pilot", ASKED, Origin="https://elsewhere.example")
    assert response.status_code == 403
    assert await select_pilot_requests(pool, 10) == []


async def test_what_was_typed_never_becomes_markup(browser) -> None:
    response = await browser.post("/pilot", ASKED | {"name": "<b>'\"", "email": "x"})
    page = await response.get_data(as_text=True)
    assert "<b>'" not in page
    assert "&lt;b&gt;" in page


async def test_the_state_line_is_shown_only_if_the_plant_wants_it(
    app, browser, context, plant, clock
) -> None:
    await plant.send(await plant.device("one"), [NOON_MS - 500], {"temperature": [20.0]})
    await plant.device("two")
    assert "Collecting" not in await text_of(await browser.get("/"))
    shown = msgspec.structs.replace(context.settings, public_state_line=True)
    contexts.bind(app, replace(context, settings=shown))
    told = await text_of(await browser.get("/"))
    assert "Collecting · 1 of 2 devices · last data 0 s ago" in told
