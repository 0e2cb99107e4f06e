"""What is known of machines beyond their readings: health, zone, exposures."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import structs

from appliance.analytics.standards import shipped
from appliance.analytics.vibration import zone
from appliance.errors import NotFound
from appliance.history.exposures import exposures
from appliance.history.limits import zones_of
from appliance.history.readings import Source
from appliance.history.worse import worse
from appliance.model.factory import Factory, Machine
from appliance.model.health import HealthScore, ScoreAt
from appliance.model.ids import FactoryId, MachineId
from appliance.model.insight import MachineInsight, Zone
from appliance.model.limit import Limit
from appliance.model.scope import Scope
from appliance.store.factories import select_factories
from appliance.store.health_scores import (
    LookAt,
    select_daily_scores,
    select_hourly_scores,
    select_looks_at,
    select_newest_health,
)
from appliance.store.machines import select_machine, select_machines
from appliance.store.signals import KnownSignal, select_signals

TREND = timedelta(days=30)
NEW = timedelta(hours=1)
"""An older score is none of now."""


async def find_factory(source: Source, scope: Scope, factory_id: FactoryId) -> Factory:
    """A factory in scope; NotFound: there is none."""
    for one in await select_factories(source.db, scope):
        if one.id == factory_id:
            return one
    raise NotFound("There is no such factory.")


async def machine_insights(
    source: Source, scope: Scope, factory_id: FactoryId, now: datetime
) -> list[MachineInsight]:
    """The machines of a factory in scope, the least healthy first."""
    factory = await find_factory(source, scope, factory_id)
    machines = await select_machines(source.db, scope, factory_id)
    days = await select_daily_scores(
        source.db, [one.id for one in machines], now - TREND, factory.time_zone
    )
    found = await _insights(source, factory_id, machines, days, now)
    return sorted(found, key=_score)


async def machine_insight(
    source: Source, scope: Scope, machine_id: MachineId, now: datetime
) -> MachineInsight:
    """One machine in scope, with its scores by the hour."""
    machine = await select_machine(source.db, scope, machine_id)
    if machine is None:
        raise NotFound("There is no such machine.")
    factory = await find_factory(source, scope, machine.factory_id)
    days = await select_daily_scores(source.db, [machine_id], now - TREND, factory.time_zone)
    hours = await select_hourly_scores(source.db, machine_id, now - TREND)
    [found] = await _insights(source, machine.factory_id, [machine], days, now)
    return structs.replace(found, trend=hours)


async def _insights(
    source: Source,
    factory_id: FactoryId,
    machines: Sequence[Machine],
    days: Mapping[MachineId, list[ScoreAt]],
    now: datetime,
) -> list[MachineInsight]:
    ids = [one.id for one in machines]
    newest = await select_newest_health(source.db, ids, now - NEW, now)
    signals = await select_signals(source.db, [factory_id])
    looks = await select_looks_at(source.db, [factory_id], now)
    limits = await source.run(shipped)
    signals_of, looks_of = defaultdict(list), defaultdict(list)
    for signal in signals:
        signals_of[signal.machine_id].append(signal)
    for look in looks:
        looks_of[look.device_id].append(look)
    found = []
    for machine in machines:
        own = signals_of[machine.id]
        devices = {one.device_id for one in own}
        own_looks = sorted(
            (look for device_id in devices for look in looks_of[device_id]),
            key=lambda look: look.rule_id,
        )
        health = newest.get(machine.id)
        found.append(
            MachineInsight(
                machine=machine,
                health=health,
                trend=days[machine.id],
                worse=worse(health, days[machine.id], now),
                zone=None if health is None else _zone(health, own, own_looks, limits),
                exposures=await exposures(source, own, own_looks, limits, now),
            )
        )
    return found


def _zone(
    health: HealthScore,
    signals: Sequence[KnownSignal],
    looks: Sequence[LookAt],
    limits: Sequence[Limit],
) -> Zone | None:
    """The worst zone of the machine's nodes, as the newest score saw them."""
    names = {one.device_id: one.device for one in signals}
    found = []
    for one in health.reasons:
        if one.against == "zone" and one.device_id in names:
            zones = zones_of(looks, one.device_id, limits)
            letter = zone(one.reading, zones.values)
            if letter is not None:
                row = zones.rows[0]
                found.append(
                    Zone(
                        zone=letter,
                        velocity=one.reading,
                        device_id=one.device_id,
                        device=names[one.device_id],
                        group=zones.group,
                        boundaries=zones.values,
                        source=f"{row.source}, {row.edition}",
                        confirmed=row.confirmed,
                        assumed=zones.assumed,
                    )
                )
    return max(found, key=lambda one: (one.zone, one.velocity), default=None)


def _score(one: MachineInsight) -> tuple[bool, float, str]:
    score = None if one.health is None else one.health.score
    return score is None, score or 0.0, one.machine.name
