"""The key figures of a factory: of each kind the machine that needs a look first."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from heapq import nsmallest
from typing import NamedTuple

import msgspec
import numpy as np

from appliance.analytics import running
from appliance.analytics.buckets import Buckets
from appliance.errors import NotFound
from appliance.history import latest
from appliance.history.plan import HOLD_INTERVALS, Plan, read_plans
from appliance.history.readings import Asked, Source, pages
from appliance.history.rolled import rollups
from appliance.model.device import DeviceState, DeviceStatus, Value
from appliance.model.ids import DeviceId, FactoryId
from appliance.model.kpi import Kpi, Overview
from appliance.model.look import UPPER
from appliance.model.metric import Metric
from appliance.model.rule import Rule, RuleMode
from appliance.model.scope import Scope
from appliance.model.sealed import FileKind
from appliance.store.alerts import select_open_alert_counts
from appliance.store.completeness import select_completeness_today
from appliance.store.metrics import select_metrics
from appliance.store.rules import select_rules
from appliance.store.signals import select_day_running

LEVELS = ("temperature", "gas", "vibration")
RUNNING = "running"
MINUTE_MS, HALF_HOUR_MS, DAY_MS, WEEK_MS = 60_000, 1_800_000, 86_400_000, 7 * 86_400_000
SPARK_POINTS = 48
MOST_READ, MOST_LOOKED = 16, 4
"""Devices whose last 24 hours are read for the card of uptime, and of them with a look."""


class _Found(NamedTuple):
    """The device a card tells of."""

    status: DeviceStatus
    value: float
    time: datetime
    limit: float | None


class _Reader(NamedTuple):
    """What the cards read with."""

    source: Source
    scope: Scope
    now_ms: int
    plans: Mapping[DeviceId, Plan]

    async def means(
        self, device_id: DeviceId, metric: str, start_ms: int, width_ms: int, number: int
    ) -> list[float | None]:
        """The mean of each bucket of whole minutes, null where there is nothing."""
        start_ms -= start_ms % MINUTE_MS
        buckets = Buckets(start_ms, width_ms, number)
        asked = Asked(self.scope, device_id, metric)
        stop_ms = start_ms + number * width_ms
        async for minutes in rollups(
            self.source, asked, start_ms, stop_ms, FileKind.MINUTE, gaps=[]
        ):
            await self.source.run(buckets.add_rolled, minutes)
        return [None if math.isnan(mean) else mean for mean in buckets.means().tolist()]

    async def running_share(self, status: DeviceStatus, end_ms: int) -> float | None:
        """The running share of 24 hours; a reading holds as long as its device would be live."""
        found = [
            rows
            async for rows in pages(
                self.source, self.scope, status.device.id, RUNNING, end_ms - DAY_MS, end_ms
            )
        ]
        if not found:
            return None
        times_ms = np.concatenate([page.times_ms for page in found])
        values = np.concatenate([page.values for page in found])
        plan = self.plans[status.device.id]
        hold_ms = HOLD_INTERVALS * max(plan.within(end_ms - DAY_MS, end_ms))
        return await self.source.run(running.share, times_ms, values, end_ms, hold_ms)


async def overview(source: Source, scope: Scope, factory_id: FactoryId, now: datetime) -> Overview:
    """The dashboard's first line and its cards; open alerts by priority "1" to "4"."""
    if factory_id not in scope.factory_ids:
        raise NotFound("There is no such factory.")
    scope, db = Scope((factory_id,)), source.db
    metrics = {metric.name: metric for metric in await select_metrics(db)}
    statuses = await latest.statuses(db, scope, now)
    limits = _limits(await select_rules(db, scope))
    plans = await read_plans(db, factory_id)
    reader = _Reader(source, scope, round(now.timestamp() * 1000), plans)
    states = Counter(status.state.value for status in statuses)
    alerts = await select_open_alert_counts(db, scope)
    looked = await select_day_running(db, factory_id)
    return Overview(
        now=now,
        devices={state.value: states[state.value] for state in DeviceState},
        open_alerts={str(priority): number for priority, number in alerts.items()},
        completeness_today=await select_completeness_today(db, scope, factory_id, now),
        kpis=[
            *[await _level(reader, metrics[name], statuses, limits) for name in LEVELS],
            await _uptime(reader, metrics[RUNNING], statuses, looked),
        ],
    )


