from datetime import timedelta
from typing import Any

import pytest

from appliance.history.readings import Source
from appliance.model.factory import Factory
from appliance.model.user import Role
from appliance.store import alerts
from appliance.store.backtests import lone_backtest
from tests.appliance.conftest import Clock, SignedIn, SignIn
from tests.appliance.plant import NOON_MS, Plant, at
from tests.appliance.workers.test_engine import follow_all

WHY = "There is no history yet."
HOT = {
    "look": {"kind": "threshold", "h": 900.0},
    "metric": "temperature",
    "priority": 1,
    "message": "Furnace too hot",
}


@pytest.fixture
async def technician(sign_in: SignIn) -> SignedIn:
    return await sign_in(Role.TECHNICIAN)


def over(limit: float) -> dict[str, Any]:
    return {"look": {"kind": "threshold", "h": limit}}


async def draft(technician: SignedIn, device_id: int, **given: Any) -> dict[str, Any]:
    response = await technician.post("/rules", json=HOT | {"device_id": device_id} | given)
    told: dict[str, Any] = await response.get_json()
    assert response.status_code == 201, told
    return told


async def put(technician: SignedIn, rule: dict[str, Any], **asked: Any) -> Any:
    return await technician.post(f"/rules/{rule['id']}/mode", json=asked)


async def add(technician: SignedIn, device_id: int, **given: Any) -> dict[str, Any]:
    """A rule that is live."""
    rule = await draft(technician, device_id, **given)
    response = await put(technician, rule, mode="live", override=WHY)
    told: dict[str, Any] = await response.get_json()
    assert response.status_code == 200, told
    return told


async def listed(technician: SignedIn, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await (await technician.get(f"/rules{query}")).get_json())[
        "rules"
    ]
    return found


@pytest.fixture
def evaluate(plant: Plant, source: Source) -> Any:
    async def do(device_id: Any, *values: float, at_ms: int = NOON_MS) -> list[Any]:
        """Readings a second apart, and all alerts after them, the oldest first."""
        times = [at_ms + number * 1000 for number in range(len(values))]
        await plant.send(device_id, times, {"temperature": values})
        await follow_all(source)
        found = await alerts.select_alerts(plant.pool, plant.scope, "all")
        return sorted(found, key=lambda alert: alert.id)

    return do


async def test_a_rule_is_a_draft_until_it_is_put_to_work(
    plant: Plant, technician: SignedIn, evaluate: Any
) -> None:
    device_id = await plant.device("a")
    rule = await draft(technician, device_id, deadband=5, on_delay_seconds=1.5, cause="Heat")
    assert (rule["mode"], rule["version"], rule["kind"]) == ("draft", 1, "threshold")
    assert rule["look"] == {"kind": "threshold", "ll": None, "l": None, "h": 900.0, "hh": None}
    assert await listed(technician) == [rule]
    assert await evaluate(device_id, 901, 901, 901) == []
    await put(technician, rule, mode="live", override=WHY)
    [alert] = await evaluate(device_id, 901, 901, 901, at_ms=NOON_MS + 10_000)
    assert (alert.message, alert.priority, alert.limit) == ("Furnace too hot", 1, 900.0)
    [row] = await plant.pool.fetch("select * from audit where action = 'rule.create'")
    assert (row["actor"], row["object"], row["new"]) == (
        technician.email, f"rule {rule['id']}", rule,
    )  # fmt: skip


async def test_a_rule_goes_live_only_after_a_back_test_or_with_a_reason_on_record(
    plant: Plant, technician: SignedIn
) -> None:
    device_id = await plant.device("a")
    rule = await draft(technician, device_id)
    response = await put(technician, rule, mode="live")
    assert (response.status_code, (await response.get_json())["code"]) == (409, "no-backtest")
    assert (await put(technician, rule, mode="live", override="too short")).status_code == 400
    assert (await put(technician, rule, mode="live", override=WHY)).status_code == 200
    [row] = await plant.pool.fetch("select * from audit where action = 'rule.live.override'")
    assert (row["reason"], row["actor"]) == (WHY, technician.email)
    other = await draft(technician, device_id, message="Tried")
    tried = await technician.post(f"/rules/{other['id']}/backtest", json={"days": 1})
    assert tried.status_code == 200
    assert (await put(technician, other, mode="live")).status_code == 200
    assert [one["message"] for one in await listed(technician, "?mode=live")] == [
        "Furnace too hot", "Tried",
    ]  # fmt: skip


