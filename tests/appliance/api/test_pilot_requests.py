"""What strangers asked for, as administrators read it."""

import pytest

from appliance.identity import pilot_requests
from appliance.model.pilot_request import PilotRequest
from appliance.model.user import Role
from tests.appliance.conftest import SOMEWHERE

ADA = PilotRequest("Ada", "ada@foundry.example", "The foundry", "Two furnaces")


@pytest.fixture
async def asked(pool, clock) -> None:
    """Two people have asked, Ada first."""
    await pilot_requests.receive(pool, ADA, SOMEWHERE, clock())
    await pilot_requests.receive(pool, PilotRequest("Bo", "bo@b.example", "B"), SOMEWHERE, clock())


async def test_an_administrator_reads_them_newest_first(sign_in, asked) -> None:
    administrator = await sign_in(Role.ADMINISTRATOR)
    told = await (await administrator.get("/pilot-requests")).get_json()
    assert [one["asked"]["name"] for one in told["pilot_requests"]] == ["Bo", "Ada"]
    assert told["pilot_requests"][1]["asked"]["message"] == "Two furnaces"
    assert told["pilot_requests"][1]["address"] == SOMEWHERE.address
    told = await (await administrator.get("/pilot-requests?limit=1")).get_json()
    assert len(told["pilot_requests"]) == 1
    assert (await administrator.get("/pilot-requests?limit=0")).status_code == 400


async def test_nobody_else_reads_them(sign_in, client, asked) -> None:
    assert (await client.get("/pilot-requests")).status_code == 401
    for role in set(Role) - {Role.ADMINISTRATOR}:
        assert (await (await sign_in(role)).get("/pilot-requests")).status_code == 403
