"""Signing in and staying signed in, over HTTP."""

import logging

import pytest

from appliance.http.cookies import ACCESS_COOKIE, REFRESH_COOKIE
from appliance.identity import first_administrator
from appliance.model.user import Role

PASSWORD = "seven walrus kettle"
OURS = {"Origin": "https://localhost"}


@pytest.fixture
async def tokens(client, sign_in):
    """The tokens of an operator who has signed in through the API."""
    operator = await sign_in(Role.OPERATOR)
    response = await client.post(
        "/auth/login", json={"email": operator.email, "password": PASSWORD}
    )
    assert response.status_code == 200
    return await response.get_json()


@pytest.fixture
def browser(client, tokens):
    """A client that holds the operator's tokens as cookies."""
    client.set_cookie("localhost", ACCESS_COOKIE, tokens["access"], secure=True)
    client.set_cookie("localhost", REFRESH_COOKIE, tokens["refresh"], secure=True)
    return client


async def get_me(client):
    return await client.get("/auth/me", scheme="https")


async def test_a_signed_in_person_is_told_who_they_are(sign_in) -> None:
    operator = await sign_in(Role.OPERATOR)
    response = await operator.get("/auth/me")
    told = await response.get_json()
    assert response.status_code == 200
    assert told["role"] == "operator"
    assert [factory["name"] for factory in told["factories"]] == ["North"]
    assert set(told) == {"user_id", "session_id", "email", "name", "role", "factories"}


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer x.y.z", "Basic dXNlcjpwYXNz", "bearer null"]
)
async def test_nobody_gets_in_without_a_token(client, header: str) -> None:
    response = await client.get("/auth/me", headers={"Authorization": header})
    assert response.status_code == 401
    assert (await response.get_json())["code"] == "not-signed-in"


@pytest.mark.parametrize(
    "email", ["admin", "administrator", "root", "carbonseed", "admin@example.com", "demo"]
)
@pytest.mark.parametrize("password", ["admin", "password", "carbonseed", "changeme", ""])
async def test_no_usual_account_is_there(client, clock, email: str, password: str) -> None:
    response = await client.post("/auth/login", json={"email": email, "password": password})
    assert response.status_code == 401


async def test_an_unknown_person_and_a_wrong_password_get_the_same_answer(client, sign_in) -> None:
    operator = await sign_in(Role.OPERATOR)
    answers = []
    for email in (operator.email, "nobody@north.example"):
        response = await client.post("/auth/login", json={"email": email, "password": "wrong"})
        answers.append((response.status_code, await response.get_data()))
    assert answers[0] == answers[1]
    assert answers[0][0] == 401


async def test_too_many_tries_are_told_when_to_come_back(client) -> None:
    given = {"email": "jane@north.example", "password": "wrong"}
    for _ in range(5):
        assert (await client.post("/auth/login", json=given)).status_code == 401
    response = await client.post("/auth/login", json=given)
    assert response.status_code == 429
    assert response.headers["Retry-After"] == "15"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'{"email": "a@b.c"}', 400),
        (b'{"email": "a@b.c", "password": 1}', 400),
        (b'{"email": "a@b.c", "password": "x", "role": "administrator"}', 400),
        (b'{"email": "a@b.c", "password": "\\u0000"}', 400),
        (b'{"email": "\\u0000", "password": "x"}', 400),
        (b'{"email": "a@b.c", "password": "\\\\u0000"}', 401),
        (b'{"email": "a@b.c", "password": "\\ud800"}', 400),
        (b'{"email": "a@b.c", "password": "\xff"}', 400),
        (b'{"email": "a@b.c", "password": "' + b"x" * 1024 + b'"}', 401),
        (b'{"email": "a@b.c", "password": "' + b"x" * 1025 + b'"}', 400),
        (b'{"email": "' + b"x" * 255 + b'", "password": "x"}', 400),
        (b'{"email": "a@b.c", "password": "' + b"x" * 10_000_000 + b'"}', 413),
        (b"[" * 100_000, 400),
        (b'{"email": NaN, "password": 1e999}', 400),
    ],
)
async def test_a_body_that_makes_no_sense_is_refused_and_breaks_nothing(
    client, data: bytes, status: int
) -> None:
    response = await client.post(
        "/auth/login", data=data, headers={"Content-Type": "application/json"}
    )
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    codes = {400: "bad-request", 401: "not-signed-in", 413: "too-large"}
    assert (await response.get_json())["code"] == codes[status]


async def test_only_json_is_read(client) -> None:
    response = await client.post("/auth/login", form={"email": "a@b.c", "password": "x"})
    assert response.status_code == 415


async def test_tokens_are_renewed_for_programs(client, tokens) -> None:
    response = await client.post("/auth/refresh", json={"refresh": tokens["refresh"]})
    renewed = await response.get_json()
    assert response.status_code == 200
    assert renewed["refresh"] != tokens["refresh"]
    assert renewed["expires_in_seconds"] == 600
    assert "Set-Cookie" not in response.headers


async def test_tokens_are_renewed_for_browsers(browser) -> None:
    response = await browser.post("/auth/refresh", headers=OURS, scheme="https")
    assert response.status_code == 204
    cookies = response.headers.getlist("Set-Cookie")
    assert [cookie.partition("=")[0] for cookie in cookies] == [ACCESS_COOKIE, REFRESH_COOKIE]
    for cookie in cookies:
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= attributes
        assert not any(attribute.startswith("domain") for attribute in attributes)


