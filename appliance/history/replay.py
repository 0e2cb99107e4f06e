"""Devices as they were over a past hour: what each showed, and when it fell silent."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from appliance.history.latest import OFFLINE_INTERVALS, OFFLINE_LEAST, STALE_INTERVALS
from appliance.history.plan import Plan, read_plans
from appliance.history.readings import Source, pages
from appliance.model.device import DeviceState
from appliance.model.ids import DeviceId, FactoryId
from appliance.model.replay import PastDevice, PastSignal, PastState, Unread
from appliance.model.scope import Scope
from appliance.model.series import Gap
from appliance.store.latest_values import Heard, select_latest_values
from appliance.store.past import select_last_heard
from appliance.store.readings import Rows

STEPS = 720
"""So many readings of a signal are told at most: of an hour, one in five seconds."""
LEAST_STEP_MS = 1000
LOOK_BACK_MS = 3_600_000
"""A value may be so old, at least, and is still told with the beginning of a stretch."""
MOST_DEVICES = 50
AT_ONCE = 4

_OFFLINE_LEAST_MS = OFFLINE_LEAST // timedelta(milliseconds=1)


async def past_devices(
    source: Source,
    factory_id: FactoryId,
    between: tuple[int, int],
    after: int,
    moments: Mapping[DeviceId, Sequence[int]],
) -> tuple[list[PastDevice], DeviceId | None]:
    """The next devices of a factory by id, and whom to ask on after; None: these are the last.

    Their time is that of their readings, also where these were delivered later. moments: what a
    device showed at these is told to the reading, however long a step is.
    """
    scope = Scope((factory_id,))
    known = sorted(
        (each for each in await select_latest_values(source.db, scope) if each.device.id > after),
        key=lambda each: each.device.id,
    )
    shown = known[:MOST_DEVICES]
    plans = await read_plans(source.db, factory_id)
    free = asyncio.Semaphore(AT_ONCE)

    async def past(heard: Heard) -> PastDevice:
        async with free:
            exact = moments.get(heard.device.id, ())
            return await _past(source, scope, (heard, plans[heard.device.id]), between, exact)

    found = await asyncio.gather(*map(past, shown))
    return found, shown[-1].device.id if len(known) > len(shown) else None


def step_ms(from_ms: int, to_ms: int) -> int:
    """The whole seconds of which STEPS cover a stretch."""
    seconds = -(-(to_ms - from_ms) // (STEPS * LEAST_STEP_MS))
    return seconds * LEAST_STEP_MS


async def _past(
    source: Source,
    scope: Scope,
    known: tuple[Heard, Plan],
    between: tuple[int, int],
    exact: Sequence[int],
) -> PastDevice:
    heard, plan = known
    from_ms, to_ms = between
    longest = max(plan.within(from_ms, to_ms)) * OFFLINE_INTERVALS
    begin_ms = max(0, from_ms - max(LOOK_BACK_MS, longest))
    gaps: list[Gap] = []
    signals: list[PastSignal] = []
    times = [np.empty(0, np.int64)]
    for value in heard.latest:
        asked = scope, heard.device.id, value.metric, begin_ms, to_ms
        found = [rows async for rows in pages(source, *asked, gaps)]
        if found:
            whole = Rows(*map(np.concatenate, zip(*found, strict=True)))
            times.append(whole.times_ms)
            signals.append(_signal(value.metric, whole, between, exact))
    heard_ms = np.unique(np.concatenate(times))
    before = None
    if not heard_ms.size or heard_ms[0] > from_ms:
        last = await select_last_heard(source.db, [heard.device.id], begin_ms)
        before = last.get(heard.device.id)
    states = await source.run(_states, heard_ms, plan, between, before)
    told = [one for one in signals if one.times]
    unread = {Unread(max(gap.from_ms, from_ms), gap.to_ms, gap.reason) for gap in gaps}
    hurt = sorted((one for one in unread if one.from_ms < one.to_ms), key=lambda one: one.from_ms)
    return PastDevice(heard.device, states, told, hurt)


def _signal(metric: str, rows: Rows, between: tuple[int, int], exact: Sequence[int]) -> PastSignal:
    """The value that held at the beginning, the last one of each step, and those at moments."""
    from_ms, to_ms = between
    there = ~np.isnan(rows.values)
    times_ms, values = rows.times_ms[there], rows.values[there]
    steps = np.where(times_ms <= from_ms, -1, (times_ms - from_ms) // step_ms(from_ms, to_ms))
    last = np.append(steps[1:] != steps[:-1], True)[: steps.size]
    held = np.searchsorted(times_ms, [at for at in exact if from_ms < at < to_ms], "right") - 1
    last[held[held >= 0]] = True
    return PastSignal(metric, times_ms[last].tolist(), values[last].tolist())


def _states(
    heard_ms: NDArray[np.int64], plan: Plan, between: tuple[int, int], before: int | None
) -> list[PastState]:
    """What held at the beginning, then every change; `before`: when it was heard of long ago."""
    from_ms, to_ms = between
    changes = [PastState(from_ms, DeviceState.NEVER, None)]
    if before is not None:
        changes.append(PastState(from_ms, DeviceState.OFFLINE, before))
    silences = np.diff(np.append(heard_ms, to_ms))
    shortest = STALE_INTERVALS * min(plan.within(int(heard_ms[0]) if heard_ms.size else 0, to_ms))
    live = False
    for place in np.flatnonzero((silences >= shortest) | _after_long(silences, shortest)).tolist():
        at, silence = int(heard_ms[place]), int(silences[place])
        interval = plan.interval_ms(at)
        stale = STALE_INTERVALS * interval
        offline = max(OFFLINE_INTERVALS * interval, _OFFLINE_LEAST_MS)
        if not live:
            changes.append(PastState(at, DeviceState.LIVE, at))
            live = True
        if silence >= stale:
            live = False
            changes.append(PastState(at + stale, DeviceState.STALE, at))
        if silence >= offline:
            changes.append(PastState(at + offline, DeviceState.OFFLINE, at))
    return _within(changes, from_ms, to_ms)


def _after_long(silences: NDArray[np.int64], shortest: int) -> NDArray[np.bool_]:
    """The first reading, and every one that ends a silence."""
    return np.append(True, silences[:-1] >= shortest)[: silences.size]


def _within(changes: Sequence[PastState], from_ms: int, to_ms: int) -> list[PastState]:
    first = [each for each in changes if each.at <= from_ms][-1]
    later = [each for each in changes if from_ms < each.at < to_ms]
    return [PastState(from_ms, first.state, first.heard), *later]
