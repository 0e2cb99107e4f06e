"""Builds a report: reads every series of a factory over a period, and says what there was."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import structs

import appliance
from appliance.errors import NotFound
from appliance.history.readings import Source
from appliance.identity import audit
from appliance.model.device import Device
from appliance.model.factory import Factory
from appliance.model.ids import DeviceId, FactoryId
from appliance.model.metric import Metric
from appliance.model.report import (
    Available,
    Completeness,
    Deeds,
    Exposure,
    Frozen,
    Inputs,
    Level,
    Limit,
    Period,
    Report,
    ReportKind,
    Running,
    Unreadable,
)
from appliance.model.scope import Scope
from appliance.reports import alarms, deeds, findings, levels, limits, nodes, periods
from appliance.reports.nodes import GAS, RUNNING, Edges, Node, to_time
from appliance.reports.signals import COVERAGE_NEEDED
from appliance.store import reports as stored
from appliance.store.factories import select_factories
from appliance.store.latest_values import Heard, select_latest_values
from appliance.store.metrics import select_metrics
from appliance.store.pool import Db
from appliance.store.reports import Edition, Receipt
from appliance.store.rules import select_rules

SCHEMA_VERSION = 1
AT_ONCE = 2
"""Devices read at the same time: while one is counted the database looks for the other."""
_TITLES = {
    ReportKind.WEEKLY: "Weekly report",
    ReportKind.MONTHLY: "Monthly report",
    ReportKind.COMPLIANCE: "Compliance report",
}
TEMPERATURE, VIBRATION = "temperature", "vibration"


class Asked(NamedTuple):
    """Which report; the period as its name, such as 2026-W47, None: the last that is over."""

    kind: ReportKind
    factory_id: FactoryId
    period: str | None = None


class Made(NamedTuple):
    """A report, and the JSON that is the report for whoever signs or compares it."""

    report: Report
    json: bytes

    @property
    def sha256(self) -> str:
        """Of the JSON: what a signature is under."""
        return hashlib.sha256(self.json).hexdigest()

    @property
    def zone(self) -> ZoneInfo:
        """The factory's."""
        return ZoneInfo(self.report.factory.time_zone)


class _Told(NamedTuple):
    """What the nodes have told, by section."""

    completeness: list[Completeness]
    running: list[Running]
    levels: dict[str, list[Level]]
    exposures: list[Exposure]
    frozen: list[Frozen]


async def available(db: Db, scope: Scope, now: datetime) -> list[Available]:
    """The periods of every kind, by factory in scope."""
    found = []
    for factory in await select_factories(db, scope):
        found += periods.available(factory, await _zone(factory), now)
    return found


async def make(source: Source, scope: Scope, asked: Asked, now: datetime) -> Made:
    """The report as the data is now. Of a period that is over, what is the same stays the same:
    `generated_at` is when its content was first made.
    """
    factory = await _factory(source.db, scope, asked.factory_id)
    zone = await _zone(factory)
    period = _period(factory, zone, asked, _whole(now))
    report = await _build(source, factory, period, asked.kind, zone)
    generated_at = now
    if period.over:
        content = hashlib.sha256(msgspec.json.encode(report)).digest()
        data = bytes.fromhex(report.inputs.data_sha256)
        edition = Edition(factory.id, asked.kind, period.name, content, data)
        generated_at = await stored.upsert_edition(source.db, edition, now)
    report = structs.replace(report, generated_at=generated_at)
    return Made(report, msgspec.json.encode(report))


async def _build(
    source: Source, factory: Factory, period: Period, kind: ReportKind, zone: ZoneInfo
) -> Report:
    db, scope = source.db, Scope((factory.id,))
    metrics = {metric.name: metric for metric in await select_metrics(db)}
    heard = await select_latest_values(db, scope)
    devices = {one.device.id: one.device for one in heard}
    in_force = await _limits(db, scope, devices, metrics, period)
    edges = _edges(period, zone)
    told = await _tell(source, heard, edges, in_force, metrics)
    alerts = await stored.select_period_alerts(db, scope, period.begin, period.until)
    counted = alarms.figures(alerts, period, edges.days)
    all_levels = [level for metric in metrics for level in told.levels[metric]]
    return Report(
        schema_version=SCHEMA_VERSION,
        kind=kind,
        title=_TITLES[kind],
        factory=factory,
        period=period,
        generated_at=None,
        summary=findings.summary(
            counted, told.running, told.completeness, all_levels, told.exposures, zone
        ),
        completeness_share=findings.total_share(told.completeness),
        completeness=told.completeness,
        running=told.running,
        temperatures=told.levels[TEMPERATURE],
        gases=told.levels[GAS],
        exposures=told.exposures,
        vibrations=told.levels[VIBRATION],
        others=[level for level in all_levels if level.metric not in (TEMPERATURE, GAS, VIBRATION)],
        alarms=counted,
        limits=in_force,
        deeds=await _deeds(db, scope, period) if kind is ReportKind.COMPLIANCE else None,
        inputs=_inputs(told.frozen, in_force),
    )


