"""What is known of every device now: its true state and its newest values."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import structs

from appliance.history.condition import RECENT, Seen, condition
from appliance.model.device import DeviceDetail, DeviceState, DeviceStatus
from appliance.model.ids import DeviceId
from appliance.model.scope import Scope
from appliance.store import latest_values, quarantine
from appliance.store.conditions import Signs, select_signs
from appliance.store.device_log import select_device_firmware
from appliance.store.latest_values import Heard
from appliance.store.pool import Db
from appliance.store.runs import Times, select_downtimes

STALE_INTERVALS = 3
OFFLINE_INTERVALS = 20
OFFLINE_LEAST = timedelta(minutes=1)

_AWAY_LONGEST = timedelta(days=31)
"""So far back it is asked whether the appliance was down, rather than a device away."""
_ABNORMAL_FIRST = (DeviceState.OFFLINE, DeviceState.STALE, DeviceState.NEVER, DeviceState.LIVE)


async def statuses(
    db: Db, scope: Scope, now: datetime, device_ids: Sequence[DeviceId] | None = None
) -> list[DeviceStatus]:
    """All devices in scope, or those named, abnormal first, then by area, machine and name."""
    heard = await latest_values.select_latest_values(db, scope, device_ids)
    received = [row.received_at for row in heard if row.received_at is not None]
    signs = await select_signs(db, [row.device.id for row in heard], now, RECENT)
    since_ms = _ms(min(received, default=now) - _AWAY_LONGEST)
    downtimes = await select_downtimes(db, since_ms, _ms(now), now)
    found = [_status(row, now, signs[row.device.id], downtimes) for row in heard]
    return sorted(found, key=lambda status: _ABNORMAL_FIRST.index(status.state))


async def status(db: Db, scope: Scope, device_id: DeviceId, now: datetime) -> DeviceDetail | None:
    """One device, None if it is not there or not in scope."""
    found = await statuses(db, scope, now, [device_id])
    if not found:
        return None
    set_aside = await quarantine.select_quarantined_count(db, scope, device_id)
    firmware = await select_device_firmware(db, device_id)
    return DeviceDetail(**structs.asdict(found[0]), quarantined=set_aside, firmware=firmware)


async def fell_silent(db: Db, since: datetime, until: datetime) -> set[DeviceId]:
    """The devices of all factories that became stale or offline in since < time <= until."""
    stale = await latest_values.select_silent_since(db, since, until, STALE_INTERVALS)
    offline = await latest_values.select_silent_since(
        db, since, until, OFFLINE_INTERVALS, OFFLINE_LEAST
    )
    return {*stale, *offline}


def state(received_at: datetime | None, expected_interval_ms: int, now: datetime) -> DeviceState:
    """The state of a device last heard of at `received_at`; a bound belongs to the worse state.

    A time ahead of now is as far away as one that is past: a clock was set back since.
    """
    if received_at is None:
        return DeviceState.NEVER
    silence = abs(now - received_at)
    interval = timedelta(milliseconds=expected_interval_ms)
    if silence >= max(OFFLINE_INTERVALS * interval, OFFLINE_LEAST):
        return DeviceState.OFFLINE
    return DeviceState.STALE if silence >= STALE_INTERVALS * interval else DeviceState.LIVE


def _status(heard: Heard, now: datetime, signs: Signs, downtimes: Sequence[Times]) -> DeviceStatus:
    device, received_at, latest, queue = heard
    found, odd = state(received_at, device.expected_interval_ms, now), None
    if received_at is not None:
        newest = max((value.time for value in latest), default=received_at)
        times = _ms(received_at), _ms(newest)
        seen = Seen(found, *times, queue, device.expected_interval_ms)
        odd = condition(seen, signs, downtimes, _ms(now))
    return DeviceStatus(device, found, received_at, latest, odd)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
