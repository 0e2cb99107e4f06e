"""Who is on: rosters and quiet hours by the clock of the factory."""

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from appliance.model.notification import Contact, Roster

MINUTES_A_DAY = 1440
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def is_on(roster: Roster, at: datetime, zone: ZoneInfo) -> bool:
    """Whether a roster's people are on; a shift past midnight belongs to its first day."""
    local = at.astimezone(zone)
    today, clock = local.isoweekday(), local.time()
    begins, ends = time.fromisoformat(roster.begins), time.fromisoformat(roster.ends)
    if begins < ends:
        return today in roster.weekdays and begins <= clock < ends
    yesterday = (today - 2) % 7 + 1
    return (today in roster.weekdays and clock >= begins) or (
        yesterday in roster.weekdays and clock < ends
    )


def on_at(
    rosters: Iterable[Roster], priority: int, at: datetime, zone: ZoneInfo, after_minutes: int = 0
) -> list[int]:
    """The contacts who are told at a time of an alarm of this priority: at once, or by the step
    of so many minutes; each once, in the rosters' order."""
    found = [
        contact_id
        for roster in rosters
        if roster.after_minutes == after_minutes
        and roster.lowest_priority >= priority
        and is_on(roster, at, zone)
        for contact_id in roster.contact_ids
    ]
    return list(dict.fromkeys(found))


def quiet_until(contact: Contact, at: datetime, zone: ZoneInfo) -> datetime | None:
    """When a contact's quiet hours end that this time lies in; None if it lies in none."""
    if contact.quiet_from is None or contact.quiet_to is None:
        return None
    begin, end = time.fromisoformat(contact.quiet_from), time.fromisoformat(contact.quiet_to)
    local = at.astimezone(zone)
    clock = local.time()
    quiet = begin <= clock < end if begin < end else clock >= begin or clock < end
    if not quiet:
        return None
    day = local.date() + timedelta(days=clock >= end)
    return datetime.combine(day, end, zone)


def uncovered(rosters: Sequence[Roster], priority: int) -> tuple[float, str | None]:
    """How many of a week's hours nobody is told at once of this priority, and the first of them."""
    week = np.zeros(7 * MINUTES_A_DAY, np.bool_)
    for roster in rosters:
        if roster.after_minutes or roster.lowest_priority < priority or not roster.contact_ids:
            continue
        length = (_minute(roster.ends) - _minute(roster.begins) - 1) % MINUTES_A_DAY + 1
        for weekday in roster.weekdays:
            begin = (weekday - 1) * MINUTES_A_DAY + _minute(roster.begins)
            week[np.arange(begin, begin + length) % len(week)] = True
    free = np.flatnonzero(~week)
    if not len(free):
        return 0.0, None
    day, minute = divmod(int(free[0]), MINUTES_A_DAY)
    return len(free) / 60, f"{WEEKDAYS[day]} {minute // 60:02}:{minute % 60:02}"


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])
