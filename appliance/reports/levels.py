"""What signals were, against the limits that were in force, and what may be said of it."""

from collections.abc import Sequence

import numpy as np

from appliance.model.metric import Metric
from appliance.model.report import Beyond, DayLevel, Exposure, Judgement, Level, Running, Shift
from appliance.reports.nodes import Edges, Node, to_time
from appliance.reports.signals import COVERAGE_NEEDED, Signal, Spells


def level(node: Node, metric: Metric, edges: Edges) -> Level:
    """The signal in figures."""
    signal = node.signals[metric.name]
    beyond = [_beyond(spells) for spells in signal.spells()]
    low, high = signal.min_at, signal.max_at
    return Level(
        device_id=node.device.id,
        device=node.device.name,
        machine=node.device.machine,
        metric=metric.name,
        unit_label=metric.unit_label,
        digits=metric.digits,
        judgement=_judge(signal, beyond),
        readings=signal.readings,
        coverage=signal.coverage,
        min=low[0] if low else None,
        min_at=to_time(low[1]) if low else None,
        mean=signal.mean,
        max=high[0] if high else None,
        max_at=to_time(high[1]) if high else None,
        beyond=beyond,
        days=_days(signal, edges),
        course=signal.course.means(),
    )


def exposure(node: Node, metric: Metric, edges: Edges) -> Exposure:
    """A gas over shifts and short times."""
    signal = node.signals[metric.name]
    shifts = [
        _shift(begin.timestamp(), end.timestamp(), mean, known_ms / 1000)
        for begin, end, mean, known_ms in zip(
            edges.shifts[:-1],
            edges.shifts[1:],
            signal.shifts.means(),
            signal.shifts.known_ms.tolist(),
            strict=True,
        )
    ]
    sufficient = [shift for shift in shifts if shift.mean is not None]
    short = signal.short
    return Exposure(
        device_id=node.device.id,
        device=node.device.name,
        machine=node.device.machine,
        unit_label=metric.unit_label,
        digits=metric.digits,
        shifts=len(shifts),
        shifts_insufficient=len(shifts) - len(sufficient),
        worst=max(sufficient, key=lambda shift: shift.mean or 0.0, default=None),
        short_mean=round(short[0], 6) if short else None,
        short_end=to_time(short[1]) if short else None,
        means=shifts,
    )


def running(node: Node, metric: Metric) -> Running:
    """How long the machine ran; its signal was made of 0 and 1."""
    signal = node.signals[metric.name]
    known_ms, running_ms = float(signal.days.known_ms.sum()), float(signal.days.total.sum())
    return Running(
        device_id=node.device.id,
        device=node.device.name,
        machine=node.device.machine,
        running_seconds=running_ms / 1000 if known_ms else None,
        standing_seconds=(known_ms - running_ms) / 1000 if known_ms else None,
        ratio=signal.mean,
        coverage=signal.coverage,
        days=signal.days.means(),
    )


def _judge(signal: Signal, beyond: Sequence[Beyond]) -> Judgement:
    if any(limit.seconds for limit in beyond):
        return Judgement.BEYOND
    if not signal.coverage:
        return Judgement.NO_DATA
    if signal.coverage < COVERAGE_NEEDED:
        return Judgement.INSUFFICIENT
    return Judgement.WITHIN if beyond else Judgement.NO_LIMITS


def _beyond(spells: Spells) -> Beyond:
    lengths_ms = np.diff(spells.times, axis=0)[0]
    longest = int(np.argmax(lengths_ms)) if lengths_ms.size else None
    seconds = int(lengths_ms.sum()) / 1000
    limit = spells.limit
    if limit.limit is None:
        raise ValueError(f"rule {limit.rule_id} has no limit")
    return Beyond(
        rule_id=limit.rule_id,
        level=limit.level,
        limit=limit.limit,
        in_force=limit.in_force,
        in_force_until=limit.in_force_until,
        seconds=seconds if spells.known_ms else None,
        share=round(seconds * 1000 / spells.known_ms, 6) if spells.known_ms else None,
        spells=lengths_ms.size,
        longest_seconds=None if longest is None else int(lengths_ms[longest]) / 1000,
        longest_begin=None if longest is None else to_time(int(spells.times[0, longest])),
    )


def _days(signal: Signal, edges: Edges) -> list[DayLevel]:
    low, high = (_or_none(row.tolist()) for row in signal.day_range)
    columns = (edges.dates, low, signal.days.means(), high, signal.beyond_ms.tolist())
    return [
        DayLevel(day, least, mean, most, beyond_ms / 1000)
        for day, least, mean, most, beyond_ms in zip(*columns, strict=True)
    ]


def _shift(begin: float, end: float, mean: float | None, known: float) -> Shift:
    coverage = round(known / (end - begin), 6)
    enough = coverage >= COVERAGE_NEEDED
    return Shift(
        begin=to_time(round(begin * 1000)), mean=mean if enough else None, coverage=coverage
    )


def _or_none(values: Sequence[float]) -> list[float | None]:
    return [None if np.isnan(value) else value for value in values]
