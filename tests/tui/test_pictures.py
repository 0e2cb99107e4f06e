"""How the console looks, kept as pictures: frozen clock, frozen plant."""

import numpy as np
import pytest

from appliance.model.user import Role
from tests.appliance.conftest import Clock
from tests.appliance.plant import NOON_MS, Plant
from tests.tui.conftest import NORMAL, OpenDesk, Picture

SMALL = (80, 24)
TIMES = list(range(NOON_MS - 595_000, NOON_MS + 1, 5_000))


async def furnish(plant: Plant) -> dict[str, int]:
    """Four devices with ten minutes behind them; the press has a limit."""
    ids: dict[str, int] = {}
    for position, name in enumerate(("furnace-1", "oven-02", "press-007", "press-008")):
        device_id = await plant.device(
            name, interval_ms=5000, machine=f"Machine {position + 1}", area="Hall A"
        )
        ids[name] = device_id
        swing = np.sin(np.linspace(0, 9, len(TIMES)) + position)
        readings = {"temperature": list(40.0 + 100 * position + swing)}
        if name.startswith("press"):
            readings["vibration"] = list(2.0 + swing / 4)
        if name == "press-007":
            readings["vibration"][-20:] = list(np.linspace(3, 9.8, 20))
        await plant.send(device_id, TIMES, readings)
    return ids


async def alarm(plant: Plant, device_id: int) -> None:
    """An alert on vibration, as the engine writes it."""
    rule_id = await plant.rule(
        device_id,
        metric="vibration",
        limit=7.1,
        priority=1,
        message="Vibration high",
    )
    what_to_do = "Stop after the cycle.\nCheck bearing B2.\nCall maintenance: 4711."
    await plant.pool.execute("update rules set what_to_do = $1", what_to_do)
    await plant.pool.execute(
        """
        insert into alerts (factory_id, rule_id, rule_version, level, device_id, alarm_class,
                            latching, priority, message, raised_at, raised_value, "limit", late)
        select factory_id, id, version, 'h', device_id, alarm_class, latching, priority, message,
               to_timestamp($2 / 1000.0), 7.3, (look ->> 'h')::float8, false
          from rules where id = $1
        """,
        rule_id,
        NOON_MS - 40_000,
    )


@pytest.mark.parametrize("size", [NORMAL, SMALL], ids=["large", "small"])
async def test_alarm(
    open_desk: OpenDesk, plant: Plant, picture: Picture, size: tuple[int, int]
) -> None:
    await alarm(plant, (await furnish(plant))["press-007"])
    async with open_desk(Role.OPERATOR, size=size) as desk:
        await desk.sees("press-007", "Vibration high", "9.80 mm/s ■")
        if size == NORMAL:
            await desk.sees("limit 7.1", "Check bearing B2.")
        await picture(desk)


async def test_alarm_in_detail(open_desk: OpenDesk, plant: Plant, picture: Picture) -> None:
    await alarm(plant, (await furnish(plant))["press-007"])
    async with open_desk(Role.OPERATOR, size=SMALL) as desk:
        await desk.sees("Vibration high")
        await desk.pilot.press("enter")
        await desk.sees("limit 7.1", "Check bearing B2.")
        await picture(desk)


async def test_normal(open_desk: OpenDesk, plant: Plant, picture: Picture) -> None:
    await furnish(plant)
    async with open_desk(Role.OPERATOR) as desk:
        await desk.sees("● 4 live", "furnace-1 · Temperature", "last ")
        await picture(desk)


async def test_offline(open_desk: OpenDesk, plant: Plant, picture: Picture, clock: Clock) -> None:
    await alarm(plant, (await furnish(plant))["press-007"])
    async with open_desk(Role.OPERATOR) as desk:
        await desk.sees("limit 7.1")
        await desk.stop_server()
        await desk.sees("SERVER OFFLINE")
        clock.forward(seconds=100)
        await desk.sees("(1 min)", "◐ stale", "since 14:59 (2 min)")
        await picture(desk)
