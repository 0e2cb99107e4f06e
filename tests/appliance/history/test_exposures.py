import numpy as np
import pytest

from appliance.analytics.standards import shipped
from appliance.history.exposures import exposures
from appliance.history.readings import Source
from appliance.model.insight import Exposure
from appliance.store.health_scores import select_looks_at
from appliance.store.signals import select_signals
from tests.appliance.plant import NOON, NOON_MS, Plant

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
MIDNIGHT_MS = NOON_MS - 15 * HOUR_MS
"""North lies in Europe/Istanbul: its noon of these tests is 15:00."""


async def seen(
    plant: Plant, source: Source, measure: str, levels: list[tuple[int, int, float]],
    gas: str = "SO2, NIOSH REL",
) -> Exposure:  # fmt: skip
    """The exposure to these levels: from, to (milliseconds), ppm; a reading a minute."""
    device_id = await plant.device("gas", interval_ms=MINUTE_MS, machine="Furnace")
    for begin, end, level in levels:
        times = np.arange(begin, end, MINUTE_MS).tolist()
        days: dict[int, list[int]] = {}
        for time in times:
            days.setdefault(time // (24 * HOUR_MS), []).append(time)
        for of_day in days.values():
            await plant.send(device_id, of_day, {"gas": [level] * len(of_day)})
    await plant.pool.execute(
        """
        insert into rules (factory_id, device_id, kind, metric_id, look, priority, message, mode)
        values ($1, $2, 'exposure', 2, $3, 2, 'Gas', 'live')""",
        plant.factory_id,
        device_id,
        {"kind": "exposure", "limit": gas, "measure": measure},
    )
    looks = await select_looks_at(plant.pool, None, NOON)
    limits = await source.run(shipped)
    [found] = await exposures(source, await select_signals(plant.pool), looks, limits, NOON)
    return found


async def test_the_worst_eight_hours_that_end_today(plant: Plant, source: Source) -> None:
    levels = [
        (MIDNIGHT_MS, MIDNIGHT_MS + 2 * HOUR_MS, 0.0),
        (MIDNIGHT_MS + 2 * HOUR_MS, MIDNIGHT_MS + 6 * HOUR_MS, 3.0),
        (MIDNIGHT_MS + 6 * HOUR_MS, NOON_MS, 0.0),
    ]
    found = await seen(plant, source, "twa", levels)
    assert (found.limit, found.window_seconds, found.unit) == (2, 28_800, "[ppm]")
    # from 02:00 on 4 h at 3 and 2 h at 0 are three quarters of a window, the least that counts
    assert found.value == pytest.approx(2.0)
    assert found.coverage == pytest.approx(0.75)
    assert found.verdict == "within"
    assert found.share == pytest.approx(1.0)


async def test_what_ended_yesterday_is_not_todays(plant: Plant, source: Source) -> None:
    levels = [
        (MIDNIGHT_MS - 12 * HOUR_MS, MIDNIGHT_MS - 8 * HOUR_MS, 50.0),
        (MIDNIGHT_MS - 8 * HOUR_MS, NOON_MS, 0.5),
    ]
    found = await seen(plant, source, "twa", levels)
    assert (found.value, found.verdict) == (pytest.approx(0.5), "within")


async def test_the_worst_quarter_of_an_hour(plant: Plant, source: Source) -> None:
    burst = NOON_MS - 2 * HOUR_MS
    levels = [
        (MIDNIGHT_MS, burst, 0.0),
        (burst, burst + 10 * MINUTE_MS, 9.0),
        (burst + 10 * MINUTE_MS, NOON_MS, 0.0),
    ]
    found = await seen(plant, source, "stel", levels)
    assert (found.limit, found.window_seconds) == (5, 900)
    assert found.value == pytest.approx(6.0)
    assert found.verdict == "above"


async def test_a_gap_is_not_taken_for_clean_air(plant: Plant, source: Source) -> None:
    levels = [(NOON_MS - 3 * HOUR_MS, NOON_MS, 0.1)]
    found = await seen(plant, source, "twa", levels)
    assert (found.verdict, found.value, found.share, found.at) == (
        "insufficient data", None, None, None,
    )  # fmt: skip
    assert found.coverage == pytest.approx(3 / 8)


async def test_a_limit_that_does_not_ship_is_left_out(plant: Plant, source: Source) -> None:
    with pytest.raises(ValueError, match="not enough values"):
        await seen(plant, source, "twa", [(NOON_MS - HOUR_MS, NOON_MS, 1.0)], "Xe, NIOSH REL")
