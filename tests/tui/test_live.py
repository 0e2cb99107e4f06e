"""The live view at a real appliance: what operators see and what their keys do."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from quart import Quart
from quart.typing import ResponseReturnValue

from appliance.api import live as api
from appliance.errors import Unavailable
from appliance.http.context import Context
from appliance.model.user import Role
from tests.appliance.api.test_live import served
from tests.appliance.conftest import Clock, SignIn
from tests.appliance.plant import NOON_MS, Plant
from tests.tui.conftest import OpenDesk
from tui.client import Client
from tui.screens.sign_in import SignIn as SignInScreen

RaiseAlert = Callable[[int], Awaitable[int]]


async def test_a_wrong_pair_is_told_in_words_and_the_password_is_gone(open_desk: OpenDesk) -> None:
    async with open_desk() as desk:
        await desk.sign_in("nobody@north.example", "wrong")
        await desk.sees("The e-mail address or the password is wrong.")
        screen = desk.pilot.app.screen
        assert isinstance(screen, SignInScreen)
        assert screen.password.value == ""


async def test_the_right_pair_shows_the_plant(open_desk: OpenDesk, plant: Plant) -> None:
    await plant.send(await plant.device("oven"), [NOON_MS], {"temperature": [231.04]})
    async with open_desk(Role.MANAGER) as desk:
        await desk.sees("North", "● 1 live", "oven", "231.0 °C", "15:00:00 +03", "Manager")


async def test_a_live_event_changes_a_cell(open_desk: OpenDesk, plant: Plant) -> None:
    device_id = await plant.device("oven")
    async with open_desk(Role.OPERATOR) as desk:
        await desk.sees("○ never")
        await plant.send(device_id, [NOON_MS], {"temperature": [231.0]})
        await desk.sees("● live", "231.0 °C")
        await plant.send(device_id, [NOON_MS + 1], {"temperature": [232.5]})
        await desk.sees("232.5 °C")


async def test_ages_count_on_and_a_silent_device_becomes_stale(
    open_desk: OpenDesk, plant: Plant, clock: Clock
) -> None:
    await plant.send(await plant.device("oven"), [NOON_MS], {"temperature": [231.0]})
    async with open_desk(Role.OPERATOR) as desk:
        await desk.sees("● live", " 0 s ")
        clock.forward(seconds=2)
        await desk.sees("● live", " 2 s ")
        clock.forward(seconds=28)
        await desk.sees("◐ stale", " 30 s ")
        clock.forward(minutes=5)
        await desk.sees("○ offline", " 5 min ")


async def test_what_is_odd_about_a_device_stands_in_words(
    open_desk: OpenDesk, plant: Plant
) -> None:
    device_id = await plant.device("oven", interval_ms=60_000)
    late = [NOON_MS - 1_800_000, NOON_MS - 1_200_000]
    await plant.send(
        device_id, late, {"gas": [1.0, 2.0]}, received_ms=NOON_MS, health={"queue": 120}
    )
    async with open_desk(Role.OPERATOR) as desk:
        await desk.sees("● behind", "It was out of network. It catches up")
        await plant.send(device_id, [NOON_MS], {"gas": [3.0]}, health={"queue": 0})
        await desk.sees("● live", "It was out of network 14:30 to 15:00.")


async def test_an_alert_comes_to_the_top_and_a_acknowledges_it(
    open_desk: OpenDesk, plant: Plant, raise_alert: RaiseAlert
) -> None:
    calm, press = await plant.device("a calm one"), await plant.device("press")
    await plant.send(calm, [NOON_MS], {"temperature": [20.0]})
    await plant.send(press, [NOON_MS], {"temperature": [131.0]})
    rule_id = await plant.rule(press, priority=1)
    async with open_desk(Role.OPERATOR) as desk:
        await desk.sees("a calm one", "press", "No open alert")
        assert desk.live.devices.selected == calm
        alert_id = await raise_alert(rule_id)
        await plant.pool.execute("select pg_notify('alerts', $1)", str(alert_id))
        await desk.sees("■1", "Alerts: 1 open, 1 unacknowledged", "Too hot", "UNACK")
        assert desk.live.devices.get_row_at(0)[1].plain == "press"
        assert desk.live.devices.selected == calm, "the cursor stays on its device"
        await desk.pilot.press("tab")
        await desk.pilot.press("a")
        await desk.sees("ack Operator")
        state = "select acknowledged_by is not null from alerts where id = $1"
        assert await plant.pool.fetchval(state, alert_id)


async def test_who_was_first_is_told(
    open_desk: OpenDesk, plant: Plant, raise_alert: RaiseAlert, sign_in: SignIn
) -> None:
    device_id = await plant.device("press")
    alert_id = await raise_alert(await plant.rule(device_id))
    async with open_desk(Role.OPERATOR) as desk:
        await desk.sees("UNACK")
        first = await sign_in(Role.TECHNICIAN)
        assert (await first.post(f"/alerts/{alert_id}/acknowledge")).status_code == 200
        desk.live.acknowledge(alert_id)  # as when both press the key at once
        await desk.sees("Not acknowledged. Technician")


async def test_a_role_that_may_not_acknowledge_is_told_so(
    open_desk: OpenDesk, plant: Plant, raise_alert: RaiseAlert
) -> None:
    alert_id = await raise_alert(await plant.rule(await plant.device("press")))
    async with open_desk(Role.MANAGER) as desk:
        await desk.sees("UNACK")
        await desk.pilot.press("a")
        await desk.sees("The role manager may not do this.")
        state = "select acknowledged_by is null from alerts where id = $1"
        assert await plant.pool.fetchval(state, alert_id)


async def test_without_the_server_the_last_values_stay_and_nothing_is_called_live(
    open_desk: OpenDesk, plant: Plant, clock: Clock
) -> None:
    await plant.send(await plant.device("oven"), [NOON_MS], {"temperature": [231.0]})
    async with open_desk(Role.OPERATOR) as desk:
        await desk.sees("● 1 live", "231.0 °C")
        await desk.stop_server()
        await desk.sees("SERVER OFFLINE since 15:00:00 (0 s) — showing last known values")
        clock.forward(seconds=90)
        await desk.sees("(1 min)", "● 0 live", "◐ 1 stale", "◐ stale", "231.0 °C", "1 min")
        await desk.pilot.press("a")
        await desk.sees("There is no open alert here.")


async def test_a_session_that_has_ended_asks_for_the_password_again(
    open_desk: OpenDesk, plant: Plant, context: Context
) -> None:
    await plant.device("oven")
    async with open_desk(Role.OPERATOR) as desk:
        await desk.sees("○ never")
        await desk.pilot.press("question_mark")
        await desk.sees("Esc closes this page.")
        await plant.pool.execute("update sessions set ended_at = created_at")
        context.live.close()
        await desk.sees("The session is over. Sign in again.", "operator@north.example")


async def test_a_name_is_never_taken_for_markup(open_desk: OpenDesk, plant: Plant) -> None:
    device_id = await plant.device("[bold]oven[/]", area="[red]hall", machine="[/x]")
    await plant.send(device_id, [NOON_MS], {"temperature": [231.0]})
    async with open_desk(Role.OPERATOR) as desk:
        await desk.sees("[bold]oven[/] · Temperature", "[/x] · [red]hall", "│     [bold]oven[/]")


async def test_the_cursor_leaves_an_alarm_its_colour(
    open_desk: OpenDesk, plant: Plant, raise_alert: RaiseAlert
) -> None:
    await raise_alert(await plant.rule(await plant.device("press"), priority=1))
    async with open_desk(Role.OPERATOR) as desk:
        await desk.sees("UNACK")
        red = desk.pilot.app.theme_variables["p1"].lower()
        strips = desk.live._compositor.render_strips()
        marks = [one for line in strips for one in line if "■1" in one.text and one.style]
        colours = {one.style.color.name for one in marks if one.style and one.style.color}
        assert red in colours
        assert desk.live.devices.cursor_foreground_priority == "renderable"


async def test_a_filter_narrows_the_devices_and_never_the_alerts(
    open_desk: OpenDesk, plant: Plant, raise_alert: RaiseAlert
) -> None:
    for name in ("oven", "press"):
        await plant.device(name)
    await raise_alert(await plant.rule(await plant.device("pump")))
    async with open_desk(Role.OPERATOR) as desk:
        await desk.pilot.press("slash", *"ove", "enter")
        await desk.sees("Devices (filter: ove) 1 of 3", "Too hot")
        assert desk.live.devices.row_count == 1
        await desk.pilot.press("escape")
        await desk.until(lambda: desk.live.devices.row_count == 3)


async def test_n_goes_from_one_abnormal_device_to_the_next(
    open_desk: OpenDesk, plant: Plant
) -> None:
    ids = [await plant.device(name) for name in ("a", "b", "c")]
    await plant.send(ids[1], [NOON_MS], {"temperature": [231.0]})
    async with open_desk(Role.OPERATOR) as desk:
        await desk.until(lambda: desk.live.devices.selected == ids[0])
        await desk.pilot.press("n")
        assert desk.live.devices.selected == ids[2]
        await desk.pilot.press("n")
        assert desk.live.devices.selected == ids[0]
        await desk.pilot.press("N")
        assert desk.live.devices.selected == ids[2]


async def test_pause_holds_the_devices_and_not_the_alerts(
    open_desk: OpenDesk, plant: Plant, raise_alert: RaiseAlert
) -> None:
    device_id = await plant.device("oven")
    rule_id = await plant.rule(device_id)
    async with open_desk(Role.OPERATOR) as desk:
        await desk.sees("○ never")
        await desk.pilot.press("p")
        await desk.sees("PAUSED at 15:00:00")
        await plant.send(device_id, [NOON_MS], {"temperature": [231.0]})
        alert_id = await raise_alert(rule_id)
        await plant.pool.execute("select pg_notify('alerts', $1)", str(alert_id))
        await desk.sees("Too hot", "● 1 live", "○ never")
        await desk.pilot.press("p")
        await desk.sees("● live")
        assert "PAUSED" not in desk.text()


async def test_leaving_ends_the_session(open_desk: OpenDesk, plant: Plant) -> None:
    async with open_desk(Role.OPERATOR) as desk:
        living = "select count(*) from sessions where ended_at is null"
        before = await plant.pool.fetchval(living)
        await desk.pilot.press("q")
        await desk.until(lambda: not desk.pilot.app.is_running)
        assert await plant.pool.fetchval(living) == before - 1


async def test_a_line_that_is_cut_is_taken_up_again_and_an_outage_ends(
    open_desk: OpenDesk, plant: Plant, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_args: Any) -> Any:
        raise ConnectionError

    device_id = await plant.device("oven")
    async with open_desk(Role.OPERATOR) as desk:
        await desk.sees("○ never")
        with monkeypatch.context() as outage:
            outage.setattr(api, "select_alerts", away)
            context.live.close()
            await desk.sees("SERVER OFFLINE since 15:00:00")
        await plant.send(device_id, [NOON_MS], {"temperature": [231.0]})
        await desk.sees("● live", "231.0 °C")
        assert "OFFLINE" not in desk.text()


async def test_tokens_that_have_run_out_are_renewed_unseen(
    open_desk: OpenDesk, plant: Plant, clock: Clock, raise_alert: RaiseAlert
) -> None:
    alert_id = await raise_alert(await plant.rule(await plant.device("press")))
    async with open_desk(Role.OPERATOR) as desk:
        await desk.sees("UNACK")
        clock.forward(minutes=11)
        await desk.pilot.press("4", "a")
        await desk.sees("ack Operator", "press · Temperature · 24 h", "No data between")
    acknowledged = "select acknowledged_at is not null from alerts where id = $1"
    assert await plant.pool.fetchval(acknowledged, alert_id)


async def test_a_server_of_another_authority_is_not_spoken_to(app: Quart, tmp_path: Path) -> None:
    async with served(app, tmp_path) as (url, _):
        client = Client(url, ssl.create_default_context())
        with pytest.raises(Unavailable, match="certificate verify failed"):
            await client.sign_in("a@b.example", "secret")
        await client.close()


async def test_every_theme_shows_the_alarm_and_a_key_changes_it(
    open_desk: OpenDesk, plant: Plant, raise_alert: RaiseAlert
) -> None:
    await raise_alert(await plant.rule(await plant.device("press")))
    async with open_desk(Role.OPERATOR) as desk:
        await desk.sees("UNACK")
        for theme in ("plant-light", "high-contrast", "mono", "plant-grey"):
            await desk.pilot.press("t")
            assert desk.pilot.app.theme == theme
            await desk.sees("▲2", "press", "UNACK")


async def test_a_signal_has_its_name_though_the_names_come_late(
    open_desk: OpenDesk, plant: Plant, app: Quart, raise_alert: RaiseAlert
) -> None:
    device_id = await plant.device("oven")
    await plant.send(device_id, [NOON_MS], {"temperature": [231.0]})
    await raise_alert(await plant.rule(device_id, metric="temperature", limit=230))
    list_metrics = app.view_functions["metrics.list_metrics"]
    awaited = asyncio.Event()

    @wraps(list_metrics)
    async def late() -> ResponseReturnValue:
        await awaited.wait()
        return await app.ensure_async(list_metrics)()  # type: ignore[no-any-return]

    app.view_functions["metrics.list_metrics"] = late
    async with open_desk(Role.OPERATOR) as desk:
        await desk.sees("Alerts: 1 open")
        awaited.set()
        await desk.sees("oven · Temperature")