async def _tell(
    source: Source,
    heard: Sequence[Heard],
    edges: Edges,
    in_force: Sequence[Limit],
    metrics: dict[str, Metric],
) -> _Told:
    """Read a few devices at a time, so that no more than these lie in memory."""
    free = asyncio.Semaphore(AT_ONCE)
    try:
        async with asyncio.TaskGroup() as group:
            reading = [
                group.create_task(_read(source, one, edges, in_force, free)) for one in heard
            ]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    told = _Told([], [], {metric: [] for metric in metrics}, [], [])
    for node, receipt in (task.result() for task in reading):
        if _was_there(node.device, receipt, edges.period):
            _sort_in(told, node, receipt, edges, metrics)
    return told


async def _read(
    source: Source, heard: Heard, edges: Edges, in_force: Sequence[Limit], free: asyncio.Semaphore
) -> tuple[Node, Receipt]:
    device, scope = heard.device, Scope((heard.device.factory_id,))
    bounds = {
        value.metric: limits.of_signal(in_force, device.id, value.metric) for value in heard.latest
    }
    async with free:
        receipt = await stored.select_receipt(
            source.db, scope, device.id, edges.period.begin, edges.period.until
        )
        node = await nodes.read(source, scope, device, edges, bounds, receipt)
    if edges.period.over:
        period, rows = (edges.period.begin, edges.period.end), node.certificate.counts.received
        receipt = await stored.upsert_receipt(source.db, device.id, period, rows, receipt)
    return node, receipt


def _was_there(device: Device, receipt: Receipt, period: Period) -> bool:
    """Whether it had been added, or had taken readings, before the period ended."""
    begun = receipt.first_ms is not None and to_time(receipt.first_ms) < period.until
    return begun or device.created_at < period.until


def _sort_in(
    told: _Told, node: Node, receipt: Receipt, edges: Edges, metrics: dict[str, Metric]
) -> None:
    told.completeness.append(nodes.completeness(node, edges, receipt))
    for name, signal in node.signals.items():
        if name == RUNNING:
            told.running.append(levels.running(node, metrics[name]))
        else:
            told.levels[name].append(levels.level(node, metrics[name], edges))
        if name == GAS:
            told.exposures.append(levels.exposure(node, metrics[name], edges))
        told.frozen.append(
            Frozen(
                device_id=node.device.id,
                metric=name,
                begin=to_time(signal.window.lead_ms),
                end=to_time(signal.window.until_ms),
                rows=signal.rows,
                sha256=signal.sha256,
                unreadable=[
                    Unreadable(to_time(gap.from_ms), to_time(gap.to_ms), gap.reason)
                    for gap in node.unreadable[name]
                ],
            )
        )


def _inputs(frozen: Sequence[Frozen], in_force: Sequence[Limit]) -> Inputs:
    ordered = sorted(frozen, key=lambda series: (series.device_id, series.metric))
    lines = "".join(
        f"{series.device_id} {series.metric} {round(series.begin.timestamp() * 1000)} "
        f"{round(series.end.timestamp() * 1000)} {series.rows} {series.sha256}\n"
        for series in ordered
    )
    return Inputs(
        rows=sum(series.rows for series in ordered),
        data_sha256=hashlib.sha256(lines.encode()).hexdigest(),
        limits_sha256=hashlib.sha256(msgspec.json.encode(in_force)).hexdigest(),
        software_version=appliance.__version__,
        coverage_needed=COVERAGE_NEEDED,
        series=ordered,
    )


async def _limits(
    db: Db,
    scope: Scope,
    devices: dict[DeviceId, Device],
    metrics: dict[str, Metric],
    period: Period,
) -> list[Limit]:
    known = limits.Known(
        rules=await select_rules(db, scope),
        deeds=await stored.select_rule_changes(db, scope),
        changed=await stored.select_rule_times(db, scope),
        devices=devices,
        metrics=metrics,
    )
    return limits.in_force(known, period)


async def _deeds(db: Db, scope: Scope, period: Period) -> Deeds:
    rows = await stored.select_period_audit_rows(db, scope, period.begin, period.until)
    return deeds.told(rows, await audit.verify(db))


def _edges(period: Period, zone: ZoneInfo) -> Edges:
    days = periods.day_edges(period, zone)
    dates = [day.astimezone(zone).date() for day in days[:-1]]
    return Edges(period, dates, days, periods.shift_edges(period, zone))


def _period(factory: Factory, zone: ZoneInfo, asked: Asked, now: datetime) -> Period:
    if asked.period is not None:
        return periods.parse(asked.period, asked.kind, zone, now)
    found = periods.available(factory, zone, now)
    return next(one.last for one in found if one.kind is asked.kind)


async def _factory(db: Db, scope: Scope, factory_id: FactoryId) -> Factory:
    found = [one for one in await select_factories(db, scope) if one.id == factory_id]
    if not found:
        raise NotFound("There is no such factory.")
    return found[0]


async def _zone(factory: Factory) -> ZoneInfo:
    return await asyncio.to_thread(ZoneInfo, factory.time_zone)


def _whole(now: datetime) -> datetime:
    """To the millisecond, as readings are."""
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