async def test_a_live_rule_changes_only_with_a_reason_and_becomes_another_version(
    plant: Plant, technician: SignedIn, clock: Clock
) -> None:
    rule = await add(technician, await plant.device("a"))
    path = f"/rules/{rule['id']}"
    refused = await technician.patch(path, json=over(950))
    assert (refused.status_code, (await refused.get_json())["code"]) == (409, "no-backtest")
    response = await technician.patch(path, json=over(950) | {"override": "Works council agreed"})
    changed = await response.get_json()
    assert (changed["version"], changed["mode"], changed["look"]["h"]) == (2, "live", 950)
    words = await technician.patch(path, json={"message": "Much too hot"})
    assert (await words.get_json())["version"] == 2
    versions = (await (await technician.get(f"{path}/versions")).get_json())["versions"]
    assert [(one["version"], one["by"]) for one in versions] == [
        (2, technician.email), (1, technician.email),
    ]  # fmt: skip
    assert versions[0]["rule"]["message"] == "Much too hot"
    rows = await plant.pool.fetch("select * from audit where action = 'rule.change' order by id")
    assert [row["reason"] for row in rows] == ["Works council agreed", None]
    assert await plant.pool.fetchval("select changed_at from rules") == clock()


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"metric": None}, 422, "needs a metric"),
        ({"look": {"kind": "threshold"}}, 422, "needs a limit"),
        ({"look": {"kind": "threshold", "h": 5, "hh": 4}}, 422, "ascend"),
        ({"metric": "aura"}, 422, "no metric aura"),
        ({"look": {"kind": "no_data"}}, 422, "no metric"),
        ({"look": {"kind": "no_data"}, "metric": None}, 422, "on_delay_seconds"),
        ({"look": {"kind": "rate", "per_minute": 0, "window_seconds": 60}}, 422, "per_minute"),
        ({"look": {"kind": "rate", "per_minute": 1, "window_seconds": 0}}, 400, "window_seconds"),
        ({"kind": "rate"}, 422, "kind rate"),
        (
            {"look": {"kind": "exposure", "limit": "CO, NIOSH REL", "measure": "twa"}},
            422,
            "limit is in",
        ),
        (
            {"look": {"kind": "exposure", "limit": "Xe, NIOSH REL", "measure": "twa"}},
            422,
            "gives no TWA",
        ),
        (
            {
                "look": {"kind": "exposure", "limit": "CO, NIOSH REL", "measure": "twa"},
                "metric": "gas",
                "on_delay_seconds": 5,
            },
            422,
            "no on-delay",
        ),
        (
            {
                "look": {
                    "kind": "vibration",
                    "group": "group 1",
                    "foundation": "rigid",
                    "zone": "C/D",
                }
            },
            422,
            "mm/s",
        ),
        ({"suppress_while": {"metric": "running"}}, 422, "below"),
        ({"suppress_while": {"metric": "aura", "below": 1}}, 422, "no metric aura"),
        ({"suppress_while": {"metric": "gas", "below": 1, "device_id": 2}}, 400, "device_id"),
        ({"look": {"kind": "sideways"}}, 400, "$.look"),
        ({"look": {"kind": "threshold", "h": "9"}}, 400, "$.look.h"),
        ({"priority": 5}, 400, "$.priority"),
        ({"deadband": -0.1}, 400, "$.deadband"),
        ({"off_delay_seconds": 604_801}, 400, "$.off_delay_seconds"),
        ({"message": "a\tb"}, 400, "$.message"),
        ({"factory_id": 1}, 400, "factory_id"),
        ({"device_id": 4711}, 404, "no such device"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused(
    plant: Plant, technician: SignedIn, given: dict[str, Any], status: int, words: str
) -> None:
    device_id = await plant.device("a")
    response = await technician.post("/rules", json=HOT | {"device_id": device_id} | given)
    told = await response.get_json()
    assert response.status_code == status, told
    assert words in told["detail"]
    assert await listed(technician) == []


async def test_a_rule_is_suppressed_only_by_what_its_own_device_measures(
    plant: Plant, technician: SignedIn
) -> None:
    press, other = await plant.device("press"), await plant.device("other")
    await plant.send(press, [NOON_MS], {"temperature": [20.0], "vibration": [1.0]})
    await plant.send(other, [NOON_MS], {"running": [1.0]})
    stopped = {"suppress_while": {"metric": "running", "below": 0.5}}
    words = "press has never measured running; it measures temperature, vibration."
    refused = await technician.post("/rules", json=HOT | {"device_id": press} | stopped)
    assert (refused.status_code, words in (await refused.get_json())["detail"]) == (422, True)
    rule = await draft(technician, press)
    refused = await technician.patch(f"/rules/{rule['id']}", json=stopped)
    assert (refused.status_code, words in (await refused.get_json())["detail"]) == (422, True)
    tried = await technician.post(
        "/rules/backtest", json={"rule": HOT | {"device_id": press} | stopped}
    )
    assert tried.status_code == 422
    still = {"suppress_while": {"metric": "vibration", "below": 0.2}}
    assert (await technician.patch(f"/rules/{rule['id']}", json=still)).status_code == 200
    silent = await plant.device("silent")
    assert (await draft(technician, silent, **stopped))["suppress_while"]["metric"] == "running"


@pytest.mark.parametrize("limit", ["1e400", "NaN", "Infinity", "-Infinity"])
async def test_a_limit_is_a_number(plant: Plant, technician: SignedIn, limit: str) -> None:
    device_id = await plant.device("a")
    body = (
        '{"look":{"kind":"threshold","h":' + limit + '},"metric":"gas","priority":1,'
        f'"message":"x","device_id":{device_id}}}'
    )
    headers = {"Content-Type": "application/json"}
    response = await technician.post("/rules", data=body, headers=headers)
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (over(None), 422),  # type: ignore[arg-type]
        ({"look": {"kind": "stuck", "seconds": 9}}, 422),
        ({"metric": "gas"}, 400),
        ({"device_id": 2}, 400),
        ({"priority": 9}, 400),
        ({"mode": "live"}, 400),
    ],
)
async def test_a_change_that_makes_no_sense_is_refused(
    plant: Plant, technician: SignedIn, change: dict[str, Any], status: int
) -> None:
    rule = await draft(technician, await plant.device("a"))
    response = await technician.patch(f"/rules/{rule['id']}", json=change)
    assert response.status_code == status
    assert await listed(technician) == [rule]


