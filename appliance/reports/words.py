"""Numbers and times in the words of a report."""

import math
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def duration(seconds: float) -> str:
    """Its two greatest parts: 2 d 4 h, 4 h 12 min, 12 min 5 s, 4.2 s."""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s".replace(".0 ", " ")
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s".replace(" 0 s", "")
    minutes = round(seconds / _MINUTE)
    if minutes < _DAY // _MINUTE:
        return f"{minutes // 60} h {minutes % 60} min".replace(" 0 min", "")
    hours = round(seconds / _HOUR)
    return f"{hours // 24} d {hours % 24} h".replace(" 0 h", "")


def number(value: float, digits: int) -> str:
    """With so many digits after the point, and narrow spaces between thousands."""
    return f"{value:,.{digits}f}".replace(",", "\u202f").replace("-", "\u2212")


def share(value: float) -> str:
    """In per cent, never more than there is; 0 % only where nothing is there."""
    tenths = math.floor(value * 1000 + 1e-9)
    if value > 0:
        tenths = max(tenths, 1)
    return f"{tenths / 10:.1f} %".replace(".0 ", " ")


def count(value: int, one: str, many: str | None = None) -> str:
    """1 alarm, 2 alarms."""
    return f"{number(value, 0)} {one if value == 1 else many or one + 's'}"


def moment(time: datetime, zone: ZoneInfo) -> str:
    """To the minute, in the zone."""
    return f"{time.astimezone(zone):%Y-%m-%d %H:%M}"


def days(begin: datetime, end: datetime, zone: ZoneInfo) -> str:
    """The first and the last of whole days."""
    first = begin.astimezone(zone).date()
    last = (end - timedelta(microseconds=1)).astimezone(zone).date()
    return f"{first}" if first == last else f"{first} to {last}"
