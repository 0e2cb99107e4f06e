"""Signing in and out, the first administrator and passwords by code: all without scripts."""

import pytest

from appliance.http.cookies import ACCESS_COOKIE, REFRESH_COOKIE
from appliance.identity import codes, first_administrator
from appliance.model.user import Role
from appliance.store import users
from tests.appliance.conftest import PASSWORD
from tests.webui.conftest import text_of
from webui.way import own_path

WRONG = "E-mail or password is wrong."


async def test_signing_in_leads_to_the_dashboard(signed_in) -> None:
    response = await signed_in.get("/dashboard")
    assert response.status_code == 200
    assert "North" in await text_of(response)


@pytest.mark.parametrize(
    "form",
    [
        {"email": "operator@north.example", "password": "wrong"},
        {"email": "nobody@north.example", "password": PASSWORD},
        {"email": "", "password": ""},
        {"email": "operator@north.example"},
        {"email": "x" * 300, "password": PASSWORD},
    ],
)
async def test_a_wrong_pair_names_no_field(browser, sign_in, form) -> None:
    await sign_in(Role.OPERATOR)
    response = await browser.post("/login", form)
    assert response.status_code == 401
    assert WRONG in await text_of(response)
    assert browser.cookies == {}


async def test_a_password_is_never_sent_back(browser) -> None:
    response = await browser.post("/login", {"email": "a@b.example", "password": "canary-7781"})
    assert "canary-7781" not in await response.get_data(as_text=True)
    assert "a@b.example" in await response.get_data(as_text=True)


async def test_too_many_attempts_are_told_how_long_to_wait(browser) -> None:
    for _ in range(5):
        await browser.post("/login", {"email": "a@b.example", "password": "x"})
    response = await browser.post("/login", {"email": "a@b.example", "password": "x"})
    assert response.status_code == 429
    assert f"Try again in {response.headers['Retry-After']} seconds" in await text_of(response)


async def test_a_foreign_page_cannot_sign_anybody_in_or_out(signed_in) -> None:
    for path in ("/login", "/logout", "/setup", "/password"):
        response = await signed_in.post(path, {}, Origin="https://elsewhere.example")
        assert response.status_code == 403, path
    assert (await signed_in.get("/dashboard")).status_code == 200


async def test_one_comes_back_to_where_one_was(browser, sign_in) -> None:
    operator = await sign_in(Role.OPERATOR)
    response = await browser.get("/dashboard?device=3&range=24h")
    assert response.status_code == 303
    assert response.headers["Location"] == "/login?next=/dashboard%3Fdevice%3D3%26range%3D24h"
    page = await (await browser.get(response.headers["Location"])).get_data(as_text=True)
    assert 'name="next" value="/dashboard?device=3&amp;range=24h"' in page
    form = {"email": operator.email, "password": PASSWORD, "next": "/dashboard?device=3&range=24h"}
    response = await browser.post("/login", form)
    assert response.headers["Location"] == "/dashboard?device=3&range=24h"


@pytest.mark.parametrize(
    "given",
    [
        "",
        "dashboard",
        "https://elsewhere.example/",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "/\t/elsewhere.example",
        "/a\r\nSet-Cookie: x=y",
        "javascript:alert(1)",
        "\\\\elsewhere.example",
        " //elsewhere.example",
    ],
)
def test_nobody_is_led_to_another_origin(given: str) -> None:
    assert own_path(given) == ""


async def test_who_is_signed_in_needs_no_sign_in_page(signed_in) -> None:
    response = await signed_in.get("/login?next=/dashboard%3Fdevice%3D1")
    assert (response.status_code, response.headers["Location"]) == (303, "/dashboard?device=1")


async def test_signing_out_ends_the_session(signed_in) -> None:
    kept = dict(signed_in.cookies)
    response = await signed_in.post("/logout", {})
    assert response.status_code == 303
    assert signed_in.cookies == {}
    assert "You are signed out." in await text_of(await signed_in.get(response.headers["Location"]))
    signed_in.cookies.update(kept)
    assert (await signed_in.get("/dashboard")).status_code == 303