async def test_taking_a_rule_out_of_service_needs_a_reason_and_clears_its_alert(
    plant: Plant, technician: SignedIn, clock: Clock, evaluate: Any
) -> None:
    device_id = await plant.device("a")
    rule = await add(technician, device_id)
    await evaluate(device_id, 901)
    clock.forward(minutes=5)
    assert (await put(technician, rule, mode="out_of_service")).status_code == 422
    await put(technician, rule, mode="out_of_service", reason="Sensor is being changed")
    [alert] = await evaluate(device_id, 901, 901, at_ms=NOON_MS + 400_000)
    assert (alert.cleared_at, alert.note) == (
        clock(), "Cleared because the rule was switched off.",
    )  # fmt: skip
    clock.forward(minutes=5)
    await put(technician, rule, mode="live", override=WHY)
    found = await evaluate(device_id, 901, at_ms=NOON_MS + 700_000)
    assert [one.cleared_at is None for one in found] == [False, True]


async def test_a_changed_limit_begins_the_delay_anew_and_an_alarm_stands_through_it(
    plant: Plant, technician: SignedIn, clock: Clock, evaluate: Any
) -> None:
    device_id = await plant.device("a")
    rule = await add(technician, device_id, on_delay_seconds=10)
    assert await evaluate(device_id, 901, 960) == []
    clock.forward(seconds=5)
    change = over(950) | {"override": WHY}
    await technician.patch(f"/rules/{rule['id']}", json=change)
    assert await evaluate(device_id, 960, at_ms=NOON_MS + 10_000) == []
    assert await evaluate(device_id, 960, at_ms=NOON_MS + 19_999) == []
    assert len(await evaluate(device_id, 960, at_ms=NOON_MS + 20_000)) == 1
    clock.forward(seconds=20)
    await technician.patch(f"/rules/{rule['id']}", json=over(800) | {"override": WHY})
    [alert] = await evaluate(device_id, 890, at_ms=NOON_MS + 30_000)
    assert alert.cleared_at is None
    [alert] = await evaluate(device_id, 790, at_ms=NOON_MS + 40_000)
    assert alert.cleared_at == at(NOON_MS + 40_000)


async def test_an_alarm_whose_limit_is_gone_is_cleared(
    plant: Plant, technician: SignedIn, clock: Clock, evaluate: Any
) -> None:
    device_id = await plant.device("a")
    rule = await add(technician, device_id, look={"kind": "threshold", "h": 900, "hh": 950})
    assert [one.level for one in await evaluate(device_id, 960)] == ["h", "hh"]
    clock.forward(seconds=5)
    await technician.patch(f"/rules/{rule['id']}", json=over(900) | {"override": WHY})
    found = {
        one.level: one.cleared_at
        for one in await alerts.select_alerts(plant.pool, plant.scope, "all")
    }
    assert found == {"h": None, "hh": clock()}


