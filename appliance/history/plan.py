"""How often a device was to be heard of, and when that was so."""

from collections.abc import Sequence
from typing import NamedTuple

from appliance.model.ids import DeviceId, FactoryId
from appliance.store.intervals import select_factory_intervals, select_intervals
from appliance.store.pool import Db

HOLD_INTERVALS = 3
"""For so many expected intervals a reading holds; what is silent for longer has a gap."""


class Interval(NamedTuple):
    """One row every interval_ms was expected up to, but not at, until_ms."""

    until_ms: float
    interval_ms: int


class Plan:
    """The intervals of a device, in order; the last holds for ever."""

    def __init__(self, intervals: Sequence[Interval]) -> None:
        self._intervals = [*intervals[:-1], Interval(float("inf"), intervals[-1].interval_ms)]

    def interval_ms(self, at_ms: float) -> int:
        """What was expected at a moment."""
        return next(each.interval_ms for each in self._intervals if at_ms < each.until_ms)

    def within(self, from_ms: float, to_ms: float) -> list[int]:
        """All intervals of a stretch of time; at least the one at its beginning."""
        first = self._intervals.index(
            next(each for each in self._intervals if from_ms < each.until_ms)
        )
        before = [each.until_ms for each in self._intervals[first:-1]]
        later = sum(until < to_ms for until in before)
        return [each.interval_ms for each in self._intervals[first : first + 1 + later]]

    def rows(self, from_ms: float, to_ms: float) -> float:
        """So many rows are expected in a stretch of time: of a change, each side's share."""
        total, begin = 0.0, from_ms
        for until, interval_ms in self._intervals:
            stop = min(to_ms, until)
            if stop > begin:
                total += (stop - begin) / interval_ms
                begin = stop
        return round(total, 6)  # so that whole rows are whole numbers

    def after(self, from_ms: float, rows: float) -> float:
        """When so many rows are expected to have come since a moment."""
        begin = from_ms
        for until, interval_ms in self._intervals:
            end = begin + rows * interval_ms
            if end <= until:
                return end
            if until > begin:
                rows -= (until - begin) / interval_ms
                begin = until
        raise AssertionError("the last interval holds for ever")


async def read_plan(db: Db, device_id: DeviceId) -> Plan:
    """The plan of a device that the caller has seen to be in scope."""
    return Plan([Interval(*each) for each in await select_intervals(db, device_id)])


async def read_plans(db: Db, factory_id: FactoryId) -> dict[DeviceId, Plan]:
    """The plans of all devices of a factory that the caller has seen to be in scope."""
    found = await select_factory_intervals(db, factory_id)
    return {
        device_id: Plan([Interval(*each) for each in intervals])
        for device_id, intervals in found.items()
    }
