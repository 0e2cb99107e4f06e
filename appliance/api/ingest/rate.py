"""How often each device may post."""

from appliance.errors import TooMany
from appliance.model.ids import DeviceId

BURST_SECONDS = 60.0
"""A device that was quiet may post this much in advance: it has a backlog to send."""


class Rate:
    """Lets each device post so many times a minute, in this process (GCRA: one number a device)."""

    def __init__(self, per_minute: int) -> None:
        self._interval = 60.0 / per_minute
        self._free_at: dict[DeviceId, float] = {}

    def take(self, device_id: DeviceId, now: float) -> None:
        """Count a post at `now`, in seconds; TooMany says how long to wait."""
        free_at = max(self._free_at.get(device_id, 0.0), now)
        wait = free_at - now - BURST_SECONDS + self._interval
        if wait > 0:
            raise TooMany(
                "This device posts too often; it may send larger batches instead.",
                retry_after_seconds=int(wait) + 1,
            )
        self._free_at[device_id] = free_at + self._interval
