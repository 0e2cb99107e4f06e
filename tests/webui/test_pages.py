"""What holds for all pages: headers, errors for people, declared roles."""

import asyncio
import functools
import re

import asyncpg
import pytest

from appliance.http.access import declared
from appliance.identity import certificates
from tests.webui.conftest import text_of

PAGES = ("/", "/login", "/setup", "/password")
INSIDE = (
    "/dashboard",
    "/dashboard/devices",
    "/dashboard/alerts",
    "/dashboard/reports",
    "/dashboard/replay",
    "/dashboard/rules",
)


@pytest.mark.parametrize("path", [*PAGES, *INSIDE, "/nowhere"])
async def test_every_page_has_a_strict_policy_and_no_inline_script_or_style(
    signed_in, path: str
) -> None:
    response = await signed_in.get(path)
    if response.status_code == 303:
        return
    page = await response.get_data(as_text=True)
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert response.headers["Cache-Control"] == "no-store"
    scripts = re.findall(r"<script([^>]*)>", page)
    assert all("src=" in script or "application/json" in script for script in scripts)
    assert "<style" not in page
    assert not re.search(r"\s(style|on[a-z]+)=", page)


async def test_a_missing_page_is_told_in_words(browser) -> None:
    response = await browser.get("/nowhere")
    assert response.status_code == 404
    assert "This page does not exist" in await text_of(response)


async def test_whoever_types_an_address_of_the_api_is_told_in_words(browser) -> None:
    response = await browser.get("/devices")
    assert response.status_code == 401
    assert "Sign in first." in await text_of(response)


async def test_a_bug_tells_a_person_what_to_quote(app, browser, caplog) -> None:
    def broken() -> None:
        raise ZeroDivisionError("secret inside")

    view = app.view_functions["pages.home.show"]
    app.view_functions["pages.home.show"] = functools.wraps(view)(broken)
    app.testing = False
    response = await browser.get("/")
    told = await text_of(response)
    assert response.status_code == 500
    assert "secret inside" not in told
    assert re.search(r"Quote [0-9a-f]{8}", told)
    assert "secret inside" in caplog.text


async def test_a_program_is_told_of_a_missing_page_as_before(client) -> None:
    response = await client.get("/nowhere")
    assert response.status_code == 404
    assert response.content_type == "application/problem+json"


async def test_a_page_that_fails_says_so_in_words(browser) -> None:
    response = await browser.post("/login", {"email": "a\0b"})
    assert response.status_code == 400
    assert response.content_type == "text/html; charset=utf-8"
    assert "U+0000" in await text_of(response)


async def test_without_a_database_the_public_page_is_there_and_the_others_say_why(
    browser, cluster, database_url
) -> None:
    superuser = await asyncpg.connect(cluster.superuser_url)
    name = database_url.split("?")[0].rpartition("/")[2]
    await superuser.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name
    )
    await superuser.execute(f"alter database {name} rename to {name}_gone")
    try:
        assert (await browser.get("/")).status_code == 200
        response = await browser.post("/login", {"email": "a@b.example", "password": "x"})
        assert response.status_code == 503
        assert response.headers["Retry-After"]
        assert "That did not work" in await text_of(response)
    finally:
        await superuser.execute(f"alter database {name}_gone rename to {name}")
        await superuser.close()


async def test_the_plants_authority_is_there_to_be_trusted(browser, context, clock) -> None:
    folder = context.settings.certificates_dir
    assert "certificate authority" not in await text_of(await browser.get("/login"))
    assert (await browser.get("/plant-ca.pem")).status_code == 404
    found = await asyncio.to_thread(certificates.ensure, folder, ["127.0.0.1"], clock())
    print_ = await asyncio.to_thread(certificates.fingerprint, found.authority)
    told = await text_of(await browser.get("/login"))
    assert f"SHA-256 {print_}" in told.replace("\u200b", "")
    response = await browser.get("/plant-ca.pem")
    assert await response.get_data() == await asyncio.to_thread(found.authority.read_bytes)
    assert response.headers["Content-Disposition"] == 'attachment; filename="plant-ca.pem"'


def test_every_view_declares_who_may_call_it(app) -> None:
    views = {name: view for name, view in app.view_functions.items() if name.startswith("pages.")}
    assert len(views) > 8
    assert [name for name, view in views.items() if declared(view) == frozenset()] == []
