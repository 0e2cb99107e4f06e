"""What holds for every route: who may call it, what it says when it is refused, what it records."""

import functools
import re
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from quart import Response

from appliance.api.health import create_health
from appliance.http.access import declared
from appliance.model.user import Role

API = Path(__file__).parents[3] / "docs" / "api.md"
DEVICES = "device key"
"""Whose routes are documented with the API and served beside it."""
VERBS = {"GET", "POST", "PATCH", "PUT", "DELETE"}

Route = tuple[str, str]


@pytest.fixture
def app(app, context):
    """Everything that people's port serves, but for the pages."""
    app.register_blueprint(create_health(context.db, lambda: None, context.clock))
    return app


def documented() -> dict[Route, frozenset[Role] | None]:
    """Every route of docs/api.md with its roles, None where it is public."""
    found = {}
    for line in API.read_text().splitlines():
        if not line.startswith("| `"):
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells[1] == DEVICES:
            continue
        for verb, path in re.findall(r"`([A-Z]+) (/[^\s`?]*)", cells[0]):
            found[verb, re.sub(r"\{\w+\}", "{}", path)] = roles(cells[1])
    return found


def roles(cell: str) -> frozenset[Role] | None:
    if cell == "public":
        return None
    return frozenset(Role) if cell == "everyone" else frozenset(map(Role, cell.split(", ")))


def routes(app) -> dict[Route, str]:
    """Every route of the application with its endpoint."""
    return {
        (verb, re.sub(r"<[^>]+>", "{}", rule.rule)): rule.endpoint
        for rule in app.url_map.iter_rules()
        for verb in rule.methods & VERBS
    }


def test_every_route_is_declared_as_it_is_documented(app) -> None:
    found = {
        route: declared(app.view_functions[endpoint]) for route, endpoint in routes(app).items()
    }
    assert found == documented()


async def test_every_role_may_call_what_it_may_and_nothing_else(app, client, sign_in) -> None:
    """The guard as it is, in front of views that only say that they were reached."""
    for endpoint, view in list(app.view_functions.items()):

        @functools.wraps(view)
        async def reached(**_path: object) -> Response:
            return Response(status=299)

        app.view_functions[endpoint] = reached
    people = {role: await sign_in(role) for role in Role}
    for (verb, path), endpoint in routes(app).items():
        allowed = documented()[verb, path]
        session = "00000000-0000-0000-0000-000000000000"
        url = path.replace("{}", session if endpoint == "auth.end_session" else "7")
        anonymous = await client.open(url, method=verb)
        assert anonymous.status_code == (299 if allowed is None else 401), (verb, path)
        for role, person in people.items():
            response = await person.open(url, method=verb)
            may = allowed is None or role in allowed
            assert response.status_code == (299 if may else 403), (verb, path, role)


async def test_a_route_that_declares_nothing_lets_nobody_in(app, client, sign_in) -> None:
    @app.get("/forgotten")
    async def forgotten() -> str:
        return "open"

    assert (await client.get("/forgotten")).status_code == 401
    for role in Role:
        assert (await (await sign_in(role)).get("/forgotten")).status_code == 403


async def test_compliance_and_managers_write_nothing_but_sign_ins_and_signatures(app) -> None:
    writable = {
        path
        for (verb, path), allowed in documented().items()
        if verb != "GET" and allowed and allowed & {Role.COMPLIANCE, Role.MANAGER}
    }
    assert writable == {
        "/auth/logout",
        "/auth/password",
        "/auth/sessions/{}",
        "/reports/signed",
    }


async def test_every_answer_carries_the_security_headers(app, client) -> None:
    paths = {path.replace("{}", "7") for _, path in routes(app)} | {"/nowhere", "/devices/x"}
    for path in paths:
        for verb in VERBS:
            response = await client.open(path, method=verb)
            assert response.status_code in {200, 400, 401, 403, 404, 405, 415, 503}, (verb, path)
            policy = response.headers["Content-Security-Policy"]
            for directive in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
                assert directive in policy
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Referrer-Policy"] == "same-origin"
            assert "max-age" in response.headers["Strict-Transport-Security"]
            assert response.headers["Cache-Control"] == "no-store"
            assert "Server" not in response.headers


@pytest.mark.parametrize(
    "path", ["/nowhere", "/devices/0x1", "/devices/-1", "/devices/2147483648", "/users/1.5", "/%00"]
)
async def test_what_is_not_there_is_told_as_a_problem(sign_in, path: str) -> None:
    response = await (await sign_in(Role.ADMINISTRATOR)).get(path)
    assert response.status_code in {404, 405}
    assert response.content_type == "application/problem+json"


async def test_a_wrong_verb_is_told_which_are_right(client) -> None:
    response = await client.put("/devices")
    assert response.status_code == 405
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))


async def test_a_bug_tells_nothing_of_the_inside(app, client, caplog) -> None:
    def broken() -> None:
        raise ZeroDivisionError("secret inside")

    app.view_functions["auth.login"] = functools.wraps(app.view_functions["auth.login"])(broken)
    app.testing = False
    response = await client.post("/auth/login", json={})
    told = await response.get_data(as_text=True)
    assert response.status_code == 500
    assert "secret inside" not in told
    assert "Traceback" not in told
    instance = (await response.get_json())["instance"]
    assert instance in caplog.text
    assert "secret inside" in caplog.text


async def test_without_a_database_nothing_opens_and_nothing_breaks(
    app, client, sign_in, cluster, database_url
) -> None:
    people = [await sign_in(Role.ADMINISTRATOR), client]
    name = urlsplit(database_url).path.lstrip("/")
    superuser = await asyncpg.connect(cluster.superuser_url)
    await superuser.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name
    )
    await superuser.execute(f"alter database {name} rename to {name}_gone")
    try:
        asked = [route for route in routes(app) if not route[1].startswith("/healthz")]
        for verb, path in asked:
            for person in people:
                url = path.replace("{}", "7")
                response = await person.open(url, method=verb, json={})
                assert response.status_code in {400, 401, 404, 503}, (verb, path)
                told = await response.get_data(as_text=True)
                assert "Traceback" not in told
                if response.status_code == 503:
                    assert response.headers["Retry-After"]
        assert (await people[0].get("/auth/me")).status_code == 503
    finally:
        await superuser.execute(f"alter database {name}_gone rename to {name}")
        await superuser.close()
    assert (await people[0].get("/auth/me")).status_code == 200
