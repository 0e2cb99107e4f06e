"""What is known of every device now: its true state and its newest values."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import structs

from appliance.model.device import DeviceDetail, DeviceState, DeviceStatus
from appliance.model.ids import DeviceId
from appliance.model.scope import Scope
from appliance.store import latest_values, quarantine
from appliance.store.device_log import select_device_firmware
from appliance.store.latest_values import Heard
from appliance.store.pool import Db

STALE_INTERVALS = 3
OFFLINE_INTERVALS = 20
OFFLINE_LEAST = timedelta(minutes=1)

_ABNORMAL_FIRST = (DeviceState.OFFLINE, DeviceState.STALE, DeviceState.NEVER, DeviceState.LIVE)


async def statuses(
    db: Db, scope: Scope, now: datetime, device_ids: Sequence[DeviceId] | None = None
) -> list[DeviceStatus]:
    """All devices in scope, or those named, abnormal first, then by area, machine and name."""
    heard = await latest_values.select_latest_values(db, scope, device_ids)
    found = [_status(row, now) for row in heard]
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


def _status(heard: Heard, now: datetime) -> DeviceStatus:
    device, received_at, latest = heard
    return DeviceStatus(
        device, state(received_at, device.expected_interval_ms, now), received_at, latest
    )