async def test_a_back_test_counts_what_would_have_been(
    plant: Plant, technician: SignedIn, clock: Clock
) -> None:
    device_id = await plant.device("a")
    minute = 60_000
    begin = NOON_MS - 60 * minute
    values = [950.0 if number in {5, 6, 7, 20} else 100.0 for number in range(40)]
    await plant.send(device_id, [begin + n * minute for n in range(40)], {"temperature": values})
    marked = {"device_id": device_id, "title": "Burner stuck"}
    for first, last in ((5, 7), (30, 31)):
        times = {"from": at(begin + first * minute).isoformat(),
                 "to": at(begin + last * minute).isoformat()}  # fmt: skip
        response = await technician.post("/incidents", json=marked | times)
        assert response.status_code == 201
    rule = await draft(technician, device_id)
    over_all = {"from": (clock() - timedelta(hours=2)).isoformat()}
    response = await technician.post(f"/rules/{rule['id']}/backtest", json=over_all)
    tried = await response.get_json()
    assert (tried["alarms"], tried["longest_seconds"], tried["standing_seconds"]) == (2, 180, 240)
    assert (tried["by_day"], tried["worst_10_minutes"], tried["readings"]) == ([2], 1, 40)
    assert [one["caught"] for one in sorted(tried["incidents"], key=lambda one: one["from"])] == [
        True, False,
    ]  # fmt: skip
    assert tried["times"][0]["raised_at"] == at(begin + 5 * minute).isoformat().replace(
        "+00:00", "Z"
    )
    assert (tried["difference"], tried["gaps"], tried["needs"]) == (None, [], None)
    stored = await (await technician.get(f"/rules/{rule['id']}/backtest")).get_json()
    assert stored == tried
    asked = {"rule": HOT | {"device_id": device_id} | over(2000), "replaces": rule["id"]}
    response = await technician.post("/rules/backtest", json=asked | over_all)
    other = await response.get_json()
    assert (other["alarms"], other["difference"]) == (0, {"more": 0, "fewer": 2})


async def test_one_back_test_runs_at_a_time(plant: Plant, technician: SignedIn) -> None:
    rule = await draft(technician, await plant.device("a"))
    async with lone_backtest(plant.pool) as alone:
        assert alone
        response = await technician.post(f"/rules/{rule['id']}/backtest", json={})
        assert response.status_code == 429
    assert (await technician.post(f"/rules/{rule['id']}/backtest", json={})).status_code == 200


async def test_a_back_test_without_a_baseline_says_so_and_opens_no_gate(
    plant: Plant, technician: SignedIn
) -> None:
    look = {"kind": "baseline", "deviations": 4}
    rule = await draft(technician, await plant.device("a"), look=look)
    response = await technician.post(f"/rules/{rule['id']}/backtest", json={"days": 2})
    assert "No baseline" in (await response.get_json())["needs"]
    assert (await put(technician, rule, mode="live")).status_code == 409


async def test_a_rule_in_shadow_shows_what_it_would_have_raised(
    plant: Plant, technician: SignedIn, evaluate: Any
) -> None:
    device_id = await plant.device("a")
    rule = await draft(technician, device_id)
    assert (await put(technician, rule, mode="shadow")).status_code == 200
    assert await evaluate(device_id, 901, 899, 902) == []
    seen = (await (await technician.get(f"/rules/{rule['id']}/shadow")).get_json())["alarms"]
    assert [(one["value"], one["cleared_at"] is None) for one in seen] == [
        (902, True),
        (901, False),
    ]


async def test_rules_and_incidents_of_another_factory_are_not_there(
    plant: Plant, south: Factory, technician: SignedIn
) -> None:
    other = Plant(plant.pool, south.id)
    device_id = await other.device("b")
    rule_id = await other.rule(device_id)
    assert await listed(technician) == []
    for path in ("versions", "shadow", "backtest"):
        assert (await technician.get(f"/rules/{rule_id}/{path}")).status_code == 404
    assert (await technician.patch(f"/rules/{rule_id}", json={"priority": 4})).status_code == 404
    assert (await put(technician, {"id": rule_id}, mode="draft")).status_code == 404
    response = await technician.post("/rules", json=HOT | {"device_id": device_id})
    assert response.status_code == 404
    times = {"from": "2026-11-01T00:00:00Z", "to": "2026-11-02T00:00:00Z", "title": "x"}
    response = await technician.post("/incidents", json=times | {"device_id": device_id})
    assert response.status_code == 404


async def test_an_incident_is_marked_listed_and_taken_away(
    plant: Plant, technician: SignedIn
) -> None:
    device_id = await plant.device("a")
    asked = {"device_id": device_id, "from": "2026-11-01T00:00:00Z", "to": "2026-11-01T01:00:00Z"}
    backwards = asked | {"to": "2026-10-01T00:00:00Z", "title": "x"}
    assert (await technician.post("/incidents", json=backwards)).status_code == 422
    made = await (await technician.post("/incidents", json=asked | {"title": "Leak"})).get_json()
    found = await (await technician.get(f"/incidents?device_id={device_id}")).get_json()
    assert found == {"incidents": [made]}
    assert (await technician.delete(f"/incidents/{made['id']}")).status_code == 204
    assert (await technician.delete(f"/incidents/{made['id']}")).status_code == 404