async def test_without_a_token_nothing_is_renewed(client) -> None:
    assert (await client.post("/auth/refresh", headers=OURS)).status_code == 401
    assert (await client.post("/auth/refresh", json={"refresh": ""})).status_code == 401


async def test_a_browser_is_signed_in_by_its_cookies(browser) -> None:
    assert (await get_me(browser)).status_code == 200


async def test_a_browser_stays_signed_in_while_it_is_used(browser, clock) -> None:
    for _ in range(3):
        clock.forward(hours=1)
        response = await get_me(browser)
        assert response.status_code == 200
        assert len(response.headers.getlist("Set-Cookie")) == 2
        again = await get_me(browser)
        assert again.status_code == 200
        assert "Set-Cookie" not in again.headers


async def test_an_idle_browser_is_signed_out_and_its_cookies_are_taken_back(browser, clock) -> None:
    clock.forward(hours=13)
    response = await get_me(browser)
    assert response.status_code == 401
    cleared = response.headers.getlist("Set-Cookie")
    assert len(cleared) == 2
    assert all("Max-Age=0" in cookie for cookie in cleared)


FOREIGN = [
    "https://[",
    "http://localhost",
    "https://evil.example",
    "null",
    "",
    "https://localhost.evil.example",
    "https://localhost:1",
]


@pytest.mark.parametrize("origin", [*FOREIGN, None])
async def test_a_write_sent_along_by_a_foreign_page_is_refused(browser, clock, origin) -> None:
    headers = {} if origin is None else {"Origin": origin}
    for hours in (0, 1):  # with a living access token, and with one to be renewed
        clock.forward(hours=hours)
        for path in ("/auth/logout", "/auth/refresh"):
            response = await browser.post(path, headers=headers, scheme="https")
            assert response.status_code == 403
    assert (await get_me(browser)).status_code == 200


async def test_another_authorization_header_does_not_open_the_door_for_foreign_pages(
    browser,
) -> None:
    headers = {"Authorization": "Basic dXNlcjpwYXNz", "Origin": "https://evil.example"}
    response = await browser.post("/auth/logout", headers=headers, scheme="https")
    assert response.status_code == 403


async def test_logging_out_takes_the_cookies_back(browser, tokens) -> None:
    response = await browser.post("/auth/logout", headers=OURS, scheme="https")
    assert response.status_code == 204
    assert all("Max-Age=0" in cookie for cookie in response.headers.getlist("Set-Cookie"))
    headers = {"Authorization": f"Bearer {tokens['access']}"}
    assert (await browser.get("/auth/me", headers=headers)).status_code == 401


async def test_people_end_a_session_from_their_list(sign_in) -> None:
    here, there = await sign_in(Role.MANAGER), await sign_in(Role.MANAGER)
    listed = await (await here.get("/auth/sessions")).get_json()
    other = next(s["id"] for s in listed["sessions"] if s["id"] != listed["current"])
    assert (await here.delete(f"/auth/sessions/{other}")).status_code == 204
    assert (await there.get("/auth/me")).status_code == 401
    assert (await here.get("/auth/me")).status_code == 200
    assert (await here.delete(f"/auth/sessions/{other}")).status_code == 404
    assert (await here.delete("/auth/sessions/not-a-session")).status_code == 404


async def test_the_first_administrator_sets_up_signs_in_and_invites(client, context) -> None:
    code = await first_administrator.issue_code(context.db, context.clock())
    me = {"email": "jane@north.example", "password": PASSWORD}
    made = await client.post("/auth/setup", json={"code": code, "name": "Jane", **me})
    assert made.status_code == 201
    tokens = await (await client.post("/auth/login", json=me)).get_json()
    headers = {"Authorization": f"Bearer {tokens['access']}"}
    joe = {"email": "joe@north.example", "name": "Joe", "role": "operator", "factory_ids": [1]}
    response = await client.post("/users", json=joe, headers=headers)
    assert response.status_code == 201
    invitation = await response.get_json()
    reset = {"code": invitation["code"], "password": "nine badger teapot"}
    assert (await client.post("/auth/reset", json=reset)).status_code == 204
    login = {"email": "joe@north.example", "password": "nine badger teapot"}
    assert (await client.post("/auth/login", json=login)).status_code == 200


async def test_a_changed_password_is_the_new_one(client, sign_in) -> None:
    operator = await sign_in(Role.OPERATOR)
    change = {"current": PASSWORD, "new": "nine badger teapot"}
    assert (await operator.post("/auth/password", json=change)).status_code == 204
    login = {"email": operator.email, "password": "nine badger teapot"}
    assert (await client.post("/auth/login", json=login)).status_code == 200


async def test_the_role_in_the_database_counts_at_once(context, sign_in) -> None:
    operator = await sign_in(Role.OPERATOR)
    assert (await operator.get("/audit")).status_code == 403
    await context.db.execute("update users set role = 'compliance'")
    assert (await operator.get("/audit")).status_code == 200
    await context.db.execute("update users set disabled_at = now()")
    assert (await operator.get("/audit")).status_code == 401


async def test_no_secret_reaches_the_log(client, tokens, caplog) -> None:
    with caplog.at_level(logging.DEBUG):
        await client.post("/auth/refresh", json={"refresh": tokens["refresh"]})
        await client.get("/auth/me", headers={"Authorization": f"Bearer {tokens['access']}"})
        login = {"email": "jane@north.example", "password": "canary in the furnace"}
        await client.post("/auth/login", json=login)
    for secret in (tokens["refresh"], tokens["access"], "canary in the furnace"):
        assert secret not in caplog.text
