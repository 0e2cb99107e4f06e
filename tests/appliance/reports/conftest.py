"""A small plant with a week of its own, and the reports of it."""

from collections.abc import Awaitable, Callable

import pytest

from appliance.history.readings import Source
from appliance.model.report import ReportKind
from appliance.reports import build
from appliance.reports.build import Asked, Made
from tests.appliance.conftest import Clock
from tests.appliance.plant import Plant

MONDAY_MS = 1_763_326_800_000 + 364 * 86_400_000
"""2026-11-16 00:00 in Istanbul: where 2026-W47 of the factory North begins."""
HOUR_MS = 3_600_000
Make = Callable[..., Awaitable[Made]]


@pytest.fixture
def make(source: Source, plant: Plant, clock: Clock) -> Make:
    """`await make()`: the weekly report of 2026-W47, or another."""

    async def do(kind: ReportKind = ReportKind.WEEKLY, period: str | None = "2026-W47") -> Made:
        return await build.make(source, plant.scope, Asked(kind, plant.factory_id, period), clock())

    return do
