"""The first page in sentences: what happened, is the data complete, is anything beyond limits."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from appliance.model.look import UPPER
from appliance.model.report import (
    Alarms,
    Completeness,
    Exposure,
    Finding,
    Judgement,
    Level,
    Running,
    Summary,
)
from appliance.reports.signals import COVERAGE_NEEDED
from appliance.reports.words import count, duration, moment, number, share

GOOD, LOOK, UNKNOWN = "good", "look", "unknown"
COMPLETE = 0.95
MOST = 5
"""Of the devices that need a look so many are named; the tables have all."""


def summary(
    alarms: Alarms,
    running: Sequence[Running],
    completeness: Sequence[Completeness],
    levels: Sequence[Level],
    exposures: Sequence[Exposure],
    zone: ZoneInfo,
) -> Summary:
    """The three answers."""
    return Summary(
        happened=[*_alarms(alarms, zone), *_running(running)],
        complete=_complete(completeness, zone),
        limits=[*_limits(levels), *_exposures(exposures)],
    )


def total_share(completeness: Sequence[Completeness]) -> float | None:
    """Of all devices together, rows received of those expected."""
    expected = sum(device.expected for device in completeness)
    received = sum(device.received for device in completeness)
    return round(received / expected, 6) if expected else None


def _alarms(alarms: Alarms, zone: ZoneInfo) -> list[Finding]:
    if not alarms.raised:
        found = [Finding(GOOD, "No alarm was raised.")]
    else:
        critical = alarms.priorities["1"]
        text = f"{count(alarms.raised, 'alarm was', 'alarms were')} raised"
        text += f", {critical} of them critical." if critical else ", none of them critical."
        found = [Finding(LOOK, text)]
    if alarms.not_acknowledged:
        text = f"{count(alarms.not_acknowledged, 'of them was', 'of them were')} not acknowledged"
        found.append(Finding(LOOK, f"{text} by the end of the period."))
    if alarms.acknowledged_after_seconds is not None:
        text = duration(alarms.acknowledged_after_seconds)
        found.append(Finding(GOOD, f"Alarms were acknowledged after {text} on average."))
    if alarms.worst_10_minutes > MOST and alarms.worst_10_minutes_begin:
        text = f"In the worst 10 minutes, from {moment(alarms.worst_10_minutes_begin, zone)} on"
        found.append(Finding(LOOK, f"{text}, {alarms.worst_10_minutes} alarms came."))
    return found


def _running(running: Sequence[Running]) -> list[Finding]:
    known = [machine for machine in running if machine.ratio is not None]
    if not known:
        return [Finding(UNKNOWN, "No machine has told whether it ran.")]
    least = min(known, key=lambda machine: machine.ratio or 0.0)
    name = least.machine or least.device
    found = [Finding(GOOD, f"{name} ran least: {share(least.ratio or 0.0)} of the known time.")]
    if silent := len(running) - len(known):
        text = f"Of {count(silent, 'machine')} it is not known how long they ran."
        found.append(Finding(UNKNOWN, text))
    return found


def _complete(completeness: Sequence[Completeness], zone: ZoneInfo) -> list[Finding]:
    if not completeness:
        return [Finding(UNKNOWN, "There was no device in this period. Add one under Devices.")]
    whole = total_share(completeness)
    if whole is None:
        return [Finding(UNKNOWN, "No data was expected in this period: no device had begun.")]
    received = sum(device.received for device in completeness)
    missing = sum(device.missing for device in completeness)
    text = f"{share(whole)} of the expected rows have come: {number(received, 0)} received, "
    found = [Finding(GOOD if whole >= COMPLETE else LOOK, f"{text}{number(missing, 0)} missing.")]
    poor = sorted(
        (device for device in completeness if device.share is not None and device.share < COMPLETE),
        key=lambda device: device.share or 0.0,
    )
    for device in poor[:MOST]:
        text = f"{device.device}: {share(device.share or 0.0)} of its rows"
        if device.longest_gap:
            gap = device.longest_gap
            text += f"; nothing for {duration(gap.seconds)} from {moment(gap.begin, zone)} on"
        found.append(Finding(LOOK, text + "."))
    found += _more(len(poor) - MOST, "below 95 %")
    if never := [device.device for device in completeness if device.share is None]:
        text = f"No data was expected of {_named(never)}: nothing has ever come before."
        found.append(Finding(UNKNOWN, text))
    if aside := sum(device.quarantined for device in completeness):
        text = (
            f"{count(aside, 'row was', 'rows were')} set aside, as their times were beyond belief."
        )
        found.append(Finding(LOOK, text))
    return found


def _limits(levels: Sequence[Level]) -> list[Finding]:
    beyond = [level for level in levels if level.judgement is Judgement.BEYOND]
    within = sum(level.judgement is Judgement.WITHIN for level in levels)
    ranked = sorted(beyond, key=_seconds_beyond, reverse=True)
    found = [Finding(LOOK, _worst(level)) for level in ranked[:MOST]]
    found += _more(len(beyond) - MOST, "beyond limits")
    if within:
        text = f"{count(within, 'signal was', 'signals were')} within all limits, with at least"
        found.append(Finding(GOOD, f"{text} {share(COVERAGE_NEEDED)} of the time known."))
    if short := [level for level in levels if level.judgement is Judgement.INSUFFICIENT]:
        text = f"Insufficient data for {_signals(short)}: nothing beyond limits was seen, "
        found.append(Finding(UNKNOWN, f"{text}but too little of the time is known."))
    if silent := [level for level in levels if level.judgement is Judgement.NO_DATA]:
        found.append(Finding(UNKNOWN, f"No data in this period for {_signals(silent)}."))
    if free := [level for level in levels if level.judgement is Judgement.NO_LIMITS]:
        text = f"No limits were in force for {_signals(free)}: nothing to judge by."
        found.append(Finding(UNKNOWN, text))
    return found or [Finding(UNKNOWN, "There is no signal to judge.")]


def _exposures(exposures: Sequence[Exposure]) -> list[Finding]:
    return [
        Finding(
            UNKNOWN,
            f"Gas at {exposure.device}: insufficient data in {exposure.shifts_insufficient} of "
            f"{count(exposure.shifts, 'shift')}.",
        )
        for exposure in exposures
        if exposure.shifts_insufficient
    ][:MOST]


def _worst(level: Level) -> str:
    worst = max(level.beyond, key=lambda limit: limit.seconds or 0.0)
    side = "above" if worst.level in UPPER else "below"
    peak = level.max if worst.level in UPPER else level.min
    text = (
        f"{_at(level)}: {duration(worst.seconds or 0.0)} {side} "
        f"{number(worst.limit, level.digits)} {level.unit_label}"
    )
    return text if peak is None else f"{text}, {number(peak, level.digits)} at the worst."


def _seconds_beyond(level: Level) -> float:
    return max(limit.seconds or 0.0 for limit in level.beyond)


def _more(number_more: int, what: str) -> list[Finding]:
    if number_more <= 0:
        return []
    return [Finding(LOOK, f"{count(number_more, 'more', 'more')} {what}: see the tables.")]


def _at(level: Level) -> str:
    return f"{level.machine or level.device}, {level.metric} ({level.device})"


def _signals(levels: Sequence[Level]) -> str:
    return _named([f"{level.metric} of {level.device}" for level in levels])


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST])
    return f"{shown} and {len(names) - MOST} more" if len(names) > MOST else shown
