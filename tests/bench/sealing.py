"""Days of a plant to be sealed: what sensors of one second, some of them noisy, would have told."""

from datetime import UTC, date, datetime

import numpy as np

from appliance.archive.layout import Place
from appliance.model.ids import DeviceId, FactoryId, MetricId
from appliance.model.sealed import Readings

DAY = date(2026, 11, 2)
START_MS = int(datetime(2026, 11, 2, tzinfo=UTC).timestamp() * 1000)
SEALED_AT = datetime(2026, 11, 3, 2, tzinfo=UTC)
ROWS = 86_400
PLACE = Place(FactoryId(1), MetricId(1), "temperature", DAY, DAY, 1)


def readings(devices: int) -> list[tuple[DeviceId, str, Readings]]:
    """A day of each device: one reading a second, some milliseconds late, in tenths."""
    made = []
    for n in range(devices):
        chance = np.random.default_rng(n)
        seconds = np.arange(ROWS)
        wave = 20 * np.sin(seconds / 3000 + n) + chance.normal(0, 0.3, ROWS)
        rows = Readings(
            START_MS + 1000 * seconds + chance.integers(0, 8, ROWS),
            np.round(500 + wave, 1),
            np.full(ROWS, chance.integers(2**62), np.int64),
            seconds + chance.integers(10**6),
            np.zeros(ROWS, np.int16),
        )
        made.append((DeviceId(n + 1), f"node {n + 1}", rows))
    return made
