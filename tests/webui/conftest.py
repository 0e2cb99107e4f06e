"""The pages on the same application, database and people as the API's tests."""

import re
from html import unescape
from http.cookies import SimpleCookie

import pytest
from quart import Quart
from quart.typing import TestClientProtocol

from appliance.api.app import create_app
from appliance.api.health import create_health
from appliance.http.context import Context
from appliance.http.cookies import ACCESS_COOKIE, REFRESH_COOKIE
from appliance.model.user import Role
from tests.appliance.conftest import (  # noqa: F401  fixtures
    SignIn,
    blocking,
    client,
    clock,
    context,
    keys,
    north,
    plant,
    raise_alert,
    sign_in,
    south,
)
from webui import build
from webui.pages import create_pages

OURS = {"Origin": "https://localhost"}


@pytest.fixture(scope="session")
def assets() -> None:
    """The built assets, as the sources are now."""
    build.build()


@pytest.fixture
def app(assets: None, context: Context) -> Quart:  # noqa: F811
    application = create_app(context)
    application.register_blueprint(create_pages())
    application.register_blueprint(create_health(context.db, lambda: None, context.clock))
    return application


class Browser:
    """Keeps cookies and sends the Origin, as a browser without scripts does."""

    def __init__(self, client: TestClientProtocol) -> None:  # noqa: F811
        self.client = client
        self.cookies: dict[str, str] = {}

    async def get(self, path: str, **headers: str):
        return await self._open(path, "GET", {"Accept": "text/html", **headers})

    async def post(self, path: str, form: dict[str, str], **headers: str):
        return await self._open(path, "POST", {"Accept": "text/html", **OURS, **headers}, form)

    async def _open(self, path: str, method: str, headers: dict[str, str], form=None):
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        response = await self.client.open(
            path, method=method, headers={**headers, "Cookie": cookie}, form=form, scheme="https"
        )
        for line in response.headers.getlist("Set-Cookie"):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        return response


@pytest.fixture
def browser(client: TestClientProtocol) -> Browser:  # noqa: F811
    """A browser that nobody is signed in with."""
    return Browser(client)


@pytest.fixture
async def signed_in(browser: Browser, sign_in: SignIn) -> Browser:  # noqa: F811
    """A browser of an operator."""
    operator = await sign_in(Role.OPERATOR)
    form = {"email": operator.email, "password": "seven walrus kettle"}
    response = await browser.post("/login", form)
    assert response.status_code == 303
    assert set(browser.cookies) == {ACCESS_COOKIE, REFRESH_COOKIE}
    return browser


async def text_of(response) -> str:
    """The words of a page, without its markup."""
    page = await response.get_data(as_text=True)
    bare = re.sub(r"<script.*?</script>|<[^>]+>", " ", page, flags=re.DOTALL)
    return " ".join(unescape(bare).split())
