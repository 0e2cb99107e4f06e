"""What gets worse without being an alarm, and how last week compares; from the hourly looks."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

import msgspec

from appliance.errors import NotFound
from appliance.history.baselines import LEAST_MS
from appliance.history.looks import OFF, WEEK_MS, week_start_ms
from appliance.history.machines import find_factory
from appliance.history.readings import HOUR_MS, Source
from appliance.model.ids import FactoryId
from appliance.model.insight import (
    Advisory,
    Compared,
    Comparison,
    ModelState,
    SignalLook,
    Span,
    Trend,
)
from appliance.model.metric import Metric
from appliance.model.scope import Scope
from appliance.store.metrics import select_metrics
from appliance.store.model_scores import select_model_states
from appliance.store.rollouts import Halted, select_halted
from appliance.store.signals import KnownSignal, select_looks, select_signals

AHEAD = timedelta(days=14)
LASTING = timedelta(hours=3)
OLD = timedelta(hours=3)
"""A look that is older says nothing of now."""
MOST = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def advisories(
    source: Source, scope: Scope, factory_id: FactoryId, now: datetime
) -> list[Advisory]:
    """What is worth a look in a factory in scope, the most urgent first."""
    await find_factory(source, scope, factory_id)
    looks = await select_looks(source.db, factory_id)
    found: list[Advisory] = []
    signals = await select_signals(source.db, [factory_id])
    for signal in signals:
        look = looks.get((signal.device_id, signal.metric))
        if look is not None and now - look.to <= OLD:
            found += _of_signal(signal, look, now)
    machines = {one.device_id: one.machine for one in signals}
    for model in await select_model_states(source.db, [factory_id], now):
        if model.failures:
            found.append(_of_model(model, machines.get(model.device_id)))
    if halted := await select_halted(source.db, factory_id):
        found.append(_of_rollout(halted))
    return sorted(found, key=lambda one: (-one.urgency, one.device, one.kind))[:MOST]


async def comparison(
    source: Source, scope: Scope, factory_id: FactoryId, metric: str, now: datetime
) -> Comparison:
    """A metric of a factory in scope; devices without a look yet are not there."""
    factory = await find_factory(source, scope, factory_id)
    known: dict[str, Metric] = {one.name: one for one in await select_metrics(source.db)}
    if metric not in known:
        raise NotFound(f"There is no metric {metric}.")
    looks = await select_looks(source.db, factory_id, metric=metric)
    monday_ms, end_ms = await source.run(_week_of, looks.values(), factory.time_zone, now)
    devices = [
        Compared(
            device_id=signal.device_id,
            device=signal.device,
            machine=signal.machine,
            limit=look.limit,
            this_week=look.this_week,
            last_week=look.last_week,
        )
        for signal in await select_signals(source.db, [factory_id], metric=metric)
        if (look := looks.get((signal.device_id, metric))) and _ms(look.to) > monday_ms
    ]
    return Comparison(
        metric=metric,
        unit_label=known[metric].unit_label,
        digits=known[metric].digits,
        at=now,
        this_week=Span(_time(monday_ms), _time(end_ms)),
        last_week=Span(_time(monday_ms - WEEK_MS), _time(end_ms - WEEK_MS)),
        devices=sorted(devices, key=lambda one: one.device),
    )


def _week_of(looks: Iterable[SignalLook], time_zone: str, now: datetime) -> tuple[int, int]:
    """This week's beginning, and up to when the looks know it."""
    newest = max((_ms(one.to) for one in looks), default=_ms(now) // HOUR_MS * HOUR_MS)
    monday_ms = week_start_ms(_ms(now), time_zone)
    return monday_ms, max(newest, monday_ms)


def _of_signal(signal: KnownSignal, look: SignalLook, now: datetime) -> Iterator[Advisory]:
    name, unit = signal.metric, f" {signal.unit_label}" if signal.unit_label else ""
    if look.trend.crossings and _lasts(look.trend):
        first = look.trend.crossings[0]
        if first.at - now <= AHEAD:
            days = max(0.0, (first.at - now) / timedelta(days=1))
            text = (
                f"{name} may pass {first.limit:g}{unit} ({first.level}) in {days:.1f} days. "
                f"{look.trend.text}"
            )
            yield _advisory("forecast", signal, text, due=first.at, urgency=10 / (1 + days))
    if (
        look.off_since is not None
        and look.off_by is not None
        and look.to - look.off_since >= LASTING
    ):
        hours = (look.to - look.off_since) / timedelta(hours=1)
        text = (
            f"{name} has been off what is usual for {hours:.0f} h: {look.off_by:+.1f} deviations."
        )
        yield _advisory(
            "deviation", signal, text, since=look.off_since, urgency=abs(look.off_by) / 3
        )
    elif look.drift is not None and abs(look.drift) >= OFF:
        text = f"{name} has drifted {look.drift:+.1f} deviations off what is usual."
        yield _advisory("drift", signal, text, urgency=abs(look.drift) / 3)


def _lasts(trend: Trend) -> bool:
    """Whether the trend was seen over as long as a baseline needs, at least."""
    return trend.days * 24 * HOUR_MS >= LEAST_MS - HOUR_MS


def _advisory(
    kind: str,
    signal: KnownSignal,
    text: str,
    *,
    urgency: float,
    since: datetime | None = None,
    due: datetime | None = None,
) -> Advisory:
    return msgspec.convert(
        {
            "kind": kind,
            "device_id": signal.device_id,
            "device": signal.device,
            "machine": signal.machine,
            "metric": signal.metric,
            "text": text[:1].upper() + text[1:],
            "since": since,
            "due": due,
            "urgency": urgency,
        },
        Advisory,
    )


def _of_model(model: ModelState, machine: str | None) -> Advisory:
    return Advisory(
        kind="model",
        device_id=model.device_id,
        device=model.device,
        machine=machine,
        metric=model.metric,
        text=f"The model of “{model.message}” does not answer: {model.error}",
        since=model.answered_at,
        due=None,
        urgency=1.0,
    )


def _of_rollout(halted: Halted) -> Advisory:
    return Advisory(
        kind="firmware",
        device_id=halted.device_id,
        device=halted.device,
        machine=halted.machine,
        metric=None,
        text=f"The roll-out of firmware {halted.version} has halted: {halted.reason} "
        f"{halted.device}: {halted.detail}",
        since=halted.changed_at,
        due=None,
        urgency=5.0,
    )


def _time(ms: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=ms)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