async def test_an_expired_access_token_is_renewed_without_a_word(signed_in, clock) -> None:
    before = dict(signed_in.cookies)
    clock.forward(minutes=30)
    response = await signed_in.get("/dashboard")
    assert response.status_code == 200
    assert signed_in.cookies[ACCESS_COOKIE] != before[ACCESS_COOKIE]
    assert signed_in.cookies[REFRESH_COOKIE] != before[REFRESH_COOKIE]


async def test_two_tabs_may_renew_at_the_same_time(signed_in, clock) -> None:
    before = dict(signed_in.cookies)
    clock.forward(minutes=30)
    assert (await signed_in.get("/dashboard")).status_code == 200
    signed_in.cookies = before
    clock.forward(seconds=5)
    assert (await signed_in.get("/dashboard")).status_code == 200


async def test_a_session_that_is_over_leads_to_the_sign_in_page(signed_in, clock) -> None:
    clock.forward(hours=13)
    response = await signed_in.get("/dashboard")
    assert response.status_code == 303
    assert response.headers["Location"].startswith("/login?next=/dashboard")
    assert signed_in.cookies == {}


async def test_the_first_administrator_is_made_by_the_code_and_signed_in(
    browser, pool, clock
) -> None:
    code = await first_administrator.issue_code(pool, clock())
    page = await (await browser.get(f"/setup?code={code}")).get_data(as_text=True)
    assert f'value="{code}"' in page
    assert '<option value="Europe/Istanbul">' in page
    form = {
        "code": code,
        "name": "Ada Berg",
        "email": "Ada@plant.example",
        "password": PASSWORD,
        "factory": "Works 1",
        "time_zone": "Europe/Istanbul",
    }
    response = await browser.post("/setup", form)
    assert (response.status_code, response.headers["Location"]) == (303, "/dashboard")
    told = await text_of(await browser.get("/dashboard"))
    assert "Works 1" in told
    assert "Set-up is done" in await text_of(await browser.get("/setup"))


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({"code": "AAAA-BBBB-CCCC"}, 403, "This code is not valid"),
        ({"password": "short"}, 422, "it needs 8"),
        ({"time_zone": "Mars/Base"}, 422, "no time zone Mars/Base"),
        ({"name": ""}, 422, "fill in every field"),
        ({"email": "nobody"}, 422, "fill in every field"),
    ],
)
async def test_a_wrong_set_up_is_told_and_what_was_typed_is_kept(
    browser, pool, clock, wrong, status, words
) -> None:
    form = {
        "code": await first_administrator.issue_code(pool, clock()),
        "name": "Ada Berg",
        "email": "ada@plant.example",
        "password": PASSWORD,
        "factory": "Works 1",
        "time_zone": "UTC",
    } | wrong
    response = await browser.post("/setup", form)
    page = await response.get_data(as_text=True)
    assert response.status_code == status
    assert words in await text_of(response)
    assert 'value="Works 1"' in page
    assert PASSWORD not in page
    assert not await users.exists_administrator(pool)


async def test_a_person_sets_a_password_by_the_administrators_code(
    browser, pool, sign_in, clock
) -> None:
    operator = await sign_in(Role.OPERATOR)
    async with pool.acquire() as db, db.transaction():
        user_id = await users.select_user_id(db, operator.email)
        code = await codes.issue_reset(db, user_id, clock())
    response = await browser.post("/password", {"code": code, "password": " kept as typed  "})
    assert (response.status_code, response.headers["Location"]) == (303, "/login?done=set")
    form = {"email": operator.email, "password": " kept as typed  "}
    assert (await browser.post("/login", form)).status_code == 303
    again = await browser.post("/password", {"code": code, "password": "another long one"})
    assert again.status_code == 403
    assert "This code is not valid" in await text_of(again)