async def _level(
    reader: _Reader,
    metric: Metric,
    statuses: Sequence[DeviceStatus],
    limits: Mapping[tuple[DeviceId, str | None], float],
) -> Kpi:
    found = [
        _Found(status, value.value, value.time, limits.get((status.device.id, metric.name)))
        for status, value in _measuring(statuses, metric.name)
    ]
    if not found:
        return _card(metric, None, None, [None] * SPARK_POINTS)
    worst = max(found, key=_badness)
    device_id = worst.status.device.id
    end_ms = reader.now_ms - WEEK_MS
    [previous] = await reader.means(device_id, metric.name, end_ms - DAY_MS, DAY_MS, 1)
    return _card(metric, worst, previous, await _spark(reader, device_id, metric.name))


async def _uptime(
    reader: _Reader,
    metric: Metric,
    statuses: Sequence[DeviceStatus],
    looked: Mapping[DeviceId, float],
) -> Kpi:
    """The machine that ran least in the last 24 hours.

    Of a large plant only those are read that ran least by the last hourly look, so that the work
    does not grow with it; where no look has been yet comes first.
    """

    def ran(one: tuple[DeviceStatus, Value]) -> float:
        return looked.get(one[0].device.id, -1.0)

    least_ran = nsmallest(MOST_READ, _measuring(statuses, RUNNING), key=ran)
    unknown = sum(ran(one) < 0 for one in least_ran)

    uptime = msgspec.structs.replace(metric, label="Uptime")
    found = [
        _Found(status, share, value.time, None)
        for status, value in least_ran[: unknown + MOST_LOOKED]
        if (share := await reader.running_share(status, reader.now_ms)) is not None
    ]
    if not found:
        return _card(uptime, None, None, [None] * SPARK_POINTS)
    least = min(found, key=lambda one: one.value)
    previous = await reader.running_share(least.status, reader.now_ms - WEEK_MS)
    return _card(uptime, least, previous, await _spark(reader, least.status.device.id, RUNNING))


async def _spark(reader: _Reader, device_id: DeviceId, metric: str) -> list[float | None]:
    end_ms = -(-reader.now_ms // HALF_HOUR_MS) * HALF_HOUR_MS
    start_ms = end_ms - SPARK_POINTS * HALF_HOUR_MS
    return await reader.means(device_id, metric, start_ms, HALF_HOUR_MS, SPARK_POINTS)


def _measuring(statuses: Sequence[DeviceStatus], metric: str) -> list[tuple[DeviceStatus, Value]]:
    """The devices that measure it; those offline only if all are."""
    found = [
        (status, value) for status in statuses for value in status.latest if value.metric == metric
    ]
    reporting = [one for one in found if one[0].state is not DeviceState.OFFLINE]
    return reporting or found


def _limits(rules: Sequence[Rule]) -> dict[tuple[DeviceId, str | None], float]:
    """The lowest upper limit of the live rules, by device and metric."""
    limits: dict[tuple[DeviceId, str | None], float] = {}
    for rule in rules:
        upper = [limit for level, limit in rule.limits.items() if level in UPPER]
        if rule.mode is RuleMode.LIVE and upper:
            signal = rule.device_id, rule.metric
            limits[signal] = min(*upper, limits.get(signal, upper[0]))
    return limits


def _badness(found: _Found) -> tuple[bool, float]:
    """A device with a limit before one without; then by how far the value is up to its limit."""
    if found.limit is None:
        return False, found.value
    return True, (found.value - found.limit) / (abs(found.limit) or 1.0)


def _card(
    metric: Metric, found: _Found | None, previous: float | None, spark: list[float | None]
) -> Kpi:
    status = found.status if found else None
    return Kpi(
        metric=metric.name,
        label=metric.label,
        unit_label=metric.unit_label,
        digits=metric.digits,
        device_id=status.device.id if status else None,
        device=status.device.name if status else None,
        machine=status.device.machine if status else None,
        state=status.state if status else DeviceState.NEVER,
        value=found.value if found else None,
        time=found.time if found else None,
        limit=found.limit if found else None,
        previous=previous,
        spark_mean=spark,
    )
